import { setTimeout as pause } from 'node:timers/promises'
import {
  BatchBuilder,
  CorruptBatch,
  type Fetcher,
  type Kafka,
  KafkaError,
  type Member,
  NotAMember,
  OffsetOutOfRange,
  RecordWalk,
  Rows,
  type TopicPosition,
  type TransactionalProducer,
  TransactionError,
} from '@weir/kafka'

/** As the sanitizer has it. */
const TRANSACTION_TIMEOUT_MS = 5_000
const REBALANCE_TIMEOUT_MS = 20_000
const WAIT_MS = 100
/** How long a transaction that has some records waits for more. */
const GATHER_MS = 10
const FIRST_BACK_OFF_MS = 50
const LONGEST_BACK_OFF_MS = 2_000

export interface CopyJob {
  readonly groupId: string
  readonly from: string
  readonly to: string
  /** The transactional id: one process at a time is meant to have it. */
  readonly slot: string
  readonly recordsPerTransaction: number
}

/** Where a transaction stands: none, its opener is out, it is open at the broker, its end is out. */
export type Phase = 'none' | 'opening' | 'open' | 'ending'

export type CopierEvent =
  | { readonly kind: 'assigned' | 'lost'; readonly partitions: readonly number[] }
  /** `open`: a transaction was open when the group took partitions away. */
  | { readonly kind: 'revoked'; readonly partitions: readonly number[]; readonly open: boolean }
  /** Next offsets that are surely committed: of a transaction that has just ended, or found when beginning. */
  | {
      readonly kind: 'committed' | 'found'
      readonly positions: readonly (readonly [partition: number, next: number])[]
    }
  | { readonly kind: 'aborted' | 'fenced' | 'unknown'; readonly why: string }

export interface CopierHooks {
  tell(event: CopierEvent): void
  phase(phase: Phase): void
  /** Runs twice in each open transaction: between its batches, and before its end. */
  whileOpen?(): Promise<void>
}

/**
 * Copies a topic to another, partition by partition, in transactions: a member, a fetcher and a transactional producer
 * under the recovery rule of services/sanitizer/src/loop.ts, and nothing else. One turn at a time: an attempt at a
 * chunk, or a change of assignment.
 */
export class Copier {
  readonly #kafka: Kafka
  readonly #job: CopyJob
  readonly #hooks: CopierHooks
  readonly #signal: AbortSignal
  readonly #fetcher: Fetcher
  readonly #producer: TransactionalProducer
  /** Next offset of each owned partition that is surely committed. */
  readonly #committed = new Map<number, number>()
  readonly #owned = new Set<number>()
  #walks: { readonly partition: number; readonly walk: RecordWalk }[] = []
  #lastTurn: Promise<unknown> = Promise.resolve()
  #phase: Phase = 'none'
  #recover = true
  #backOffMs = FIRST_BACK_OFF_MS
  #failure: unknown

  constructor(kafka: Kafka, job: CopyJob, hooks: CopierHooks, signal: AbortSignal) {
    this.#kafka = kafka
    this.#job = job
    this.#hooks = hooks
    this.#signal = signal
    const bounds = { maxWaitMs: 50, maxPartitionBytes: 32_000, maxBytes: 200_000, readAheadBytes: 400_000 }
    this.#fetcher = kafka.fetcher({ topic: job.from, isolation: 'read_committed', ...bounds })
    const transactions = { transactionalId: job.slot, transactionTimeoutMs: TRANSACTION_TIMEOUT_MS }
    this.#producer = kafka.transactionalProducer(transactions)
  }

