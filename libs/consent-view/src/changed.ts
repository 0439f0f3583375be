import type { ConsentState } from '@weir/consent'

export interface Change {
  /** Next offset of `consent.state` after the record that brought it. */
  readonly end: number
  /** null: the record could not be read; whoever needs this ref is held. */
  readonly state: ConsentState | null
}

/**
 * What changed in one partition of `consent.state` since its base. Below the base Redis is relied on, so a change is
 * kept until the base has passed it. Keys are refs as 16 latin1 characters.
 */
export class ChangedSince {
  /** In order of `end`: an entry is taken out before it is put again, and a Map keeps the order of insertion. */
  readonly #changes = new Map<string, Change>()
  readonly #limit: number
  #base: number

  constructor(base: number, limit: number) {
    this.#base = base
    this.#limit = limit
  }

  get base(): number {
    return this.#base
  }

  get size(): number {
    return this.#changes.size
  }

  get(key: string): Change | undefined {
    return this.#changes.get(key)
  }

  /**
   * Keeps a change. When there are too many (Redis away for long), all are dropped and the base moves behind the
   * newest: memory stays bounded, and lookups are held until Redis has caught up. Returns whether that happened.
   */
  put(key: string, change: Change): boolean {
    this.#changes.delete(key)
    this.#changes.set(key, change)
    if (this.#changes.size <= this.#limit) return false
    this.#changes.clear()
    this.#base = change.end
    return true
  }

  /** Moves the base forward, never back, and drops what lies below it. */
  moveBase(to: number): void {
    if (to <= this.#base) return
    this.#base = to
    for (const [key, change] of this.#changes) {
      if (change.end > to) break
      this.#changes.delete(key)
    }
  }
}
