/**
 * What the checker judges by: dumps of topics as a foreign client read them, the contract's files, the keys, the
 * schemas of the registry, and the journal of whoever made decisions. Nothing of it comes out of our own libraries.
 */
export interface Evidence {
  /** Folder of the contract's files. */
  readonly contractsFolder: string
  /** Name of the stream: the folder inside the contract. */
  readonly stream: string
  readonly rootKey: Buffer
  readonly referenceKey: Buffer
  /** Full (namespaced) name of a topic of the contract. */
  readonly topicName: (name: string) => string
  /** Records read committed, by full topic name: raw, clean topics, quarantine, consent.decisions, consent.state. */
  readonly topics: ReadonlyMap<string, readonly DumpedRecord[]>
  /** Schemas (parsed JSON) by the ids that wire headers name; null: the registry knows no such id. */
  readonly schemas: ReadonlyMap<number, unknown>
  readonly journal: readonly JournalEntry[]
  /** Unix ms, when the dump was taken: no later hour can be a processing hour. */
  readonly dumpedAtMs: number
}

/** One record as any Kafka client sees it. */
export interface DumpedRecord {
  readonly partition: number
  readonly offset: number
  /** Unix ms; LogAppendTime on raw and consent topics, the producer's on clean ones. */
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
}

/** One decision as its maker saw it. A partition that is not named had no record yet: its place is 0. */
export interface JournalEntry {
  readonly kind: 'user' | 'device'
  readonly subjectId: string
  readonly decisionId: string
  readonly action: 'grant' | 'withdraw'
  readonly purposes: readonly string[]
  /** By raw partition: committed offsets of the sanitizer just before the request. Rows below were decided before. */
  readonly committedBefore: readonly number[]
  /** By raw partition: end of the topic just after the answer `effective`. Rows from here on must obey. */
  readonly endAfter: readonly number[]
  /** Request sent to answer received, ms. */
  readonly effectiveMs: number
}

/** The evidence itself can't be judged (a missing topic, an unknown verb): not a finding about the pipeline. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError'
  readonly code = 'WEIR_CHECK_EVIDENCE'
}
