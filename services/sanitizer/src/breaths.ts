/**
 * How long rewriting is to go on before others have their turn, looked at between rows: the transaction of the chunk before
 * it, whose answers come one after the other and would each wait for the end of it; consent tail and heartbeats. A chunk of
 * plain events takes ten times as long; one with pseudonyms in long arrays may take seconds, and would else make its own
 * consent stale, again and again.
 */
const LONGEST_MS = 2
/** The clock is looked at once in so many rows; a power of two. */
const ROWS_BETWEEN = 32

/** Cuts a long stretch of work into pieces between which the event loop comes round. */
export class Breaths {
  readonly #monotonicMs: () => number
  #sinceMs: number
  #rows = 0

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs
    this.#sinceMs = monotonicMs()
  }

  /** Asked after each row: whether it is time to take one. */
  get due(): boolean {
    this.#rows = (this.#rows + 1) & (ROWS_BETWEEN - 1)
    return this.#rows === 0 && this.isOverdue
  }

  /** The same, looking at the clock each time: for work of which each piece may take long. */
  get isOverdue(): boolean {
    return this.#monotonicMs() - this.#sinceMs >= LONGEST_MS
  }

  async take(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#sinceMs = this.#monotonicMs()
  }
}
