import { refToBytes } from '@weir/consent'
import { type ConsentView, FRESHNESS_MS, pause } from '@weir/consent-view'
import type { DecisionEntry, Proof } from './decision-entry.ts'
import type { DecisionIndex } from './decision-index.ts'
import type { Environment } from './environment.ts'
import { LookupHeld, lookUp } from './look-up.ts'
import { standingIn } from './standing.ts'

/** How long until looks that told nothing are tried again. */
const RETRY_MS = 500

/** Looks under way at once. */
const MAX_AT_ONCE = 1_000

/** How often it is looked whether a partition is proved fresh; ticks do that several times a second. */
export const PROOF_EVERY_MS = 20

export interface LookerOptions {
  readonly view: Environment['view'] & Pick<ConsentView, 'ageMs'>
  readonly index: Pick<DecisionIndex, 'follows' | 'showLooked' | 'showCarried'>
  readonly clock: Pick<Environment['clock'], 'monotonicMs'>
  readonly signal: AbortSignal
}

/**
 * Looks states up for decisions that the tail may have shown before they were waited for: what was folded while the tail
 * was away or before the start. What was carried to others needs no state, only the tail's proof that it is folded.
 */
export class Looker {
  readonly #options: LookerOptions
  /** Of entries that the index follows alone, so it is bounded as they are. */
  readonly #waiting = new Set<Proof>()
  #running: Promise<void> | null = null

  constructor(options: LookerOptions) {
    this.#options = options
  }

  /** Looks in the background, until there is an answer: the state shows it, or it is not folded and the tail will. */
  add(proof: Proof): void {
    if (!this.#options.index.follows(proof.entry)) return
    this.#waiting.add(proof)
    this.#running ??= this.#run()
  }

  /** Looks once, now. What can't be told goes on in the background. */
  async look(proof: Proof): Promise<void> {
    if (!(await this.#tell(proof))) this.add(proof)
  }

  /** Looks for nothing of it any more. */
  forget(entry: DecisionEntry): void {
    for (const proof of entry.proofs) this.#waiting.delete(proof)
  }

  /** Resolves once nothing runs any more; abort the signal first. */
  async stopped(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#options
    // Whoever adds from within the index finishes first.
    await Promise.resolve()
    while (this.#waiting.size > 0 && !signal.aborted) {
      const round = [...this.#waiting]
      while (round.length > 0) await Promise.all(round.splice(0, MAX_AT_ONCE).map((proof) => this.#lookAgain(proof)))
      if (this.#waiting.size > 0) await pause(RETRY_MS, signal)
    }
    this.#running = null
  }

  async #lookAgain(proof: Proof): Promise<void> {
    // Those that were forgotten since the round began are not there any more.
    if (this.#waiting.has(proof) && (await this.#tell(proof))) this.#waiting.delete(proof)
  }

  /** Whether there is an answer; false: try again. */
  async #tell(proof: Proof): Promise<boolean> {
    const { index } = this.#options
    const { entry, partition } = proof
    if (proof.shown) return true
    if (proof === entry.proofs[0]) return this.#tellOwn(proof)
    // Carried with what the index knew already when it asked, so that is in the ledger by now.
    if (!(await this.#tailHasCome(partition))) return false
    index.showCarried(proof)
    return true
  }

  async #tellOwn({ entry, partition }: Proof): Promise<boolean> {
    const { view, index } = this.#options
    const { decisionId, ref, kind } = entry.decision
    try {
      const state = await lookUp(view, { ref, bytes: refToBytes(ref) })
      // Never folded anything: the tail will show the first.
      if (state === null) return true
      const standing = standingIn(state, decisionId, kind, entry.ledger)
      if (standing === 'pending') return true
      if (standing === 'untold' || !(await this.#tailHasCome(partition))) return false
      index.showLooked(entry, standing, state)
      return true
    } catch (error) {
      if (!(error instanceof LookupHeld)) throw error
      return false
    }
  }

  /**
   * Waits until the tail is proved to have all that was committed until now, and what comes of all that is in the ledger
   * now. A state may be ahead of it (the loader reads by itself), and only the tail tells that a partition has a new
   * leader, after which nothing is in force for a while.
   */
  async #tailHasCome(partition: number): Promise<boolean> {
    const { view, clock, signal } = this.#options
    const sinceMs = clock.monotonicMs()
    for (;;) {
      const nowMs = clock.monotonicMs()
      if (nowMs - view.ageMs(partition) >= sinceMs) return true
      if (signal.aborted || nowMs - sinceMs > FRESHNESS_MS) return false
      await pause(PROOF_EVERY_MS, signal)
    }
  }
}
