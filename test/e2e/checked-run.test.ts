import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectEvidence } from '@weir/infra/demo/collect-evidence.ts'
import { bytesOf, haystacksOf } from '@weir/infra/demo/haystacks.ts'
import type { JudgeOrder } from '@weir/infra/demo/judge.ts'
import type { TopicPartition } from '@weir/kafka'
import { beforeAll, describe, expect, it } from 'vitest'
import { withFirstLeaf } from '../chaos/plant.ts'
import { check, violations } from '../check/check.ts'
import { readContract } from '../check/contract-files.ts'
import type { DumpedRecord, Evidence, JournalEntry } from '../check/evidence.ts'
import { personalValues } from '../check/personal-values.ts'
import { readRawRows } from '../check/raw-rows.ts'
import { searchPersonal } from '../check/search-personal.ts'
import { produce, type RecordToProduce } from '../support/foreign/foreign.ts'
import { sharedWeir } from '../support/shared-weir.ts'
import { until } from '../support/until.ts'
import type { RawRecord } from '../workload/planted.ts'
import type { Shopper } from '../workload/shoppers.ts'
import { planStream, rawRecord } from '../workload/stream.ts'
import { eventEncoder } from '../workload/wire.ts'

const STREAM = 'clickstream'
const PURPOSES = ['personalization', 'analytics', 'marketing']
const EVENTS = 1_500
/** So many are published and decided before the withdrawal; the last are published when it is effective. */
const FIRST = 600
const LAST = 600
const STEP = 10
const PERSONALIZATION = 'clickstream.personalization'

