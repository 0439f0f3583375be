import { loadContracts } from '@weir/contracts'
import { describe, expect, it } from 'vitest'
import { CLEAN_FIELDS } from '../check/forms.ts'
import { readRows } from '../check/rows.ts'
import { extraOf, rawEvent, secretOf } from './raw-event.ts'
import { SETTING } from './setting.ts'

const contracts = loadContracts(SETTING.contractFolder)
const [stream] = contracts.streams

describe("the simulator's contract", () => {
  it('is what the setting says', () => {
    expect(stream?.name).toBe(SETTING.stream)
    expect(stream?.rawTopic).toBe(SETTING.rawTopic)
    expect(stream?.quarantineTopic).toBe(SETTING.quarantineTopic)
    const topics = Object.fromEntries(stream?.outputs.map(({ purpose, topic }) => [purpose.name, topic]) ?? [])
    expect(topics).toEqual(SETTING.cleanTopics)
    for (const { purpose, policies } of stream?.outputs ?? []) {
      const notices = SETTING.notices[purpose.name as keyof typeof SETTING.notices]
      expect(policies.map(({ notice }) => notice)).toEqual(notices)
    }
    expect(contracts.purposes.find(({ name }) => name === 'ads')?.grantLastsMs).toBe(SETTING.adsLastMs)
  })

  it('has one purpose with two notices and a form for everybody, one that is withheld, and one that needs another', () => {
    const outputs = stream?.outputs.map(({ purpose, policies, otherwise }) => [
      purpose.name,
      policies.length,
      otherwise !== null,
      policies.flatMap(({ needs }) => needs),
    ])
    expect(outputs).toEqual([
      ['ads', 2, true, []],
      ['stats', 1, false, []],
      ['offers', 1, false, ['ads']],
    ])
  })

  it('gives the clean schemas that the checks have by heart', () => {
    for (const { purpose, cleanSchema } of stream?.outputs ?? []) {
      const fields = CLEAN_FIELDS[purpose.name as keyof typeof CLEAN_FIELDS]
      expect(cleanSchema).toMatchObject({ fields: fields.map((name) => ({ name })) })
    }
  })
})

describe('raw events', () => {
  const step = { do: 'event', row: 7, user: 1, device: 0, ageMs: 50 } as const
  const recordOf = (bad: boolean) => {
    const { partition, key, value } = rawEvent({ ...step, bad }, 10_000)
    const when = { timestampMs: 10_002, committedAtMs: 10_002, visibleAtMs: 10_003 }
    return { partition, key, value, offset: 0, headers: {}, ...when }
  }

  it('come back as they were sent', () => {
    const { good, bad } = readRows([recordOf(false)])
    expect(bad).toEqual([])
    expect(good).toMatchObject([
      { row: 7, partition: 1, appendedAtMs: 10_002, eventTimeMs: 9_950, secret: secretOf(7), extra: extraOf(7) },
    ])
  })

  it('can not be read when they are bad', () => {
    expect(readRows([recordOf(true)])).toMatchObject({ good: [], bad: [{ partition: 1 }] })
  })
})
