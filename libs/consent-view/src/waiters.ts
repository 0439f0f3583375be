/** The topic was made anew, or lost records: positions waited for mean nothing any more. */
export class TailResetError extends Error {
  readonly code = 'WEIR_CONSENT_TAIL_RESET'
  override readonly name = 'TailResetError'

  constructor() {
    super(
      'consent.state was made anew or lost records while its tail was waited for: read its end again, then wait again',
    )
  }
}

interface Waiter {
  readonly positions: ReadonlyMap<number, number>
  resolve(): void
  reject(error: unknown): void
}

/** Those who wait for the tail to reach a position. */
export class PositionWaiters {
  readonly #waiters = new Set<Waiter>()
  readonly #positionOf: (partition: number) => number

  /** @param positionOf where the tail stands now */
  constructor(positionOf: (partition: number) => number) {
    this.#positionOf = positionOf
  }

  wait(positions: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.isThere(positions)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(waiter)
        signal.removeEventListener('abort', abort)
      }
      const waiter: Waiter = {
        positions,
        resolve: () => {
          leave()
          resolve()
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      const abort = () => waiter.reject(signal.reason)
      signal.addEventListener('abort', abort)
      this.#waiters.add(waiter)
    })
  }

  /** The tail moved: lets those go whose positions are reached. */
  moved(): void {
    for (const waiter of this.#waiters) if (this.isThere(waiter.positions)) waiter.resolve()
  }

  rejectAll(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error)
  }

  isThere(positions: ReadonlyMap<number, number>): boolean {
    for (const [partition, position] of positions) if (this.#positionOf(partition) < position) return false
    return true
  }
}
