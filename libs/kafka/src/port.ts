/**
 * The port: what the rest of Weir knows of Kafka. Batches in, batches out, transactions.
 *
 * Offsets are plain numbers (exact up to 2^53). A position, an end, a base and a watermark always mean the *next*
 * offset, counting control, aborted and compacted records. Times that end in `Ms` are milliseconds; `monotonicMs` is
 * `performance.now()`, every other time is the Unix epoch.
 */

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicPosition extends TopicPartition {
  readonly offset: number
}

/** A moment (Unix ms) in one partition. */
export interface TopicTime extends TopicPartition {
  readonly timeMs: number
}

export interface TopicInfo {
  readonly topic: string
  /** 16 bytes as 32 hex digits; changes when a topic is deleted and made again. */
  readonly topicId: string
  readonly partitions: number
}

/** One partition's share of one Fetch response. Rows are read from it by `RecordWalk` (walk.ts). */
export interface FetchedPartition extends TopicPartition {
  /** Bytes of whole record batches, as the broker sent them; may be empty. Not copied: valid until dropped. */
  readonly records: Buffer
  /** The position this was asked from: rows below it in the first batch are skipped. */
  readonly fetchOffset: number
  readonly highWatermark: number
  /** End for read_committed readers (LSO). */
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /**
   * Epoch of the leader that answered (KIP-320). What an older leader said of ends and stable offsets may have been taken
   * back since.
   */
  readonly leaderEpoch: number
  /** Aborted transactions that overlap these bytes, sorted by first offset. Empty for read_uncommitted. */
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: number }[]
  /** When the request that brought this was sent (monotonic). */
  readonly sentAtMonotonicMs: number
}

export interface FetcherOptions {
  readonly topic: string
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** How long the broker may wait for data. */
  readonly maxWaitMs: number
  readonly maxPartitionBytes: number
  readonly maxBytes: number
  /**
   * Bound of what is read ahead and not yet polled, together with what is asked for; the fetcher stops asking when it is
   * reached. Leading brokers share it. A batch comes whole, also when it alone is larger (KIP-74), so for each of them one
   * batch may come on top.
   */
  readonly readAheadBytes: number
}

/**
 * Reads one topic's assigned partitions, in order, ahead of its user within a bound. Broker moves, disconnects and
 * restarts are retried inside. Pausing is simply not polling.
 */
export interface Fetcher {
  /** Starts (or moves) reading of a partition at a position; what was read ahead for it is dropped. */
  assign(partition: number, position: number): void
  /** Stops reading of a partition; what was read ahead for it is dropped. */
  unassign(partition: number): void
  /**
   * The next response of any broker: one entry a partition asked for, empty ones included (so that a reader learns
   * that it stood at the end). Resolves with an empty list after `waitMs` without one, or when closed.
   *
   * Rejects, once for each, with what the reader has to decide:
   * - OffsetOutOfRange (which partition, asked, log start): positions are never reset here. LogTruncated is the one of
   *   them that says that the log was cut back below our position, or the topic made anew;
   * - BrokerError, when the broker refuses a partition with a code that trying again does not mend or that is not
   *   known (e.g. TOPIC_AUTHORIZATION_FAILED, UNKNOWN_SERVER_ERROR): `retriable` is false, `numericCode` says which;
   * - any other error: a bug in the reading of one broker's partitions.
   * Reading of those partitions rests until they are assigned again; the other partitions go on, and so does the
   * fetcher. Errors with a code that time mends, lost connections, and a response that is refused as a whole or can't
   * be read are no rejections: they are tried again inside. What is wrong with the batches themselves (CorruptBatch)
   * comes from `RecordWalk`, not from here.
   */
  poll(waitMs: number): Promise<FetchedPartition[]>
  close(): Promise<void>
}

/** A batch under construction for one output partition; see batch-builder.ts. Sealed when the transaction sends it. */
export interface FinishedBatch extends TopicPartition {
  readonly recordCount: number
  /** A complete record batch (magic 2) whose producer id, epoch, sequence and CRC are filled in by `produce`. */
  readonly bytes: Buffer
}

/** Who commits offsets: the member's own id and generation, so that the broker can refuse a zombie (KIP-447). */
export interface MemberIdentity {
  readonly groupId: string
  readonly memberId: string
  readonly generation: number
}

/** How a transaction ended, when it did not commit. Thrown as TransactionError (errors.ts). */
export type TransactionFailure =
  /** Nothing of it will ever be visible; the same producer may begin the next. */
  | 'aborted'
  /** It may have committed. Recover: init again, only then read committed offsets, go on from there. */
  | 'unknown'
  /** Another process has the slot, or the group has given our partitions away. */
  | 'fenced'

