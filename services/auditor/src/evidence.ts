/**
 * What an audit judges by. The reader fills it from a live system, tests by hand; the judging knows nothing else, and
 * nothing of it comes out of Weir's own libraries.
 */
export interface Evidence {
  readonly audit: TopicLog
  /** By partition of the audit topic: records before this offset are judged, later ones only say whose records are whose. */
  readonly auditEnds: readonly number[]
  readonly ledger: TopicLog
  readonly state: TopicLog
  /** Raw, clean and quarantine topics, as they are called on the cluster; one that is missing is not there any more. */
  readonly topics: ReadonlyMap<string, TopicLog>
  /** Contract folders by fingerprint (hex). */
  readonly contracts: ReadonlyMap<string, string>
  /** Schema JSON by the id that wire headers name. Null: the registry knows no such id (it said 404). */
  readonly schemas: ReadonlyMap<number, unknown>
  /** By clean topic: id of the newest schema that is registered for it. */
  readonly cleanSchemas: ReadonlyMap<string, number>
  /** By epoch. */
  readonly rootKeys: ReadonlyMap<number, Buffer>
  readonly referenceKey: Buffer
  /** What passed its fence commits within this time or never: the transaction timeout and the broker's sweep (ms). */
  readonly commitBoundMs: number
  /** Chunks whose audit record was appended in [fromMs, toMs) are judged. */
  readonly fromMs: number
  readonly toMs: number
  /** Purposes to judge; null: all. */
  readonly purposes: ReadonlySet<string> | null
}

/** A topic as it was read, committed records only. */
export interface TopicLog {
  readonly topic: string
  readonly partitions: readonly PartitionLog[]
}

export interface PartitionLog {
  /** First offset that is still there, and next offset after the last one read. */
  readonly start: number
  readonly end: number
  /** Ascending; control batches and aborted ones left out. */
  readonly batches: readonly Batch[]
}

/** One record batch. Its records are read when they are asked for, since a range has far more records than batches. */
export interface Batch {
  readonly baseOffset: number
  readonly lastOffset: number
  /** -1 outside of transactions. */
  readonly producerId: number
  readonly producerEpoch: number
  /** By the broker's clock (ms): when its transaction's marker was written; outside of transactions its append time. */
  readonly committedMs: number
  records(): readonly KafkaRecord[]
}

export interface KafkaRecord {
  readonly offset: number
  /** The broker's append time where the topic has LogAppendTime, else the producer's (ms). */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: number
}

/** The records of a partition with from ≤ offset < to. */
export function* recordsIn({ batches }: PartitionLog, from: number, to: number): Generator<KafkaRecord> {
  for (let at = firstReaching(batches, from); at < batches.length; at++) {
    const batch = batches[at] as Batch
    if (batch.baseOffset >= to) return
    for (const record of batch.records()) if (record.offset >= from && record.offset < to) yield record
  }
}

/** Index of the first batch that ends at the offset or later. */
function firstReaching(batches: readonly Batch[], offset: number): number {
  let low = 0
  let high = batches.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((batches[middle] as Batch).lastOffset < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** The evidence itself can't be judged, or not be had: no finding about the system. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
  readonly code = 'WEIR_AUDIT_EVIDENCE'
}
