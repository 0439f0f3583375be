import type { Kafka } from '@weir/kafka'
import { until } from '../support/until.ts'

/** Producer id and epoch of each record's batch, by partition and offset, of what a read_committed reader sees. */
export type Transactions = (partition: number, offset: number) => string

interface Batch {
  readonly first: number
  readonly last: number
  readonly transaction: string
}

export async function readTransactions(kafka: Kafka, topic: string): Promise<Transactions> {
  const [info] = await kafka.topics([topic])
  const partitions = Array.from({ length: info?.partitions ?? 0 }, (_, partition) => ({ topic, partition }))
  const starts = await kafka.endOffsets(partitions, 'earliest')
  const ends = await kafka.endOffsets(partitions, 'stable')
  const sizes = { maxPartitionBytes: 1_000_000, maxBytes: 8_000_000, readAheadBytes: 8_000_000 }
  const fetcher = kafka.fetcher({ topic, isolation: 'read_committed', maxWaitMs: 20, ...sizes })
  const batches = partitions.map((): Batch[] => [])
  const position = [...starts]
  try {
    for (const { partition } of partitions) fetcher.assign(partition, starts[partition] as number)
    await until(`the batches of ${topic}`, async () => {
      for (const { partition, records } of await fetcher.poll(100)) {
        for (const batch of batchesOf(records)) {
          batches[partition]?.push(batch)
          position[partition] = batch.last + 1
        }
      }
      return position.every((at, partition) => at >= (ends[partition] as number))
    })
  } finally {
    await fetcher.close()
  }
  return (partition, offset) => {
    const batch = batches[partition]?.find(({ first, last }) => offset >= first && offset <= last)
    if (batch === undefined) throw new Error(`no batch of ${topic} has offset ${offset} of partition ${partition}`)
    return batch.transaction
  }
}

/** Headers of record batches (magic 2), as Kafka's protocol guide lays them out. */
function* batchesOf(bytes: Buffer): Generator<Batch> {
  for (let at = 0; at + 61 <= bytes.length; at += 12 + bytes.readInt32BE(at + 8)) {
    const first = Number(bytes.readBigInt64BE(at))
    const last = first + bytes.readInt32BE(at + 23)
    yield { first, last, transaction: `${bytes.readBigInt64BE(at + 43)}:${bytes.readInt16BE(at + 51)}` }
  }
}