/** A run of seeded shoppers, read by Kafka's own client and judged by a checker that uses none of libs/. */
describe('a run judged record by record', () => {
  const weir = sharedWeir({ rawPartitions: 2 })
  let evidence: Evidence
  let order: JudgeOrder
  const journal: JournalEntry[] = []
  /** Of raw, just before the withdrawal was sent. */
  let endAtRequest: number[] = []

  beforeAll(async () => {
    const plan = planStream({ seed: 7, events: EVENTS, purposes: PURPOSES, queries: [] })
    const decide = async (
      subjectId: string,
      action: 'grant' | 'withdraw',
      purposes: readonly string[],
      answered?: () => Promise<unknown>,
    ) => {
      const committedBefore = await committed()
      const { id } = await weir().decide({ subject: subjectId, kind: action, purposes })
      await answered?.()
      const endAfter = await rawEnds()
      const entry = { kind: 'user', subjectId, decisionId: id, action, purposes, committedBefore, endAfter } as const
      journal.push({ ...entry, effectiveMs: 0 })
    }
    const deciders = plan.shoppers.all.filter(({ consent }) => consent !== 'none').slice(0, 60)
    await Promise.all(deciders.map(({ subjectId, purposes }) => decide(subjectId, 'grant', purposes)))

    const contract = readContract(weir().contracts, STREAM)
    const paths = { subject: contract.subject.split('.'), eventTime: contract.eventTime.split('.') }
    const { schema, id } = await weir().registered('clickstream.raw')
    const encoder = eventEncoder(schema, id)
    const records = [...plan.records()].map((planned) => rawRecord(planned, Date.now(), paths, encoder))
    await weir().publish(records.slice(0, FIRST))
    await weir().drained()

    const leaver = plan.shoppers.find('leaves') as Shopper
    const asked = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const publishing = produce(weir().stack.KAFKA_BROKERS, flow(records, asked.promise, answered.promise))
    try {
      await until('events flow', async () => total(await rawEnds()) > FIRST)
      endAtRequest = await rawEnds()
      const cameIn = () => until('events came in', async () => total(await rawEnds()) > total(endAtRequest))
      const deciding = decide(leaver.subjectId, 'withdraw', PURPOSES, cameIn)
      asked.resolve()
      await deciding
    } finally {
      asked.resolve()
      answered.resolve()
      await publishing
    }
    await weir().drained()

    order = {
      brokers: weir().stack.KAFKA_BROKERS,
      registryUrl: weir().stack.SCHEMA_REGISTRY_URL,
      redisUrl: weir().stack.REDIS_URL,
      namespace: weir().namespace,
      contractsFolder: weir().contracts,
      stream: STREAM,
      rootKey: readFileSync(join(weir().folder, 'root.key')),
      referenceKey: readFileSync(join(weir().folder, 'reference.key')),
      journal,
      logFiles: weir().logFiles(),
      metrics: await Promise.all([...weir().services.values()].map((service) => service.metrics())),
    }
    evidence = await collectEvidence(order, contract)
  }, 180_000)

  it('has no loss, no repeat, no leak and no disorder', () => {
    const report = check(evidence)
    expect(violations(report)).toEqual([])
    expect(report).toMatchObject({ raw: EVENTS, lost: 0, repeated: 0, leaked: 0, outOfOrder: 0 })
    expect(report.quarantined).toBeGreaterThan(0)
    for (const purpose of PURPOSES) {
      const { granted, stripped, withheld } = report.clean[purpose] as Record<string, number>
      expect(granted).toBeGreaterThan(0)
      expect(Number(granted) + Number(stripped) + Number(withheld) + report.quarantined).toBe(EVENTS)
    }
  })

  it('obeys a withdrawal that is made while events flow, from its answer on', () => {
    const withdrawal = journal.at(-1) as JournalEntry
    // Events came in while it was decided on.
    expect(total(withdrawal.endAfter)).toBeGreaterThan(total(endAtRequest))
    const [report, ...others] = check(evidence).withdrawals
    expect(others).toEqual([])
    expect(report).toMatchObject({ decisionId: withdrawal.decisionId, leakedAfter: 0 })
    expect(report?.grantedBefore).toBeGreaterThanOrEqual(20)
    expect(report?.rawAfter).toBeGreaterThanOrEqual(20)
  })

  it('is noticed when one record was taken out of a clean topic', () => {
    const doctored = withTopic(PERSONALIZATION, (records) => records.toSpliced(granted(records), 1))
    expect(check(doctored)).toMatchObject({ lost: 1, repeated: 0, leaked: 0 })
  })

  it('is noticed when one record was doubled', () => {
    const doctored = withTopic(PERSONALIZATION, (records) => {
      const at = granted(records)
      const record = records[at] as DumpedRecord
      return [...records, { ...record, offset: Number.MAX_SAFE_INTEGER }]
    })
    expect(check(doctored)).toMatchObject({ lost: 0, repeated: 1, leaked: 0 })
  })

  it('is noticed when one leaf was put back', () => {
    const doctored = withTopic(PERSONALIZATION, (records) => {
      const at = records.findIndex(({ key }) => key === null)
      const record = records[at] as DumpedRecord
      return records.with(at, { ...record, value: withFirstLeaf(record.value as Buffer) })
    })
    expect(check(doctored)).toMatchObject({ repeated: 0, leaked: 1 })
  })

  it('shows no personal value outside raw: not in clean or consent topics, Redis, logs, metrics or quarantine headers', async () => {
    const contract = readContract(weir().contracts, STREAM)
    const raw = evidence.topics.get(evidence.topicName(contract.rawTopic)) ?? []
    const { good } = readRawRows(raw, contract, evidence.schemas, evidence.referenceKey)
    const values = personalValues(good, contract)
    const haystacks = await haystacksOf({
      ...order,
      evidence,
      cleanTopics: contract.outputs.map((output) => output.topic),
      quarantineTopic: contract.quarantineTopic,
    })
    const own = { name: 'raw', bytes: raw.flatMap(bytesOf) }
    const search = searchPersonal(values, haystacks, own)
    expect(search.found).toEqual([])
    expect(search.notInRaw).toEqual([])
    expect(search.values).toBeGreaterThan(1_000)
    // The control: a single value smuggled into a log is found.
    const [planted] = good.flatMap(({ event }) => (event['email'] === null ? [] : [event['email'] as string]))
    const smuggled = { name: 'a log', bytes: [Buffer.from(`x${Buffer.from(String(planted)).toString('hex')}x`)] }
    expect(searchPersonal(values, [...haystacks, smuggled], own).found.length).toBeGreaterThan(0)
  })

  /**
   * All but the first events, a few at a time and steadily: the first few at once, most while the withdrawal is asked for,
   * the last of them when it is answered.
   */
  async function* flow(
    records: readonly RawRecord[],
    asked: Promise<void>,
    answered: Promise<void>,
  ): AsyncGenerator<RecordToProduce> {
    const topic = weir().topic('clickstream.raw')
    for (let next = FIRST; next < records.length; next += STEP) {
      if (next === FIRST + STEP) await asked
      if (next === records.length - LAST) await answered
      for (const record of records.slice(next, next + STEP)) yield { topic, ...record }
      await until('they are appended', async () => total(await rawEnds()) >= next + STEP)
    }
  }

  function rawPartitions(): TopicPartition[] {
    return [0, 1].map((partition) => ({ topic: weir().topic('clickstream.raw'), partition }))
  }

  async function rawEnds(): Promise<number[]> {
    return (await weir().kafka()).endOffsets(rawPartitions(), 'high-watermark')
  }

  async function committed(): Promise<number[]> {
    const group = weir().topic('sanitizer.clickstream')
    const offsets = await (await weir().kafka()).committedOffsets(group, rawPartitions())
    return offsets.map((offset) => Math.max(0, offset))
  }

  function withTopic(name: string, change: (records: readonly DumpedRecord[]) => readonly DumpedRecord[]): Evidence {
    const topics = new Map(evidence.topics)
    const topic = evidence.topicName(name)
    topics.set(topic, change(topics.get(topic) ?? []))
    return { ...evidence, topics }
  }
})

function total(offsets: readonly number[]): number {
  return offsets.reduce((sum, offset) => sum + offset, 0)
}

function granted(records: readonly DumpedRecord[]): number {
  return records.findIndex(({ key }) => key !== null)
}
