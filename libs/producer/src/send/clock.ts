/** Time, so that tests need not wait for it. */
export interface Clock {
  monotonicMs(): number
  /** Runs once after so many milliseconds; what it gives calls it off. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
