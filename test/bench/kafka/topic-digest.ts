import { createHash, type Hash } from 'node:crypto'
import { type Kafka, RecordWalk, Rows } from '@weir/kafka'

const MIB = 1024 * 1024
const LENGTHS = 8

/** What stands in a topic, as a read_committed reader sees it: a digest over each partition's keys and values in order. */
export interface TopicDigest {
  readonly records: number
  readonly partitions: readonly string[]
}

export async function digestOf(kafka: Kafka, topic: string, partitions: number): Promise<TopicDigest> {
  const at = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const ends = await kafka.endOffsets(at, 'stable')
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: 50,
    maxPartitionBytes: 4 * MIB,
    maxBytes: 16 * MIB,
    readAheadBytes: 16 * MIB,
  })
  const hashes = at.map(() => createHash('sha1'))
  const left = new Set(ends.flatMap((end, partition) => (end > 0 ? [partition] : [])))
  const rows = new Rows(10_000)
  let records = 0
  for (const partition of left) fetcher.assign(partition, 0)
  while (left.size > 0) {
    for (const part of await fetcher.poll(1_000)) {
      const walk = new RecordWalk(part)
      while (!walk.done) {
        rows.clear()
        walk.fill(rows, rows.capacity)
        records += rows.count
        for (let row = 0; row < rows.count; row++) update(hashes[part.partition] as Hash, rows, row)
      }
      if (walk.position >= (ends[part.partition] as number)) left.delete(part.partition)
    }
  }
  await fetcher.close()
  return { records, partitions: hashes.map((hash) => hash.digest('hex')) }
}

function update(hash: Hash, rows: Rows, row: number): void {
  const source = rows.source[row] as Buffer
  const [keyStart, keyEnd] = [rows.keyStart[row] as number, rows.keyEnd[row] as number]
  const [valueStart, valueEnd] = [rows.valueStart[row] as number, rows.valueEnd[row] as number]
  const lengths = Buffer.alloc(LENGTHS)
  lengths.writeInt32BE(keyStart < 0 ? -1 : keyEnd - keyStart)
  lengths.writeInt32BE(valueStart < 0 ? -1 : valueEnd - valueStart, 4)
  hash.update(lengths)
  if (keyStart >= 0) hash.update(source.subarray(keyStart, keyEnd))
  if (valueStart >= 0) hash.update(source.subarray(valueStart, valueEnd))
}
