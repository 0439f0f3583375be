import { CorruptBatch, KafkaError, NotAMember, OffsetOutOfRange, TransactionError } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { Attempt } from './attempt.ts'
import { BackOff } from './back-off.ts'
import type { Environment } from './environment.ts'
import { Line } from './line.ts'
import type { SanitizerMetrics } from './metrics.ts'
import type { Held, Outcome } from './outcome.ts'
import { OwnedPartitions, type OwnedPartitionsParts } from './owned-partitions.ts'
import type { Tally } from './tally.ts'
import { Turns } from './turns.ts'

/** How long one turn waits for records before others (an assignment, say) may have theirs. */
const WAIT_MS = 100
/** The same beside a transaction, whose end must not wait for records to come. */
const WAIT_BESIDE_MS = 10
const STALE_AT_ONCE = 3

export interface LoopParts extends OwnedPartitionsParts {
  readonly transactions: Environment['transactions']
  readonly clock: Environment['clock']
  readonly metrics: SanitizerMetrics
  readonly purposes: readonly string[]
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Aborts when the process is to end. */
  readonly signal: AbortSignal
  readonly onCommitted?: (tally: Tally) => void
  /** Ends the process: for what goes wrong outside a turn of the loop and can't be mended by waiting. */
  readonly fail: (error: unknown) => void
}

/**
 * Owns fetching, holding, rebalance, recovery and drain; what becomes of a chunk is the pipeline's.
 *
 * Two chunks at most are on their way: while the transaction of the first waits for the broker, the second is read and
 * rewritten. It is published only once the first is committed; when that ends otherwise, what was rewritten is dropped.
 *
 * One turn at a time: a step of these two, or a change of assignment. So partitions are given up only between steps, no
 * transaction being open then, and a step never sees its partitions go.
 */
export class Loop {
  readonly #parts: LoopParts
  readonly #turns = new Turns()
  readonly #owned: OwnedPartitions
  /** Only its first may be rewritten between turns. */
  readonly #line = new Line()
  /** What reading met that is for people to mend; the process ends with it when the line is empty. */
  #unreadable: Error | null = null
  #recover = true
  #staleInARow = 0
  readonly #recoveries = new BackOff()
  /** Of attempts: a recovery does not reset it, or two processes of one slot would fence each other without a pause. */
  readonly #attempts = new BackOff()
  #trouble: string | null = 'starting'
  /** When (monotonic) the step under way began that rewrites or publishes. */
  #stepSinceMs: number | null = null
  /** When (monotonic) a chunk was last committed, or nothing was there to commit. */
  #committedAtMs = 0
  #oldestWaitingMs: number | null = null

  constructor(parts: LoopParts) {
    this.#parts = parts
    this.#owned = new OwnedPartitions(parts)
  }

  /** Why it does not process records now; null when it does, or has nothing to do. */
  get trouble(): string | null {
    return this.#trouble
  }

  /** How long (ms) the step under way has rewritten or published; 0 when it does neither. */
  get attemptMs(): number {
    return this.#stepSinceMs === null ? 0 : this.#parts.clock.monotonicMs() - this.#stepSinceMs
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
    return this.#owned.all
  }

  /** Until the signal aborts: then the transaction under way ends, nothing new begins. Rejects on bugs and lost places. */
  async run(env: Environment): Promise<void> {
    const { signal, clock } = this.#parts
    while (!signal.aborted) {
      const waitMs = await this.#turns.take(() => this.#turn(env))
      if (waitMs > 0) await clock.sleep(waitMs, signal)
    }
    // A change of assignment under way is let end, so that leaving finds a settled state.
    await this.#turns.take(() => this.#line.drop())
  }

  async assigned(partitions: readonly number[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#parts.log.info({ event: 'assigned', partitions })
      this.#owned.add(partitions)
      // Before the first initialisation, or with a recovery due, it starts them together with the others.
      if (!this.#recover) await this.#startNew(partitions)
    })
  }

