import type { ConsentState } from '@weir/consent'
import { LRUCache } from 'lru-cache'

/** What is remembered of a subject; `state` null: the ref is unknown, which is as good to know. */
export interface Known {
  readonly state: ConsentState | null
}

/**
 * Hot subjects of one partition of `consent.state`, so that Redis is not asked for them again. Exact, since every later
 * record of theirs passes the tail, which tells it here: what is remembered is what the log says up to the tail's
 * position, or something newer that Redis had before the tail. It ends with the tail it lies in, so a topic made anew or
 * records that were lost leave nothing. Keys are refs as 16 latin1 characters.
 */
export class Remembered {
  readonly #known: LRUCache<string, Known> | null

  /** @param max 0: nothing is remembered */
  constructor(max: number) {
    this.#known = max > 0 ? new LRUCache({ max }) : null
  }

  get size(): number {
    return this.#known?.size ?? 0
  }

  get(key: string): Known | undefined {
    return this.#known?.get(key)
  }

  /**
   * Keeps what a lookup found. Only right without waiting since the tail was looked at: else a record may have passed in
   * between.
   */
  put(key: string, state: ConsentState | null): void {
    this.#known?.set(key, { state })
  }

  /** The tail brought a record of this ref; null: one that can't be read, so that nobody may be told anything. */
  changed(key: string, state: ConsentState | null): void {
    const known = this.#known?.peek(key)
    if (known === undefined) return
    if (state === null) this.#known?.delete(key)
    // Redis may have been ahead of the tail, which now passes what lies before.
    else if (known.state === null || state.position >= known.state.position) this.#known?.set(key, { state })
  }
}
