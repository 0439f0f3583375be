/**
 * The transactional copy by our own client: fetched batches walked as bytes, records written straight into the batches
 * that go out, one transaction a chunk, the next chunk gathered while the last one commits. Arguments: brokers, group
 * (its transactional id too), source topic, target topic. Runs until it is killed.
 */
import {
  BatchBuilder,
  connectKafka,
  type FetchedPartition,
  type FinishedBatch,
  type Member,
  RecordWalk,
  Rows,
  type TopicPosition,
  type TransactionalProducer,
} from '@weir/kafka'

const CHUNK_RECORDS = 8_000
const MIB = 1024 * 1024

const [brokers = '', group = '', source = '', target = ''] = process.argv.slice(2)

const kafka = await connectKafka({ brokers: brokers.split(','), clientId: 'weir-copy' })
const producer = kafka.transactionalProducer({ transactionalId: group, transactionTimeoutMs: 5_000 })
await producer.init()
const fetcher = kafka.fetcher({
  topic: source,
  isolation: 'read_committed',
  maxWaitMs: 50,
  maxPartitionBytes: MIB,
  maxBytes: 4 * MIB,
  readAheadBytes: 4 * MIB,
})
const leave = async () => undefined
const member = await kafka.join({
  groupId: group,
  topic: source,
  rebalanceTimeoutMs: 10_000,
  onAssigned: async (partitions) => {
    const committed = await kafka.committedOffsets(
      group,
      partitions.map((partition) => ({ topic: source, partition })),
    )
    for (const [i, partition] of partitions.entries()) fetcher.assign(partition, Math.max(0, committed[i] ?? 0))
  },
  onRevoked: leave,
  onLost: leave,
})

let committing = Promise.resolve()
for (;;) {
  const fetched = await gathered()
  if (fetched.length === 0) continue
  const { batches, offsets } = copied(fetched)
  if (offsets.length === 0) continue
  await committing
  committing = commit(producer, member, batches, offsets)
}

/** What one poll brings: whatever was read ahead. */
function gathered(): Promise<FetchedPartition[]> {
  return fetcher.poll(100)
}

function copied(fetched: readonly FetchedPartition[]): { batches: FinishedBatch[]; offsets: TopicPosition[] } {
  const batches: FinishedBatch[] = []
  const offsets: TopicPosition[] = []
  const rows = new Rows(CHUNK_RECORDS)
  for (const part of fetched) {
    const walk = new RecordWalk(part)
    const builder = new BatchBuilder(target, part.partition)
    while (!walk.done) {
      rows.clear()
      walk.fill(rows, CHUNK_RECORDS)
      for (let row = 0; row < rows.count; row++) append(builder, rows, row)
    }
    batches.push(...builder.finish())
    if (walk.position > part.fetchOffset) {
      offsets.push({ topic: source, partition: part.partition, offset: walk.position })
    }
  }
  return { batches, offsets }
}

function append(builder: BatchBuilder, rows: Rows, row: number): void {
  const bytes = rows.source[row] as Buffer
  const keyStart = rows.keyStart[row] as number
  const valueStart = rows.valueStart[row] as number
  const key = keyStart < 0 ? null : bytes.subarray(keyStart, rows.keyEnd[row])
  if (valueStart < 0) {
    builder.append(rows.timestampMs[row] as number, key, null)
    return
  }
  const valueEnd = rows.valueEnd[row] as number
  builder.open(rows.timestampMs[row] as number, key)
  builder.room(valueEnd - valueStart)
  builder.at += bytes.copy(builder.bytes, builder.at, valueStart, valueEnd)
  builder.close()
}

async function commit(
  by: TransactionalProducer,
  as: Member,
  batches: readonly FinishedBatch[],
  offsets: readonly TopicPosition[],
): Promise<void> {
  const transaction = await by.begin(as, offsets)
  await transaction.produce(batches)
  await transaction.commit()
}
