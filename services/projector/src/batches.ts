import { BatchBuilder, type FinishedBatch } from '@weir/kafka'

export interface OutputRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer
}

/** Records as finished batches, in their order within each partition. */
export function finishedBatches(records: readonly OutputRecord[], nowMs: number): FinishedBatch[] {
  const builders = new Map<string, BatchBuilder>()
  for (const { topic, partition, key, value } of records) {
    const place = `${topic}/${partition}`
    let builder = builders.get(place)
    if (builder === undefined) {
      builder = new BatchBuilder(topic, partition)
      builders.set(place, builder)
    }
    builder.append(nowMs, key, value)
  }
  return [...builders.values()].flatMap((builder) => builder.finish())
}
