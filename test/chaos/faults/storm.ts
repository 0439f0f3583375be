import { setTimeout as pause } from 'node:timers/promises'
import type { Phase } from '../seen/transaction-watch.ts'
import type { Slot } from '../slot.ts'
import type { Tally } from '../tally.ts'

const LOOK_AGAIN_MS = 20

/** What all that do faults have in common: whom they may hit, where it is counted, and when it is over. */
export class Storm {
  readonly tally: Tally
  readonly sanitizers: readonly Slot[]
  readonly projectors: readonly Slot[]
  readonly say: (line: string) => void
  readonly #over = new AbortController()

  constructor(tally: Tally, sanitizers: readonly Slot[], projectors: readonly Slot[], say: (line: string) => void) {
    this.tally = tally
    this.sanitizers = sanitizers
    this.projectors = projectors
    this.say = say
  }

  get isOver(): boolean {
    return this.#over.signal.aborted
  }

  /** No fault begins any more; those under way are undone. */
  end(): void {
    this.#over.abort()
  }

  /** False when the storm is over before. */
  async paused(ms: number): Promise<boolean> {
    await pause(ms, undefined, { signal: this.#over.signal }).catch(() => undefined)
    return !this.isOver
  }

  /** False when it has not come about within the limit, or the storm is over before. */
  async until(look: () => boolean, limitMs: number): Promise<boolean> {
    const last = performance.now() + limitMs
    while (!look()) {
      if (performance.now() > last || !(await this.paused(LOOK_AGAIN_MS))) return false
    }
    return true
  }

  /** Waits for one of these to come to this point of a transaction. Resolves at that very moment, before any I/O. */
  async aim(slots: readonly Slot[], phase: Phase, limitMs: number): Promise<void> {
    const hit = Promise.withResolvers<void>()
    const unhear = slots.flatMap(({ run }) => run?.gate.onPhase((now) => now === phase && hit.resolve()) ?? [])
    const late = setTimeout(hit.resolve, limitMs)
    const over = () => hit.resolve()
    this.#over.signal.addEventListener('abort', over)
    if (this.isOver) over()
    await hit.promise
    this.#over.signal.removeEventListener('abort', over)
    clearTimeout(late)
    for (const stop of unhear) stop()
  }

  /** Waits for an open transaction anywhere, and tells whether there is one. */
  async openAnywhere(limitMs: number): Promise<boolean> {
    const all = [...this.sanitizers, ...this.projectors]
    const isOpen = () => all.some(({ run }) => run?.gate.watch.isOpen)
    if (!isOpen()) await this.aim(all, 'open', limitMs)
    return isOpen()
  }
}
