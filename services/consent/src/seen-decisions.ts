import type { RecentDecision } from '@weir/consent'

const SEEN_BOUND = 100_000

/** A decision that was not recorded here, as a state showed it. */
export interface SeenDecision {
  readonly ref: string
  readonly tookAway: boolean
  readonly outcome: RecentDecision['outcome']
  readonly partition: number
  /** Next offset after the record of consent.state that showed it; null when it was looked up. */
  readonly position: number | null
  /** Its ref is a device that has links, or had some, so it may have to hold for others too: its state alone tells not. */
  readonly mayHaveCarried: boolean
  /**
   * Which opening of its partition lasted, or was to come, when the tail had it; null: only a lookup has shown it, which
   * may be ahead of the tail.
   */
  readonly opening: number | null
}

/** The last decisions that states have shown; the oldest go first. */
export class SeenDecisions {
  readonly #seen = new Map<string, SeenDecision>()

  get(decisionId: string): SeenDecision | undefined {
    return this.#seen.get(decisionId)
  }

  /** Whether that was news. */
  add(decisionId: string, seen: SeenDecision): boolean {
    const known = this.#seen.get(decisionId)
    if (known !== undefined && !isBetter(seen, known)) return false
    this.#seen.set(decisionId, seen)
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= SEEN_BOUND) break
      this.#seen.delete(oldest)
    }
    return true
  }
}

/** A withdrawal that took the id of an earlier grant replaces it, and the tail's word a lookup's; else the first counts. */
function isBetter(seen: SeenDecision, known: SeenDecision): boolean {
  if (seen.tookAway !== known.tookAway) return seen.tookAway
  return known.opening === null && seen.opening !== null
}