/**
 * One transactional producer of a process slot, transactions of version 2 (KIP-890). One transaction at a time.
 * On any error but 'aborted' it must be initialised again before the next transaction.
 */
export interface TransactionalProducer {
  /**
   * InitProducerId: fences whoever had this transactional id, and ends what it left open. Waits for that up to 30 s.
   * Rejects with Closed as soon as `signal` aborts; whether the producer was initialised is then not known.
   */
  init(signal?: AbortSignal): Promise<void>
  /**
   * Opens a transaction by committing `offsets` in it (the cheapest opener). Resolves at the broker's first
   * acknowledgement: from then its transaction timeout runs. `offsets` must not be empty. The member's identity is
   * taken under the member's lock, so that its generation is current.
   */
  begin(member: Member, offsets: readonly TopicPosition[]): Promise<Transaction>
  close(): Promise<void>
}

export interface Transaction {
  /**
   * Sends batches, acknowledged by all in-sync replicas. May be called again before it resolves: batches of one
   * partition are written in the order given. A batch that the topic's max.message.bytes refuses is split. Nothing is
   * sent once the transaction timeout has passed since begin.
   *
   * Rejects with TransactionError (the transaction is over; its `cause` is BatchTooLarge when not even a record by itself
   * is taken), or with TooMuchUnacknowledged when earlier calls have no answer yet and with this one more than 64 MiB
   * would wait: then nothing of it was sent, and the transaction goes on.
   */
  produce(batches: readonly FinishedBatch[]): Promise<void>
  /** EndTxn(commit), at most once and never later than the transaction timeout after begin. Throws TransactionError. */
  commit(): Promise<void>
  /** EndTxn(abort). After it resolves nothing of this transaction will ever be visible. */
  abort(): Promise<void>
}

/** How batches are compressed before they are sent. Limits of a batch (BatchBuilder's) are meant without it. */
export type Compression = 'none' | 'zstd'

export interface TransactionalProducerOptions {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
  /** Default none. */
  readonly compression?: Compression
}

export interface MemberOptions {
  readonly groupId: string
  readonly topic: string
  readonly rebalanceTimeoutMs: number
  /** Aborting it gives up joining. Once joined it means nothing any more: then `leave` is what to call. */
  readonly signal?: AbortSignal
  /**
   * The heartbeats have ended by a bug and nobody will begin them again: the group will give the partitions away, and
   * neither `onRevoked` nor `onLost` tells of it. End the process. Not called after `leave`, nor for what time mends.
   */
  onStopped?(error: unknown): void
  /**
   * Partitions gained. The user reads their committed offsets (require_stable) and begins with them; the member
   * tells the broker that it owns them when this resolves.
   */
  onAssigned(partitions: readonly number[]): Promise<void>
  /** Partitions to give up: stop, finish and commit what is open, then resolve. Only then does the broker hear of it. */
  onRevoked(partitions: readonly number[]): Promise<void>
  /** Fenced or session lost: the partitions are already somebody else's. Nothing of theirs may be committed. */
  onLost(partitions: readonly number[]): Promise<void>
}

/** Member of a consumer group of the new protocol (KIP-848). Heartbeats by itself; rejoins after being fenced. */
export interface Member {
  readonly groupId: string
  /**
   * Runs `use` with the current identity while no heartbeat can move the generation.
   * Rejects with NotAMember when the group does not have us.
   */
  withIdentity<T>(use: (identity: MemberIdentity) => Promise<T>): Promise<T>
  /**
   * Asks the group whether it still has us: sends a heartbeat now and resolves when one that was sent after this call
   * is accepted. What we remember of ourselves can't tell: a process that was frozen past its session still believes
   * in its generation. Keeps asking while the broker is away.
   * Rejects with NotAMember when the group does not have us (any more), with Closed as soon as `signal` aborts.
   */
  confirmed(signal?: AbortSignal): Promise<void>
  /**
   * Commits positions of any topics for the group, outside a transaction: at least once. The member's identity is taken
   * under its lock, so that its generation is current. Tried again for 30 s while time can mend it.
   * As with a transaction, the broker does not refuse those of a partition that is another member's by now: none may be
   * committed once `onRevoked` has resolved.
   *
   * Rejects with NotAMember when the group does not have us (any more): nothing of it was committed, unless a try before
   * whose answer was lost; with Closed once the member has left; with BrokerError when the broker refuses.
   */
  commit(positions: readonly TopicPosition[]): Promise<void>
  /** Partitions that are assigned and confirmed. */
  readonly assigned: readonly number[]
  /** Leaves the group (after onRevoked for all partitions) and stops. */
  leave(): Promise<void>
}