  /** Until the signal aborts; then it leaves. Rejects on bugs and on what people must mend. */
  async run(): Promise<void> {
    const { groupId, from } = this.#job
    const member = await this.#kafka.join({
      groupId,
      topic: from,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      signal: this.#signal,
      onStopped: (error) => {
        this.#failure ??= error
      },
      onAssigned: (partitions) => this.#turn(() => this.#assigned(partitions)),
      onRevoked: (partitions) => {
        this.#hooks.tell({ kind: 'revoked', partitions, open: this.#phase === 'open' || this.#phase === 'ending' })
        return this.#turn(async () => this.#giveUp(partitions))
      },
      onLost: (partitions) => {
        this.#hooks.tell({ kind: 'lost', partitions })
        return this.#turn(async () => {
          this.#giveUp(partitions)
          this.#recover = true
        })
      },
    })
    while (!this.#signal.aborted && this.#failure === undefined) {
      const waitMs = await this.#turn(() => this.#attempt(member))
      if (waitMs > 0) await pause(waitMs, undefined, { signal: this.#signal }).catch(() => undefined)
    }
    if (this.#failure !== undefined) throw this.#failure
    await member.leave()
    await this.#producer.close()
    await this.#fetcher.close()
  }

  #turn<T>(act: () => Promise<T>): Promise<T> {
    const mine = this.#lastTurn.then(act, act)
    this.#lastTurn = mine.catch(() => undefined)
    return mine
  }

  /** One transaction, or nothing to do; answers how long to wait before the next, in ms. */
  async #attempt(member: Member): Promise<number> {
    if (this.#signal.aborted) return 0
    if (this.#recover && !(await this.#recovered(member))) return this.#backOff()
    const rows = new Rows(this.#job.recordsPerTransaction)
    const positions = await this.#read(rows)
    if (positions.size === 0) return this.#recover ? this.#backOff() : this.#owned.size === 0 ? WAIT_MS : 0
    try {
      await this.#copy(member, rows, positions)
    } catch (error) {
      if (!(error instanceof TransactionError)) throw error
      this.#hooks.tell({ kind: error.outcome, why: error.message })
      // Nothing of an aborted one will ever be visible: it is read again. Else only the broker knows where we stand.
      if (error.outcome === 'aborted') for (const partition of positions.keys()) this.#readAgain(partition)
      else this.#recover = true
      return this.#backOff()
    } finally {
      this.#enter('none')
    }
    for (const [partition, next] of positions) this.#committed.set(partition, next)
    this.#hooks.tell({ kind: 'committed', positions: [...positions] })
    this.#backOffMs = FIRST_BACK_OFF_MS
    return 0
  }

  async #copy(member: Member, rows: Rows, positions: ReadonlyMap<number, number>): Promise<void> {
    const { from, to } = this.#job
    const builders = new Map([...positions.keys()].map((partition) => [partition, new BatchBuilder(to, partition)]))
    for (let i = 0; i < rows.count; i++) {
      const bytes = (start = -1, end = -1) => (start < 0 ? null : (rows.source[i]?.subarray(start, end) ?? null))
      const key = bytes(rows.keyStart[i], rows.keyEnd[i])
      const value = bytes(rows.valueStart[i], rows.valueEnd[i])
      builders.get(rows.partition[i] ?? -1)?.append(rows.timestampMs[i] ?? 0, key, value)
    }
    const batches = [...builders.values()].flatMap((builder) => builder.finish())
    const offsets: TopicPosition[] = [...positions].map(([partition, offset]) => ({ topic: from, partition, offset }))
    this.#enter('opening')
    const transaction = await this.#producer.begin(member, offsets)
    this.#enter('open')
    const half = Math.ceil(batches.length / 2)
    for (const some of [batches.slice(0, half), batches.slice(half)]) {
      if (some.length > 0) await transaction.produce(some)
      await this.#hooks.whileOpen?.()
    }
    this.#enter('ending')
    await transaction.commit()
  }

  /** Rows until a transaction is full or nothing more is at hand, and the next offset of each partition they are of. */
  async #read(rows: Rows): Promise<Map<number, number>> {
    const moved = new Map<number, number>()
    // By time and not by empty answers: a partition that stands at its end answers with nothing again and again.
    let untilMs = performance.now() + WAIT_MS
    try {
      for (;;) {
        while (this.#walks[0] !== undefined && rows.count < rows.capacity) {
          const { partition, walk } = this.#walks[0]
          if (walk.fill(rows, rows.capacity) > 0 || moved.has(partition)) moved.set(partition, walk.position)
          if (walk.done) this.#walks.shift()
        }
        if (rows.count > 0) untilMs = Math.min(untilMs, performance.now() + GATHER_MS)
        const leftMs = untilMs - performance.now()
        if (rows.count === rows.capacity || leftMs <= 0) return moved
        for (const part of await this.#fetcher.poll(leftMs)) {
          if (part.records.length > 0) this.#walks.push({ partition: part.partition, walk: new RecordWalk(part) })
        }
      }
    } catch (error) {
      if (!isOperating(error) || error instanceof OffsetOutOfRange || error instanceof CorruptBatch) throw error
      this.#recover = true
      return new Map()
    }
  }

  /** As a member whom the group has now only, initialise; only then read the committed offsets, and go on from them. */
  async #recovered(member: Member): Promise<boolean> {
    try {
      await member.confirmed(this.#signal)
      await this.#producer.init(this.#signal)
      this.#recover = false
      await this.#startAt([...this.#owned])
      return true
    } catch (error) {
      if (!isOperating(error)) throw error
      this.#recover = true
      return false
    }
  }

  async #assigned(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#owned.add(partition)
    this.#hooks.tell({ kind: 'assigned', partitions })
    // With a recovery due, it starts them together with the others.
    if (this.#recover) return
    try {
      await this.#startAt(partitions)
    } catch (error) {
      if (isOperating(error)) this.#recover = true
      else this.#failure ??= error
    }
  }

  async #startAt(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    const { groupId, from } = this.#job
    const at = partitions.map((partition) => ({ topic: from, partition }))
    const found = await this.#kafka.committedOffsets(groupId, at, this.#signal)
    const positions = partitions.map((partition, i) => [partition, Math.max(0, found[i] ?? 0)] as const)
    for (const [partition, next] of positions) {
      this.#committed.set(partition, next)
      this.#readAgain(partition)
    }
    this.#hooks.tell({ kind: 'found', positions })
  }

  #readAgain(partition: number): void {
    this.#walks = this.#walks.filter((one) => one.partition !== partition)
    this.#fetcher.assign(partition, this.#committed.get(partition) ?? 0)
  }

  #giveUp(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#owned.delete(partition)
      this.#committed.delete(partition)
      this.#fetcher.unassign(partition)
    }
    this.#walks = this.#walks.filter(({ partition }) => this.#owned.has(partition))
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.#hooks.phase(phase)
  }

  #backOff(): number {
    const waitMs = this.#backOffMs
    this.#backOffMs = Math.min(2 * waitMs, LONGEST_BACK_OFF_MS)
    return waitMs
  }
}

function isOperating(error: unknown): error is Error {
  return error instanceof KafkaError || error instanceof TransactionError || error instanceof NotAMember
}
