const FIRST_MS = 50
const LONGEST_MS = 5_000

/** Waits that double from one failed try to the next, within a bound. */
export class BackOff {
  #nextMs = FIRST_MS

  /** How long to wait before the next try, in ms. */
  next(): number {
    const waitMs = this.#nextMs
    this.#nextMs = Math.min(2 * waitMs, LONGEST_MS)
    return waitMs
  }

  reset(): void {
    this.#nextMs = FIRST_MS
  }
}
