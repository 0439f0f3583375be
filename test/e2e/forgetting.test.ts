import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ConsentState,
  decodeForgotten,
  decodeLedger,
  decodeStateRecord,
  type ErasureStep,
  type SubjectRef,
} from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import { KeyRing, purposeKeys, subjectPseudonym } from '@weir/pseudonym'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ForeignRecord } from '../support/foreign/foreign.ts'
import { LedgerWriter, newRef } from '../support/ledger.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'

const PURPOSES = ['personalization', 'analytics', 'marketing'] as const
const QUICKLY_COMPACTED = { 'segment.ms': '500', 'max.compaction.lag.ms': '500', 'file.delete.delay.ms': '100' }
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** Clean topics have as many, and so have their forget topics. */
const RAW_PARTITIONS = 2

describe('who is to be forgotten', () => {
  const weir = sharedWeir({}, ['projector', 'consent'])
  const erasures: string[] = []
  let ledger: LedgerWriter

  beforeAll(async () => {
    ledger = await LedgerWriter.open(weir())
  })
  afterAll(() => ledger?.close())

  it('is told to each purpose alone, once for all, although a forgetter was killed while orders waited', async () => {
    await forgetter('first', { WEIR_FORGET_SPREAD_MS: String(HOUR_MS) }).ready()
    await raw('of before the erasure')
    const [withdrawn, objected, expired, stays] = [newRef(), newRef(), newRef(), newRef()]
    for (const ref of [withdrawn, objected, stays]) await ledger.decide(ref, 'grant', { purposes: PURPOSES })
    await ledger.decide(expired, 'grant', { untilMs: [Date.now() + 2_000] })
    for (const purposes of [PURPOSES, ['analytics']] as const) {
      await weir().decide({ subject: 'many-purposes', kind: 'grant', purposes })
    }
    await ledger.decide(withdrawn, 'withdraw', { purposes: ['marketing'] })
    await ledger.decide(objected, 'object', { purposes: ['personalization', 'analytics'] })
    erasures.push(await erase('many-purposes'), await erase('never-seen'))
    // All that ended: one withdrawn, two objected to, one expired, three erased.
    await until('all orders wait', async () => (await waiting('first')) === 7)
    const ended = endedPseudonyms(await weir().dump('consent.state'))
    // Not before: what compaction is to take away was to be seen. Beside what follows, since the cleaner rests for 15 s.
    await settings('consent.state', QUICKLY_COMPACTED)
    await weir().service('first').stop('SIGKILL')

    await Promise.all(['second', 'third'].map((name) => forgetter(name, { WEIR_SLOT: name }).ready()))
    for (const id of erasures) await until('forgotten', () => hasStep(id, 'forgotten'))
    const told = await until('all are told', async () => {
      const records = await weir().dump(...PURPOSES.map((purpose) => `clickstream.${purpose}.forget`))
      return records.length >= 7 ? records : null
    })
    for (const purpose of PURPOSES) {
      const records = told.filter(({ topic }) => topic === weir().topic(`clickstream.${purpose}.forget`))
      expect(pseudonymsOf(records)).toEqual(ended.get(purpose)?.sort())
      expect(records.map(shape)).toEqual(records.map(() => asTold))
    }
    expect([...ended.values()].flat()).toHaveLength(7)
  }, 60_000)

  it('comes to an erasure’s end step by step, each once, and not before raw events of before are gone', async () => {
    for (const id of erasures) await until('salts gone', () => hasStep(id, 'saltsGone'), 40_000)
    for (const topic of ['clickstream.raw', 'clickstream.quarantine', 'weir.audit', 'consent.forget']) {
      await settings(topic, { 'retention.ms': '200', 'segment.ms': '100', 'file.delete.delay.ms': '100' })
    }
    // Now only what is in the topics keeps it: times have passed.
    const looked = await looks()
    await until('looked at again', async () => (await looks()).every((count, i) => count > (looked[i] ?? 0) + 5))
    for (const id of erasures) expect((await receipt(id))['status']).toBe('saltsGone')
    await retentionPasses(['clickstream.raw', 'consent.forget'])
    for (const id of erasures) await until('completed', () => hasStep(id, 'completed'))

    const [one = ''] = erasures
    expect(await receipt(one)).toMatchObject({
      decisionId: one,
      status: 'completed',
      steps: [{ step: 'forgotten' }, { step: 'saltsGone' }, { step: 'completed' }],
      remains: [{ what: 'proof', until: null }, { what: 'published' }],
    })
    const steps = ledgerSteps(await weir().dump('consent.decisions'))
    const wanted = erasures.flatMap((id) => ['forgotten', 'saltsGone', 'completed'].map((step) => `${id} ${step}`))
    expect(steps.map(({ erasureId, step }) => `${erasureId} ${step}`).sort()).toEqual(wanted.sort())
  }, 90_000)

  it('leaves no receipt where a decision is no erasure', async () => {
    const { id } = await weir().decide({ subject: 'someone', kind: 'withdraw', purposes: ['analytics'] })
    expect((await weir().ask('GET', `/v1/erasures/${id}`)).status).toBe(404)
    expect((await weir().ask('GET', '/v1/erasures/no-id')).status).toBe(404)
  })

  function forgetter(name: string, env: Readonly<Record<string, string>>) {
    const quick = { WEIR_FORGET_SPREAD_MS: '500', WEIR_ERASURE_CHECK_MS: '200', WEIR_REDIS_DUMPS_KEPT_MS: '1' }
    return weir().start('forgetter', name, { ...quick, ...env })
  }

  async function raw(value: string): Promise<void> {
    const appender = await (await weir().kafka()).appender()
    await appender.append(weir().topic('clickstream.raw'), [{ key: null, value: Buffer.from(value), partition: 0 }])
    await appender.close()
  }

  async function erase(id: string): Promise<string> {
    const body = { subject: { kind: 'user', id } }
    const made = await until('taken', () => weir().api('POST', '/v1/erasures', body))
    return String(made['decisionId'])
  }

  function receipt(id: string): Promise<Record<string, unknown>> {
    return weir().api('GET', `/v1/erasures/${id}`)
  }

  async function hasStep(id: string, step: ErasureStep['step']): Promise<boolean> {
    const { steps } = await receipt(id)
    return (steps as { step: string }[]).some((one) => one.step === step)
  }

  async function waiting(name: string): Promise<number> {
    const page = await weir().service(name).metrics()
    return Number(/^weir_forgetter_waiting_orders(?:\{[^}]*\})? (\d+)/m.exec(page)?.[1])
  }

  /** How often each forgetter has looked at its open erasures. */
  function looks(): Promise<number[]> {
    return Promise.all(
      ['second', 'third'].map(async (name) => {
        const page = await weir().service(name).metrics()
        return Number(/^weir_forgetter_erasure_checks_total(?:\{[^}]*\})? (\d+)/m.exec(page)?.[1])
      }),
    )
  }

  async function settings(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    const topic = weir().topic(name)
    const kafka = await weir().kafka()
    const [info] = await kafka.topics([topic])
    await kafka.admin.ensureTopics([{ topic, partitions: info?.partitions ?? 0, config }])
  }

  /** As the broker does within minutes. */
  async function retentionPasses(names: readonly string[]): Promise<void> {
    const kafka = await weir().kafka()
    const infos = await kafka.topics(names.map((name) => weir().topic(name)))
    const places = infos.flatMap(({ topic, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
    )
    const ends = await kafka.endOffsets(places, 'high-watermark')
    await kafka.admin.deleteRecords(places.map((place, i) => ({ ...place, offset: ends[i] ?? 0 })))
  }

  /** By purpose, the pseudonyms of grants whose salt a later state does not have any more. */
  function endedPseudonyms(states: readonly ForeignRecord[]): Map<string, string[]> {
    const keys = purposeKeys(new KeyRing([[1, readFileSync(join(weir().folder, 'root.key'))]], 1))
    const ended = new Map<string, string[]>()
    const last = new Map<string, ConsentState>()
    for (const { key, value } of [...states].sort((a, b) => a.offset - b.offset)) {
      const record = decodeStateRecord(value ?? Buffer.alloc(0))
      if (record.kind === 'tick' || key === null) continue
      const ref = key.toString('hex') as SubjectRef
      for (const [purpose, { salt, epoch }] of Object.entries(last.get(ref)?.purposes ?? {})) {
        if (salt === null || record.state.purposes[purpose]?.salt === salt) continue
        const pseudonym = subjectPseudonym(keys.grantKey(purpose, epoch, salt), key)
        ended.set(purpose, [...(ended.get(purpose) ?? []), pseudonym])
      }
      last.set(ref, record.state)
    }
    return ended
  }
})

/** Once each: a forgetter that was killed may have written one twice, which compaction takes away. */
function pseudonymsOf(records: readonly ForeignRecord[]): string[] {
  return [...new Set(records.map(({ key }) => String(key)))].sort()
}

const asTold = { hasHeaders: false, isDay: true, isOwnPartition: true, saysDay: true }

/** Nothing but the pseudonym and a day, in the partition of the key. */
function shape({ key, value, headers, timestamp, partition }: ForeignRecord): typeof asTold {
  return {
    hasHeaders: headers.length > 0,
    isDay: timestamp % DAY_MS === 0,
    isOwnPartition: partition === partitionOf(key ?? Buffer.alloc(0), RAW_PARTITIONS),
    saysDay: decodeForgotten(value ?? Buffer.alloc(0)).day === timestamp / DAY_MS,
  }
}

function ledgerSteps(records: readonly ForeignRecord[]): ErasureStep[] {
  return records.flatMap(({ value }) => {
    const record = decodeLedger(value ?? Buffer.alloc(0))
    return record.kind === 'step' ? [record.step] : []
  })
}
