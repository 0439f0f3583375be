/** How many requests may wait at once; one more gets its answer at once, with what is known. */
const MAX_WAITERS = 10_000

/** Who waits for news of which id. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>()
  #count = 0
  #closed = false

  /** Resolves with true at news of `id`, with false after `waitMs`, when closed, or when too many wait already. */
  wait(id: string, waitMs: number): Promise<boolean> {
    if (this.#closed || this.#count >= MAX_WAITERS) return Promise.resolve(false)
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set()
      const leave = (woken: boolean) => {
        clearTimeout(timer)
        if (!waiting.delete(wake)) return
        this.#count--
        if (waiting.size === 0) this.#waiting.delete(id)
        resolve(woken)
      }
      const wake = () => leave(!this.#closed)
      const timer = setTimeout(() => leave(false), waitMs)
      waiting.add(wake)
      this.#waiting.set(id, waiting)
      this.#count++
    })
  }

  wake(id: string): void {
    for (const wake of [...(this.#waiting.get(id) ?? [])]) wake()
  }

  wakeAll(): void {
    for (const id of [...this.#waiting.keys()]) this.wake(id)
  }

  close(): void {
    this.#closed = true
    this.wakeAll()
  }
}
