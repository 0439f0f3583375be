/**
 * How fresh one partition of the tail is proved to be. The projector appends tick n+1 to the ledger only after it saw
 * tick n come out in `consent.state`. So a request of ours that found the end of `consent.state` before tick n arrived
 * was answered before tick n+1 was appended; and when tick n+1 comes out, everything that was in the ledger when that
 * request was sent has come out too. That sending is the moment as of which the partition is fresh.
 *
 * Arrival alone proves nothing: a projector that lags by a minute delivers ticks all the time.
 */
export class Freshness {
  #freshAtMs = Number.NEGATIVE_INFINITY
  /** When the last request that found the end was sent. */
  #endSentAtMs = Number.NEGATIVE_INFINITY
  #incarnation = ''
  #n = -1
  /** `#endSentAtMs` as it was just before tick `#n` arrived. */
  #endBeforeTickMs = Number.NEGATIVE_INFINITY

  /** A tick came out. Call it for the ticks of a response before `foundEnd` for that response. */
  tick(incarnation: string, n: number): void {
    if (incarnation === this.#incarnation) {
      // A repeat (the append is at least once): the next tick waited for the first of them, so that one's proof counts.
      if (n <= this.#n) return
      if (n === this.#n + 1) this.#freshAtMs = Math.max(this.#freshAtMs, this.#endBeforeTickMs)
    }
    this.#incarnation = incarnation
    this.#n = n
    this.#endBeforeTickMs = this.#endSentAtMs
  }

  /** A response reached the end of the partition; `sentAtMs` is when its request was sent (monotonic). */
  foundEnd(sentAtMs: number): void {
    this.#endSentAtMs = Math.max(this.#endSentAtMs, sentAtMs)
  }

  /**
   * The partition has a new leader. What a former one said of the end may have been said after it was cut off from the
   * others, so it proves nothing any more: neither what was concluded from it nor what the next tick would conclude.
   */
  discard(): void {
    this.#freshAtMs = Number.NEGATIVE_INFINITY
    this.#endSentAtMs = Number.NEGATIVE_INFINITY
    this.#endBeforeTickMs = Number.NEGATIVE_INFINITY
  }

  /** Milliseconds since which freshness is proved; Infinity before the first proof. */
  ageMs(nowMs: number): number {
    return nowMs - this.#freshAtMs
  }
}
