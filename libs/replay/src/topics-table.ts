import { setTimeout as sleep } from 'node:timers/promises'
import { type Kafka, KafkaError, RecordWalk, Rows } from '@weir/kafka'
import {
  type Alias,
  aliasKey,
  decodeTopicsRecord,
  encodeTopicsRecord,
  type PlanStatus,
  TOPICS_TOPIC,
  type TopicsRecord,
  topicsKey,
} from './topics-record.ts'

/** What holds in `weir.topics`. */
export interface TopicsTable {
  /** By plan id. */
  readonly plans: ReadonlyMap<string, PlanStatus>
  /** By `<stream>.<purpose>`; without an entry the topic of the contract is the current one. */
  readonly aliases: ReadonlyMap<string, Alias>
}

const POLL_MS = 250
/** A closed client answers at once, with nothing. */
const BREATH_MS = 50
/** A few records: when they don't come in this time the broker is away. */
const READ_WITHIN_MS = 30_000
const MAX_BYTES = 1024 * 1024

/**
 * Reads `weir.topics` to its present end. A cluster that has none yet has an empty one.
 * @throws KafkaError (also when it takes longer than 30 s), TopicsRecordError, the signal's reason once it aborts
 */
export async function readTopics(
  kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'fetcher'>,
  namespace: string,
  signal?: AbortSignal,
): Promise<TopicsTable> {
  const plans = new Map<string, PlanStatus>()
  const aliases = new Map<string, Alias>()
  const topic = namespace + TOPICS_TOPIC
  if ((await kafka.topics([topic])).length === 0) return { plans, aliases }
  const first = { topic, partition: 0 }
  const [start = 0] = await kafka.endOffsets([first], 'earliest')
  const [end = 0] = await kafka.endOffsets([first], 'stable')
  const take = (record: TopicsRecord) => {
    if (record.kind === 'plan') plans.set(record.plan.planId, record.plan)
    else aliases.set(aliasKey(record.alias), record.alias)
  }
  if (start < end) await readRange(kafka, topic, start, end, take, signal)
  return { plans, aliases }
}

/** Writes one record. It replaces what its key had before. */
export async function writeTopicsRecord(
  kafka: Pick<Kafka, 'appender'>,
  namespace: string,
  record: TopicsRecord,
): Promise<void> {
  const appender = await kafka.appender()
  try {
    const written = { key: topicsKey(record), value: encodeTopicsRecord(record), partition: 0 }
    await appender.append(namespace + TOPICS_TOPIC, [written])
  } finally {
    await appender.close()
  }
}

async function readRange(
  kafka: Pick<Kafka, 'fetcher'>,
  topic: string,
  start: number,
  end: number,
  take: (record: TopicsRecord) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: POLL_MS,
    maxBytes: MAX_BYTES,
    maxPartitionBytes: MAX_BYTES,
    readAheadBytes: MAX_BYTES,
  })
  try {
    fetcher.assign(0, start)
    const rows = new Rows(1_000)
    let position = start
    const untilMs = performance.now() + READ_WITHIN_MS
    while (position < end) {
      signal?.throwIfAborted()
      if (performance.now() > untilMs)
        throw new KafkaError(`${topic} could not be read within ${READ_WITHIN_MS} ms`, true)
      const some = await fetcher.poll(POLL_MS)
      if (some.length === 0) await sleep(BREATH_MS)
      for (const fetched of some) {
        const walk = new RecordWalk(fetched)
        while (!walk.done) {
          rows.clear()
          walk.fill(rows, rows.capacity)
          for (let row = 0; row < rows.count; row++) takeRow(rows, row, take)
        }
        position = walk.position
      }
    }
  } finally {
    await fetcher.close()
  }
}

function takeRow(rows: Rows, row: number, take: (record: TopicsRecord) => void): void {
  const start = rows.valueStart[row] ?? -1
  // A key whose record was deleted: nobody does, and it says nothing.
  if (start >= 0) take(decodeTopicsRecord((rows.source[row] as Buffer).subarray(start, rows.valueEnd[row])))
}
