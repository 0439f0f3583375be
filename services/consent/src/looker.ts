import { type ConsentState, refToBytes } from '@weir/consent'
import { type ConsentView, FRESHNESS_MS, pause } from '@weir/consent-view'
import { type Carried, carriedByLast, mayHaveCarried } from './carried.ts'
import type { Proof } from './decision-entry.ts'
import type { DecisionIndex } from './decision-index.ts'
import type { Environment } from './environment.ts'
import { LookupHeld, lookUp } from './look-up.ts'
import { standingIn } from './standing.ts'

/** How long until looks that told nothing are tried again. */
const RETRY_MS = 500

/** Looks under way at once. */
const MAX_AT_ONCE = 1_000

/** Decisions about one device that are folded at once: some tens of milliseconds. */
const MAX_HISTORY = 10_000

/** Ticks prove a partition fresh several times a second. */
const PROOF_EVERY_MS = 20

export interface LookerOptions {
  readonly view: Environment['view'] & Pick<ConsentView, 'ageMs'>
  readonly index: Pick<DecisionIndex, 'showLooked'>
  readonly ledgerIndex: Environment['ledgerIndex']
  readonly clock: Pick<Environment['clock'], 'monotonicMs'>
  readonly signal: AbortSignal
}

/**
 * Looks states up for decisions that the tail may have shown before they were waited for: what was folded while the tail
 * was away or before the start, and what a link carried long ago.
 */
export class Looker {
  readonly #options: LookerOptions
  /** At most the proofs of all entries that are not settled. */
  readonly #waiting = new Set<Proof>()
  #running: Promise<void> | null = null

  constructor(options: LookerOptions) {
    this.#options = options
  }

  /** Looks in the background, until there is an answer: the state shows it, or it is not folded and the tail will. */
  add(proof: Proof): void {
    this.#waiting.add(proof)
    this.#running ??= this.#run()
  }

  /** Looks once, now. What can't be told goes on in the background. */
  async look(proof: Proof): Promise<void> {
    if (!(await this.#tell(proof))) this.add(proof)
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
    if (await this.#tell(proof)) this.#waiting.delete(proof)
  }

  /** Whether there is an answer; false: try again. */
  async #tell(proof: Proof): Promise<boolean> {
    const { view, index, ledgerIndex } = this.#options
    if (proof.shown) return true
    try {
      const state = await lookUp(view, { ref: proof.ref, bytes: refToBytes(proof.ref) })
      // Never folded anything: the tail will show the first.
      if (state === null) return true
      const isOwn = proof === proof.entry.proofs[0]
      const ledger = isOwn ? proof.entry.ledger : ledgerIndex.find(proof.decisionId)
      const standing = standingIn(state, proof.decisionId, proof.kind, ledger)
      if (standing === 'pending') return true
      const carried = isOwn && standing === 'applied' ? this.#carriedBy(proof, state) : []
      if (standing === 'untold' || carried === null || !(await this.#tailHasCome(proof.partition))) return false
      index.showLooked(proof, standing, state, carried)
      return true
    } catch (error) {
      if (!(error instanceof LookupHeld)) throw error
      return false
    }
  }

  /** From the ledger's index, since the state may be a later one; null: that one is not there yet. */
  #carriedBy({ entry, ref }: Proof, state: ConsentState): readonly Carried[] | null {
    const { decision, ledger } = entry
    if (!mayHaveCarried(decision, state)) return []
    if (ledger === null) return null
    const history = this.#options.ledgerIndex.history(ref, ledger.offset + 2, MAX_HISTORY)
    const isWhole = history !== null && !history.hasMore && history.decisions[0]?.offset === ledger.offset
    return isWhole ? carriedByLast(history.decisions) : null
  }

  /**
   * Waits until the tail is proved to have all that was committed until now. A state may be ahead of it (the loader reads
   * by itself), and only the tail tells that a partition has a new leader, after which nothing is in force for a while.
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
