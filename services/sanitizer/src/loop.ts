import { CorruptBatch, type Kafka, KafkaError, NotAMember, OffsetOutOfRange, TransactionError } from '@weir/kafka'
import type { Logger } from '@weir/service'
import { BackOff } from './back-off.ts'
import type { Chunk } from './chunk.ts'
import type { ChunkReader } from './chunk-reader.ts'
import type { Environment } from './environment.ts'
import type { SanitizerMetrics } from './metrics.ts'
import type { Outcome } from './outcome.ts'
import { processChunk } from './pipeline.ts'
import { startPositions } from './start-position.ts'
import { Turns } from './turns.ts'

/** How long one turn waits for records before others (an assignment, say) may have theirs. */
const WAIT_MS = 100
const STALE_AT_ONCE = 3

export interface LoopParts {
  readonly kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets'>
  readonly groupId: string
  readonly rawTopic: string
  readonly reader: ChunkReader
  readonly transactions: Environment['transactions']
  readonly clock: Environment['clock']
  readonly metrics: SanitizerMetrics
  readonly purposes: readonly string[]
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly signal: AbortSignal
  /** Ends the process: for what goes wrong outside a turn of the loop and can't be mended by waiting. */
  readonly fail: (error: unknown) => void
}

/**
 * Owns fetching, holding, rebalance, recovery and drain; what becomes of a chunk is the pipeline's.
 *
 * One turn at a time: an attempt at a chunk, or a change of assignment. So partitions are given up only between
 * attempts, and an attempt never sees its partitions go.
 */
export class Loop {
  readonly #parts: LoopParts
  readonly #turns = new Turns()
  /** Partitions that are ours, read or not yet. */
  readonly #owned = new Set<number>()
  /** Next offset of each partition that is surely committed; what a dropped chunk goes back to. */
  readonly #committed = new Map<number, number>()
  #pending: Chunk | null = null
  #recover = true
  #staleInARow = 0
  readonly #recoveries = new BackOff()
  /** Of attempts: a recovery does not reset it, or two processes of one slot would fence each other without a pause. */
  readonly #attempts = new BackOff()
  #trouble: string | null = 'starting'
  /** When (monotonic) the attempt under way began. */
  #attemptSinceMs: number | null = null
  /** When (monotonic) a chunk was last committed, or nothing was there to commit. */
  #committedAtMs = 0
  #oldestWaitingMs: number | null = null

  constructor(parts: LoopParts) {
    this.#parts = parts
  }

  /** Why it does not process records now; null when it does, or has nothing to do. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** How long (ms) the attempt under way has lasted; 0 when there is none. */
  get attemptMs(): number {
    return this.#attemptSinceMs === null ? 0 : this.#parts.clock.monotonicMs() - this.#attemptSinceMs
  }

  /** Append time (Unix ms) of the oldest record that was taken up and is not committed; null when there is none. */
  get oldestWaitingMs(): number | null {
    return this.#oldestWaitingMs
  }

  /** How long (ms) nothing was committed although it had something to do. */
  get sinceCommitMs(): number {
    return this.#parts.clock.monotonicMs() - this.#committedAtMs
  }

  get owned(): readonly number[] {
    return [...this.#owned]
  }

  /** Until the signal aborts: then the attempt under way ends, nothing new begins. Rejects on bugs and lost places. */
  async run(env: Environment): Promise<void> {
    const { signal, clock } = this.#parts
    while (!signal.aborted) {
      const waitMs = await this.#turns.take(() => this.#turn(env))
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    }
    // A change of assignment under way is let end, so that leaving finds a settled state.
    await this.#turns.take(async () => {})
  }

  async assigned(partitions: readonly number[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#parts.log.info({ event: 'assigned', partitions })
      for (const partition of partitions) this.#owned.add(partition)
      // Before the first initialisation, or with a recovery due, it starts them together with the others.
      if (!this.#recover) await this.#startNew(partitions)
    })
  }

  async revoked(partitions: readonly number[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#parts.log.info({ event: 'revoked', partitions })
      this.#giveUp(partitions)
    })
  }