  async revoked(partitions: readonly number[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#parts.log.info({ event: 'revoked', partitions })
      await this.#giveUp(partitions)
    })
  }

  async lost(partitions: readonly number[]): Promise<void> {
    await this.#turns.take(async () => {
      this.#parts.log.warn({ event: 'lost', partitions })
      await this.#giveUp(partitions)
      this.#recover = true
    })
  }

  /** One step of the line. Answers how long to wait before the next, in ms. */
  async #turn(env: Environment): Promise<number> {
    // Asked to end while this turn waited for another's.
    if (this.#parts.signal.aborted) return 0
    if (this.#recover && !(await this.#recovered(env))) return this.#recoveries.next()
    try {
      return await this.#step(env)
    } finally {
      this.#stepSinceMs = null
    }
  }

  /** The first chunk in line is published, once it is rewritten; the next one is read and rewritten meanwhile. */
  async #step(env: Environment): Promise<number> {
    const { first } = this.#line
    if (!first?.isRewritten) return this.#afterRewriting(await this.#rewriteNext(env, WAIT_MS))

    const both = [this.#publish(first), this.#rewriteNext(env, WAIT_BESIDE_MS)] as const
    const [published, held] = await Promise.allSettled(both)
    // A bug in either ends the run, but not before the transaction has ended.
    if (published.status === 'rejected') throw published.reason
    if (held.status === 'rejected') throw held.reason
    if (published.value.kind !== 'committed') return this.#stopped(published.value)
    return this.#afterRewriting(held.value)
  }

  async #publish(first: Attempt): Promise<Outcome> {
    const { clock, metrics, purposes, onCommitted } = this.#parts
    this.#stepSinceMs ??= clock.monotonicMs()
    const outcome = await first.publish()
    metrics.attempted(outcome, first.lastedMs(clock.monotonicMs()) / 1_000)
    if (outcome.kind === 'committed') {
      this.#owned.committed(first.chunk.positions)
      metrics.committed(outcome.tally, purposes)
      onCommitted?.(outcome.tally)
      this.#line.advance()
      this.#isCommitted()
      this.#staleInARow = 0
      this.#attempts.reset()
    }
    return outcome
  }

  /** Null: it is rewritten, or there is none. */
  async #rewriteNext(env: Environment, waitMs: number): Promise<Held | null> {
    const { clock, metrics, signal } = this.#parts
    const next = this.#line.nextToRewrite ?? (await this.#read(waitMs))
    if (next === null || signal.aborted) return null
    this.#stepSinceMs ??= clock.monotonicMs()
    const held = await next.rewrite(env)
    if (held !== null) metrics.attempted(held, next.lastedMs(clock.monotonicMs()) / 1_000)
    return held
  }

  /** A broker that refuses to be read, for now, is waited for; a lost place and damaged records are for people. */
  async #read(waitMs: number): Promise<Attempt | null> {
    if (this.#unreadable !== null) return null
    try {
      const chunk = await this.#parts.reader.next(waitMs)
      if (chunk === null) return null
      const attempt = this.#line.add(chunk)
      this.#oldestWaitingMs = Math.min(this.#oldestWaitingMs ?? attempt.oldestMs, attempt.oldestMs)
      return attempt
    } catch (error) {
      if (!isOperating(error)) throw error
      if (error instanceof OffsetOutOfRange || error instanceof CorruptBatch) this.#unreadable = error
      else {
        this.#recover = true
        this.#inTrouble(`reading: ${error.message}`)
      }
      return null
    }
  }

  /** After a step without a failed transaction. Answers how long to wait, in ms. */
  async #afterRewriting(held: Held | null): Promise<number> {
    if (held !== null) return this.#stopped(held)
    if (this.#recover) return this.#recoveries.next()
    if (!this.#line.isEmpty) return 0
    // What lies before it is committed.
    if (this.#unreadable !== null) throw this.#unreadable
    this.#isCommitted()
    // Nothing assigned: fetching returns at once, so that waiting is ours.
    return this.#owned.all.length === 0 ? WAIT_MS : 0
  }

  /** A chunk did not go out. What is behind it was rewritten for nothing, if it was. Answers how long to wait, in ms. */
  async #stopped(outcome: Exclude<Outcome, { kind: 'committed' }>): Promise<number> {
    await this.#line.forgetRewritten()
    switch (outcome.kind) {
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
        this.#recover = true
        return this.#attempts.next()
    }
  }

  /**
   * The recovery rule: drop what is on its way, initialise the producer (which ends whatever was open), only then read the
   * committed offsets, go on from them. As a member whom the group has now only: a process that was frozen past its session
   * would else fence the one that took its slot, and two processes of one slot each other for ever.
   */
  async #recovered(env: Environment): Promise<boolean> {
    const { signal } = this.#parts
    await this.#line.drop()
    try {
      await env.member.confirmed(signal)
      await env.transactions.init(signal)
      this.#recover = false
      this.#unreadable = null
      await this.#owned.start(this.#owned.all)
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
      await this.#owned.start(partitions)
    } catch (error) {
      if (isOperating(error)) this.#recover = true
      else this.#parts.fail(error)
    }
  }

  /**
   * When one of the chunks in line has rows of a partition that is not ours any more, both are dropped, and their other rows
   * read again: the second alone can't stay, since its rows follow those of the first.
   */
  async #giveUp(partitions: readonly number[]): Promise<void> {
    const gone = new Set(partitions)
    const inLine = this.#line.partitions
    if (!inLine.isDisjointFrom(gone)) {
      await this.#line.drop()
      this.#owned.rewind(inLine.difference(gone))
    }
    this.#owned.remove(partitions)
    if (this.#owned.all.length === 0) this.#oldestWaitingMs = null
    // It may have been of a partition that is gone; if not, it is met again.
    if (this.#unreadable !== null) this.#recover = true
  }

  /** All that came before what is in line is. */
  #isCommitted(): void {
    this.#committedAtMs = this.#parts.clock.monotonicMs()
    this.#oldestWaitingMs = this.#line.oldestMs
    if (!this.#recover) this.#outOfTrouble()
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

/** Trouble of the world outside, which passes; anything else is a bug or for people to mend. */
function isOperating(error: unknown): error is Error {
  return error instanceof KafkaError || error instanceof TransactionError || error instanceof NotAMember
}