export type EndOf =
  /** Last stable offset: what a read_committed reader can see. */
  'stable' | 'high-watermark' | 'earliest'

export interface TopicSpec {
  readonly topic: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}

export interface RecordToAppend {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly partition: number
  readonly headers?: Readonly<Record<string, string>>
}

/** What became of the records of an append that were not acknowledged. Told by AppendFailed (errors.ts). */
export type AppendOutcome =
  /** None of them lies in the log, and none ever will. */
  | 'not-written'
  /** Some or all of them may: appending them again may write them twice. */
  | 'unknown'

export interface AppenderOptions {
  /** Default none. */
  readonly compression?: Compression
}

/**
 * Plain appends by an idempotent producer, acknowledged by all in-sync replicas, off the hot path.
 *
 * - What resolves is written exactly once: a lost answer is asked for again under the same sequence number, by which the
 *   broker knows the repeat. What rejects tells in `outcome` whether it may be written; whoever then appends it again
 *   writes it at least once.
 * - Records of one partition are written in the order of the calls. A record whose outcome is unknown can't come later
 *   than one of its partition that was acknowledged since (its producer epoch has passed).
 * - A batch that the topic's max.message.bytes refuses is split.
 */
export interface Appender {
  /**
   * Resolves with the offset of each record, in the order given.
   *
   * Rejects with AppendFailed, at the latest after twice the limit of a request; or at once, with nothing taken, with
   * RecordTooLarge, Closed, or TooMuchUnacknowledged when earlier appends have no answer yet and with this one more than
   * 32 MiB would wait.
   */
  append(topic: string, records: readonly RecordToAppend[]): Promise<number[]>
  close(): Promise<void>
}

/** Set-up and inspection. */
export interface Admin {
  /** Creates what is missing and sets configs that differ; says what it did. Refuses a wrong partition count. */
  ensureTopics(specs: readonly TopicSpec[]): Promise<{ created: string[]; changed: string[]; same: string[] }>
  topicConfig(topic: string): Promise<Record<string, string>>
  /** Settings of every broker of the cluster, by node id. Rejects when one of them does not answer. */
  brokerConfigs(): Promise<Map<number, Record<string, string>>>
  deleteTopics(topics: readonly string[]): Promise<void>
  /**
   * Deletes what lies before each offset (DeleteRecords): a read starts there at the earliest, and the broker deletes the
   * segments that lie below as a whole soon after. May be done twice.
   * Rejects with BrokerError when an offset lies beyond the end (OFFSET_OUT_OF_RANGE) or the topic is only compacted
   * (POLICY_VIOLATION); of several partitions, some may be done then.
   */
  deleteRecords(before: readonly TopicPosition[]): Promise<void>
}

export interface Kafka {
  /** Topics with their ids; a topic that does not exist is absent from the answer. */
  topics(names: readonly string[]): Promise<TopicInfo[]>
  /**
   * ListOffsets with the leader epoch we know, by topic and partition in the order given. Any error rejects (the
   * caller holds): after an election the broker refuses while its high watermark lags, which is the wanted answer.
   */
  endOffsets(partitions: readonly TopicPartition[], end: EndOf): Promise<number[]>
  /**
   * The first offset of each whose timestamp is at or after its time, in the order given; null when there is none yet.
   * Of what a read_committed reader can see; it may be the marker that ends a transaction, whose timestamp is the broker's.
   * Topics by LogAppendTime are in the order of their timestamps; in others a record with an earlier one may come after.
   * Tried again while leaders move.
   */
  offsetsForTimes(times: readonly TopicTime[]): Promise<(number | null)[]>
  /**
   * OffsetFetch with require_stable: waits up to 60 s while a transaction on them is pending. -1: none committed.
   * Rejects with Closed as soon as `signal` aborts.
   */
  committedOffsets(groupId: string, partitions: readonly TopicPartition[], signal?: AbortSignal): Promise<number[]>
  fetcher(options: FetcherOptions): Fetcher
  transactionalProducer(options: TransactionalProducerOptions): TransactionalProducer
  /**
   * Resolves when the group has accepted us; keeps trying while the broker is away.
   * Rejects with Closed as soon as `options.signal` aborts, with BrokerError when the group refuses us.
   */
  join(options: MemberOptions): Promise<Member>
  appender(options?: AppenderOptions): Promise<Appender>
  readonly admin: Admin
  /** Finishes what is accepted or open, within its own time limits, and lets go of everything. */
  close(): Promise<void>
  /**
   * Gives everything up at once, for a process that must end although the broker does not answer: what is outstanding
   * rejects (whether it was carried out is not known), what is asked later rejects with Closed. The parts, and then
   * this, are still to be closed.
   */
  abandon(): void
}
