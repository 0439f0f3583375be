import type { SeenRecord } from './seen.ts'

/** Copies of what was seen, each as it would be if one defence were missing. */

/** Records of a transaction and partition lie in the order of `placeOf`, such as that of raw. */
export function laidInOrder(records: readonly SeenRecord[], placeOf: (record: SeenRecord) => number): SeenRecord[] {
  const batches = Map.groupBy(records, ({ partition, transaction }) => `${partition} ${transaction}`)
  return [...batches.values()].flatMap((batch) => {
    const offsets = batch.map(({ offset }) => offset).sort((one, other) => one - other)
    const inOrder = [...batch].sort((one, other) => placeOf(one) - placeOf(other))
    return inOrder.map((record, at) => ({ ...record, offset: offsets[at] as number }))
  })
}

export function withTimes(records: readonly SeenRecord[], timeOf: (record: SeenRecord) => number): SeenRecord[] {
  return records.map((record) => ({ ...record, timestampMs: timeOf(record) }))
}

export function inPartitions(
  records: readonly SeenRecord[],
  partitionOf: (record: SeenRecord) => number,
): SeenRecord[] {
  return records.map((record) => ({ ...record, partition: partitionOf(record) }))
}

export function withHeader(records: readonly SeenRecord[], headerOf: (record: SeenRecord) => string): SeenRecord[] {
  return records.map((record) => ({ ...record, headers: [...record.headers, headerOf(record)] }))
}

export function inTransactions(
  records: readonly SeenRecord[],
  transactionOf: (record: SeenRecord) => string,
): SeenRecord[] {
  return records.map((record) => ({ ...record, transaction: transactionOf(record) }))
}
