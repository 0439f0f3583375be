import { type Kafka, RecordWalk, Rows, type TopicPartition } from '@weir/kafka'
import { until } from './until.ts'

export interface SeenRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

/** Everything a reader of this isolation sees of a partition from `from` to its present end, and where it then stands. */
export async function readToEnd(
  kafka: Kafka,
  { topic, partition }: TopicPartition,
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
  from = 0,
  maxPartitionBytes = 1_000_000,
): Promise<{ records: SeenRecord[]; position: number }> {
  const fetcher = kafka.fetcher({
    topic,
    isolation,
    maxWaitMs: 50,
    maxBytes: 1_000_000,
    maxPartitionBytes,
    readAheadBytes: 1_000_000,
  })
  try {
    fetcher.assign(partition, from)
    const of = isolation === 'read_committed' ? 'stable' : 'high-watermark'
    // After a broker's restart the first answer is a refusal: the leader epoch has moved.
    const [end = 0] = await until('the end', () => kafka.endOffsets([{ topic, partition }], of))
    const records: SeenRecord[] = []
    let position = from
    let failure: unknown
    await until(`partition ${partition} of ${topic} read to ${end}`, async () => {
      // What the fetcher tells once must not be waited over.
      const some = await fetcher.poll(100).catch((error: unknown) => {
        failure = error
        return []
      })
      for (const fetched of some) {
        const walk = new RecordWalk(fetched)
        const rows = new Rows(10_000)
        while (!walk.done) {
          rows.clear()
          walk.fill(rows, rows.capacity)
          for (let i = 0; i < rows.count; i++) records.push(recordAt(rows, i))
        }
        position = walk.position
      }
      return failure !== undefined || position >= end
    })
    if (failure !== undefined) throw failure
    return { records, position }
  } finally {
    await fetcher.close()
  }
}

function recordAt(rows: Rows, i: number): SeenRecord {
  const text = (start = -1, end = -1) => (start < 0 ? null : (rows.source[i]?.toString('utf8', start, end) ?? null))
  return {
    partition: rows.partition[i] ?? -1,
    offset: rows.offset[i] ?? -1,
    key: text(rows.keyStart[i], rows.keyEnd[i]),
    value: text(rows.valueStart[i], rows.valueEnd[i]),
  }
}
