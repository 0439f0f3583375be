import { decodeStateRecord, type SubjectRef } from '@weir/consent'
import { rowsOf } from '@weir/consent-view'
import { type Kafka, KafkaError } from '@weir/kafka'

const POLL_MS = 500
/** Without a record for this long the reading is given up, since a turn of the group waits for it. */
const MAX_IDLE_POLLS = 20

/**
 * For each ref the lowest ledger position that anything of it in this partition of `consent.state` goes back to; absent
 * when there is none. Aborted records count: they hold salts too, and lie in the log until it is compacted.
 *
 * @throws KafkaError, also when the broker brings nothing for ten seconds
 */
export async function lowestPositions(
  kafka: Pick<Kafka, 'endOffsets' | 'fetcher'>,
  topic: string,
  partition: number,
  refs: ReadonlySet<SubjectRef>,
  signal: AbortSignal,
): Promise<Map<SubjectRef, number>> {
  const places = [{ topic, partition }]
  const [[start = 0], [end = 0]] = await Promise.all([
    kafka.endOffsets(places, 'earliest'),
    kafka.endOffsets(places, 'high-watermark'),
  ])
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_uncommitted',
    maxWaitMs: 100,
    maxPartitionBytes: 1 << 20,
    maxBytes: 1 << 20,
    readAheadBytes: 2 << 20,
  })
  const lowest = new Map<SubjectRef, number>()
  try {
    fetcher.assign(partition, start)
    let idle = 0
    for (let position = start; position < end; ) {
      signal.throwIfAborted()
      const before = position
      for (const fetched of await fetcher.poll(POLL_MS)) {
        const { rows, next } = rowsOf(fetched)
        position = Math.max(position, next)
        for (const { key, value } of rows) {
          const ref = (key?.toString('hex') ?? '') as SubjectRef
          if (value === null || !refs.has(ref)) continue
          lowest.set(ref, Math.min(lowest.get(ref) ?? Number.POSITIVE_INFINITY, goesBackTo(value)))
        }
      }
      idle = position > before ? 0 : idle + 1
      if (idle === MAX_IDLE_POLLS) {
        throw new KafkaError(`partition ${partition} of ${topic} can’t be read to its end for now`, true)
      }
    }
    return lowest
  } finally {
    await fetcher.close()
  }
}

/** A grant that no erasure has ended keeps its salt in states of later positions, too. -1: what can't be read. */
function goesBackTo(value: Buffer): number {
  try {
    const record = decodeStateRecord(value)
    if (record.kind !== 'state') return -1
    const { position, purposes } = record.state
    const granted = Object.values(purposes).filter(({ salt }) => salt !== null)
    return Math.min(position, ...granted.map(({ ledgerOffset }) => ledgerOffset + 1))
  } catch {
    return -1
  }
}

/** Whether none of these topics holds anything from before a time; one that can't be looked at may. Needs no leave to read them. */
export async function isEmptyBefore(
  kafka: Pick<Kafka, 'endOffsets' | 'offsetsForTimes' | 'topics'>,
  topics: readonly string[],
  timeMs: number,
): Promise<boolean> {
  const infos = await kafka.topics(topics)
  const found = new Set(infos.map(({ topic }) => topic))
  if (!topics.every((topic) => found.has(topic))) return false
  const places = infos.flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
  const [starts, ends, firsts] = await Promise.all([
    kafka.endOffsets(places, 'earliest'),
    kafka.endOffsets(places, 'high-watermark'),
    kafka.offsetsForTimes(places.map((place) => ({ ...place, timeMs }))),
  ])
  return places.every((_, i) => (starts[i] ?? 0) >= (firsts[i] ?? ends[i] ?? Number.POSITIVE_INFINITY))
}