  async lost(partitions: readonly number[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#parts.log.warn({ event: 'lost', partitions })
      this.#giveUp(partitions)
      this.#recover = true
    })
  }

  /** One attempt. Answers how long to wait before the next, in ms. */
  async #turn(env: Environment): Promise<number> {
    const { signal } = this.#parts
    // Asked to end while this turn waited for another's.
    if (signal.aborted) return 0
    if (this.#recover && !(await this.#recovered(env))) return this.#recoveries.next()
    this.#pending ??= await this.#read()
    if (signal.aborted) return 0
    if (this.#pending === null) {
      if (this.#recover) return this.#recoveries.next()
      this.#outOfTrouble()
      this.#isCommitted()
      // Nothing assigned: fetching returns at once, so that waiting is ours.
      return this.#owned.size === 0 ? WAIT_MS : 0
    }
    this.#oldestWaitingMs ??= oldestOf(this.#pending)
    this.#attemptSinceMs = this.#parts.clock.monotonicMs()
    const outcome = await processChunk(env, this.#pending)
    this.#parts.metrics.attempted(outcome, this.attemptMs / 1_000)
    this.#attemptSinceMs = null
    return this.#act(outcome, this.#pending)
  }

  /** A broker that refuses to be read, for now, is waited for; a lost place and damaged records are for people. */
  async #read(): Promise<Chunk | null> {
    try {
      return await this.#parts.reader.next(WAIT_MS)
    } catch (error) {
      if (!isOperating(error) || error instanceof OffsetOutOfRange || error instanceof CorruptBatch) throw error
      this.#recover = true
      this.#inTrouble(`reading: ${error.message}`)
      return null
    }
  }

  #act(outcome: Outcome, chunk: Chunk): number {
    switch (outcome.kind) {
      case 'committed':
        for (const { partition, offset } of chunk.positions) this.#committed.set(partition, offset)
        this.#pending = null
        this.#isCommitted()
        this.#parts.metrics.committed(outcome.tally, this.#parts.purposes)
        this.#outOfTrouble()
        this.#staleInARow = 0
        this.#attempts.reset()
        return 0
      case 'stale':
        // Once or twice is a withdrawal under way; a broker that refuses every attempt is not to be hammered.
        if (++this.#staleInARow <= STALE_AT_ONCE) return 0
        this.#inTrouble(`stale: ${outcome.why}`)
        return this.#attempts.next()
      case 'held':
        this.#inTrouble(`held: ${outcome.reason}${outcome.why === undefined ? '' : `: ${outcome.why}`}`)
        return outcome.retryAfterMs
      case 'unknown':
      case 'fenced':
        this.#inTrouble(`${outcome.kind}: ${outcome.why}`)
        this.#pending = null
        this.#recover = true
        return this.#attempts.next()
    }
  }

  /**
   * The recovery rule: initialise the producer (which ends whatever was open), only then read the committed offsets,
   * go on from them. As a member whom the group has now only: a process that was frozen past its session would else
   * fence the one that took its slot, and two processes of one slot each other for ever.
   */
  async #recovered(env: Environment): Promise<boolean> {
    const { signal } = this.#parts
    try {
      await env.member.confirmed(signal)
      await env.transactions.init(signal)
      this.#recover = false
      this.#pending = null
      await this.#startAt([...this.#owned])
      this.#recoveries.reset()
      return true
    } catch (error) {
      if (!isOperating(error)) throw error
      this.#recover = true
      if (!signal.aborted) this.#inTrouble(`recovering: ${error.message}`)
      return false
    }
  }

  async #startNew(partitions: readonly number[]): Promise<void> {
    try {
      await this.#startAt(partitions)
    } catch (error) {
      if (isOperating(error)) this.#recover = true
      else this.#parts.fail(error)
    }
  }

  async #startAt(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    const { kafka, groupId, rawTopic, reader, signal } = this.#parts
    const positions = await startPositions(kafka, groupId, rawTopic, partitions, signal)
    for (const [partition, position] of positions) {
      this.#committed.set(partition, position)
      reader.assign(partition, position)
    }
  }

  /** A chunk with rows of a partition that is not ours any more is dropped; its other rows are read again. */
  #giveUp(partitions: readonly number[]): void {
    const gone = new Set(partitions)
    if (this.#pending?.positions.some(({ partition }) => gone.has(partition))) {
      for (const { partition } of this.#pending.positions) {
        if (!gone.has(partition)) this.#parts.reader.assign(partition, this.#committed.get(partition) as number)
      }
      this.#pending = null
    }
    if (this.#owned.size === gone.size) this.#oldestWaitingMs = null
    for (const partition of partitions) {
      this.#owned.delete(partition)
      this.#parts.reader.unassign(partition)
      this.#committed.delete(partition)
    }
  }

  #isCommitted(): void {
    this.#committedAtMs = this.#parts.clock.monotonicMs()
    this.#oldestWaitingMs = null
  }

  #inTrouble(why: string): void {
    if (this.#trouble !== why) this.#parts.log.warn({ event: 'waiting', why })
    this.#trouble = why
  }

  #outOfTrouble(): void {
    if (this.#trouble !== null) this.#parts.log.info({ event: 'going-on' })
    this.#trouble = null
  }
}

function oldestOf({ rows }: Chunk): number {
  let oldest = Number.POSITIVE_INFINITY
  for (let row = 0; row < rows.count; row++) oldest = Math.min(oldest, rows.timestampMs[row] as number)
  return oldest
}

/** Trouble of the world outside, which passes; anything else is a bug or for people to mend. */
function isOperating(error: unknown): error is Error {
  return error instanceof KafkaError || error instanceof TransactionError || error instanceof NotAMember
}
