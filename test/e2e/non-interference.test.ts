import { beforeAll, describe, expect, it } from 'vitest'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import type { RawRecord } from '../support/weir.ts'

const EVENT_ID = '5c0a0f9e-0000-4000-8000-000000000001'

/** Two events that are equal in what passes and what decides, and differ in everything else. */
const LOUD = {
  anonymousId: 'anon-1',
  page: {
    url: 'https://shop.example/c/shoes/p/1?token=1234567890',
    path: '/c/shoes/p/1',
    referrer: 'https://elsewhere.example/a/very/long/way',
    title: 'A long title that says a lot',
  },
  device: { userAgent: 'one browser with a long name', ip: '203.0.113.1', language: 'de-DE', viewport: '800x600' },
  searchQuery: 'a question that no list has',
  email: 'loud@mail.example',
  phone: '+49 40 1234567',
  experiments: { 'exp-1': 'variant', 'exp-2': 'control' },
}
const QUIET = {
  anonymousId: null,
  page: { url: '', path: '/c/hats/p/2', referrer: null, title: null },
  device: { userAgent: '', ip: '', language: '', viewport: null },
  searchQuery: null,
  email: null,
  phone: null,
  experiments: {},
}

const RAW_TOTAL = 'weir_sanitizer_raw_total'
const MEASURES_TIME = /^\w+_seconds(_bucket|_sum)?[{ ]/
const DISTURBED = /^weir_(sanitizer_held_total|ready|sanitizer_chunks_total\{outcome="(?!committed))/

/** What came to the log, without times, and by how much each sample of the metrics changed. */
interface Added {
  readonly log: readonly Readonly<Record<string, unknown>>[]
  readonly metrics: Readonly<Record<string, number>>
}

describe('promise 2: non-interference', () => {
  const weir = sharedWeir({ rawPartitions: 1 }, ['projector', 'consent'])

  beforeAll(async () => {
    // It says everything that it can say.
    await weir().start('sanitizer', 'sanitizer', { WEIR_LOG_LEVEL: 'trace' }).ready()
    const purposes = ['personalization', 'analytics', 'marketing']
    await weir().decide({ subject: 'granted', kind: 'grant', purposes })
  })

  it.each([
    ['with a grant', 'granted'],
    ['without one', 'stripped'],
  ])('gives byte-identical records for events that differ only in what is withheld, %s', async (_words, subject) => {
    const same = { eventId: EVENT_ID, occurredAt: Date.now() }
    const seen = new Map<string, number>()
    const topics = ['personalization', 'analytics', 'marketing'].map((purpose) => `clickstream.${purpose}`)
    const before = (await weir().dump(...topics)).length
    await weir().publish([{ key: subject, value: weir().event(subject, { ...same, ...LOUD }) }])
    await weir().drained()
    await weir().publish([{ key: subject, value: weir().event(subject, { ...same, ...QUIET }) }])
    await weir().drained()

    const records = await weir().dump(...topics)
    for (const record of records) {
      const { topic, key, value, headers, timestamp } = record
      const form = JSON.stringify([topic, key?.toString('hex'), value?.toString('hex'), headers, timestamp])
      seen.set(form, (seen.get(form) ?? 0) + 1)
    }
    expect(records.length - before).toBe(subject === 'granted' ? 6 : 4)
    // Every record has its twin: the same topic, key, value, headers and timestamp.
    expect([...seen.values()].every((count) => count % 2 === 0)).toBe(true)
    expect(records.every((record) => record.headers.length === 0)).toBe(true)
  })

  it.each([
    ['with a grant', 'granted'],
    ['without one', 'stripped'],
  ])('logs and counts the two alike, %s', async (_words, subject) => {
    const same = { eventId: EVENT_ID, occurredAt: Date.now() }
    const loud = await undisturbed(subject, { ...same, ...LOUD })
    const quiet = await undisturbed(subject, { ...same, ...QUIET })
    expect(quiet).toEqual(loud)
    expect(loud.metrics).toMatchObject({
      weir_sanitizer_raw_total: 1,
      'weir_sanitizer_chunks_total{outcome="committed"}': 1,
    })
    const log = weir().log('sanitizer')
    expect(log).toContain('assigned')
    for (const value of ['loud@mail.example', '1234567', 'anon-1', EVENT_ID]) expect(log).not.toContain(value)
    expect(await weir().service('sanitizer').metrics()).not.toContain('loud')
  })

  it('shows nothing of a bad record in quarantine but where it lay and why', async () => {
    const rows: [string, Buffer][] = [
      ['x', weir().event('x', { email: 'short@mail.example' }).subarray(0, 60)],
      ['x', Buffer.concat([weir().event('x', { email: 'a-much-longer-address@mail.example' }), Buffer.alloc(20)])],
    ]
    await weir().publish(rows.map(([key, value]) => ({ key, value })))
    await weir().drained()
    const bad = await weir().dump('clickstream.quarantine')
    expect(bad).toHaveLength(2)
    expect(new Set(bad.map(({ value }) => value?.length)).size).toBe(1)
    expect(bad.map(({ key }) => key)).toEqual([null, null])
    for (const { headers } of bad) {
      expect(headers.map(([name]) => name)).toEqual([
        '__connect.errors.topic',
        '__connect.errors.partition',
        '__connect.errors.offset',
        '__connect.errors.stage',
        '__connect.errors.exception.class.name',
        '__connect.errors.exception.message',
      ])
      expect(JSON.stringify(headers.map(([, value]) => value?.toString()))).not.toContain('mail.example')
    }
  })

  /** What one event adds to log and counters, in an attempt into which nothing of the world outside fell. */
  async function undisturbed(subject: string, leaves: Record<string, unknown>): Promise<Added> {
    return until('an undisturbed attempt', async () => {
      const added = await addedBy({ key: subject, value: weir().event(subject, leaves) })
      // Consent was not fresh for a moment, say: that an attempt was made twice tells nothing of the event.
      const held = Object.keys(added.metrics).some((sample) => DISTURBED.test(sample))
      return held || added.log.some(({ event }) => event === 'not-ready') ? null : added
    })
  }

  async function addedBy(record: RawRecord): Promise<Added> {
    const [logBefore, before] = [logLines(), await samples()]
    await weir().publish([record])
    const after = await until('it is committed and counted', async () => {
      const now = await samples()
      return (now.get(RAW_TOTAL) ?? 0) > (before.get(RAW_TOTAL) ?? 0) ? now : null
    })
    const changed = [...after].filter(([sample, value]) => value !== before.get(sample))
    return {
      log: logLines().slice(logBefore.length).map(withoutTime),
      metrics: Object.fromEntries(changed.map(([sample, value]) => [sample, value - (before.get(sample) ?? 0)])),
    }
  }

  function logLines(): string[] {
    return weir().log('sanitizer').trim().split('\n')
  }

  /** The samples of Weir's own metrics but those that measure time. */
  async function samples(): Promise<Map<string, number>> {
    const page = await weir().service('sanitizer').metrics()
    const lines = page.split('\n').filter((line) => line.startsWith('weir_') && !MEASURES_TIME.test(line))
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    )
  }
})

function withoutTime(line: string): Record<string, unknown> {
  const { time: _time, ...rest } = JSON.parse(line) as Record<string, unknown>
  return rest
}
