import type { ConsentState, Decision, DecisionKind, RecentDecision, SubjectRef } from '@weir/consent'
import { type Carried, carriedBy, carriedUntil, hasOrHadLinks } from './carried.ts'
import { type DecisionEntry, isRepeat, newEntry, type Proof, proofOf } from './decision-entry.ts'
import type { Clock, LedgerPlace } from './environment.ts'
import { describeEntry, describeSeen, type KnownDecision, type SettledStatus, statusOf } from './known-decision.ts'
import { type SeenDecision, SeenDecisions } from './seen-decisions.ts'
import { type FoldedAs, standsFor } from './standing.ts'
import { statePartition } from './state-partition.ts'
import { Waiters } from './waiters.ts'
import { Withheld } from './withheld.ts'

/** Decisions kept of those recorded here, and of those asked for that others recorded; the oldest go first. */
export const RECORDED_BOUND = 100_000
const ADOPTED_BOUND = 10_000

/** `afterMs`: from the arrival of the request. */
export type OnSettled = (kind: DecisionKind, status: SettledStatus, afterMs: number) => void

/**
 * Which decisions are in force, as this process knows it: those it follows, and those that its own read_committed tail
 * of consent.state showed. In memory and bounded, so an id that it does not know proves nothing.
 */
export class DecisionIndex {
  readonly #clock: Clock
  readonly #onSettled: OnSettled
  readonly #onSought: (proof: Proof) => void
  readonly #onForgotten: (entry: DecisionEntry) => void
  readonly #recorded = new Map<string, DecisionEntry>()
  readonly #adopted = new Map<string, DecisionEntry>()
  readonly #seen = new SeenDecisions()
  /** Of the entries followed and not settled: refusals carried that no state has shown yet, by decision id. */
  readonly #sought = new Map<string, Set<Proof>>()
  readonly #unsettled = new Set<DecisionEntry>()
  readonly #withheld = new Withheld()
  readonly #waiters = new Waiters()
  #pending = 0

  /**
   * @param onSettled hears once of each decision recorded here, when it is seen in force or refused
   * @param onSought hears of what the tail may have shown already before it was waited for: to be looked up
   * @param onForgotten hears of each decision for which nothing needs to be looked up any more
   */
  constructor(
    clock: Clock,
    onSettled: OnSettled,
    onSought: (proof: Proof) => void,
    onForgotten: (entry: DecisionEntry) => void,
  ) {
    this.#clock = clock
    this.#onSettled = onSettled
    this.#onSought = onSought
    this.#onForgotten = onForgotten
  }

  /** Decisions recorded here and not yet settled. */
  get pendingCount(): number {
    return this.#pending
  }

  /** The entry of a decision that is followed. */
  entry(decisionId: string): DecisionEntry | undefined {
    return this.#recorded.get(decisionId) ?? this.#adopted.get(decisionId)
  }

  /** What a state showed of a decision that is not followed. */
  seen(decisionId: string): SeenDecision | undefined {
    return this.#seen.get(decisionId)
  }

  /** Takes in a decision that is about to be appended. */
  register(decision: Decision, receivedMonotonicMs: number): DecisionEntry {
    this.#pending++
    return this.#follow(this.#recorded, RECORDED_BOUND, decision, receivedMonotonicMs, null)
  }

  /** Follows a decision that stands in the ledger and that somebody else put there, or we before our start. */
  adopt(decision: Decision, ledger: LedgerPlace): DecisionEntry {
    return this.#follow(this.#adopted, ADOPTED_BOUND, decision, null, ledger)
  }

  /** All that has to be shown and was not yet. */
  get unshown(): Proof[] {
    return [...this.#unsettled].flatMap((entry) => entry.proofs.filter((proof) => !proof.shown))
  }

  /** Whether it is followed and not settled. */
  follows(entry: DecisionEntry): boolean {
    return this.#unsettled.has(entry)
  }

  /** Takes in a state from the tail. `offset` is its record's in consent.state. */
  observe(ref: string, state: ConsentState, partition: number, offset: number): void {
    const position = offset + 1
    for (const recent of state.recent) {
      const { decisionId, outcome } = recent
      const entry = this.entry(decisionId)
      if (entry === undefined || entry.decision.ref !== ref) this.#see(recent, ref, state, partition, position)
      else if (entry.folded === null && standsFor(recent, entry.decision.kind)) {
        const carried = recent === state.recent.at(-1) ? carriedBy : carriedUntil
        this.#showFolded(entry, outcome, state, position, carried(entry.decision, state))
      }
      for (const proof of this.#sought.get(decisionId) ?? []) {
        if (proof.refusal?.ref === ref && recent.tookAway === true) this.#show(proof)
      }
    }
  }

  /**
   * A state that was looked up shows what became of a decision, and its partition's tail is proved to have all that was
   * committed until then. Much may have come after the decision: `outcome` is what was concluded from the state.
   */
  showLooked(entry: DecisionEntry, outcome: FoldedAs, state: ConsentState): void {
    if (!this.follows(entry) || entry.folded !== null) return
    this.#showFolded(entry, outcome, state, null, carriedUntil(entry.decision, state))
  }

  /** The tail of a partition is proved to have all that was in the ledger when the proof was first waited for. */
  showCarried(proof: Proof): void {
    if (this.follows(proof.entry) && !proof.shown) this.#show(proof)
  }

  /** A state that was looked up shows a decision which is not followed: known from now on, and not yet as in force. */
  note(ref: SubjectRef, recent: RecentDecision, state: ConsentState): void {
    const { decisionId, outcome, tookAway = false } = recent
    const mayHaveCarried = hasOrHadLinks(state)
    const partition = statePartition(ref)
    this.#seen.add(decisionId, { ref, tookAway, outcome, partition, position: null, mayHaveCarried, opening: null })
  }

  /** From now on nothing more of the partition counts as effective. What did already still does. */
  withhold(partition: number): void {
    this.#withheld.add(partition)
  }

  /** Takes one `withhold` back; the first of each partition is the start's. What was seen counts once all are. */
  release(partition: number): void {
    if (!this.#withheld.remove(partition)) return
    for (const entry of [...this.#unsettled]) {
      for (const proof of entry.proofs) if (proof.shown && proof.partition === partition) proof.inForce = true
      this.#settleIfInForce(entry)
    }
    this.#waiters.wakeAll()
  }

  get(decisionId: string): KnownDecision | undefined {
    const entry = this.entry(decisionId)
    if (entry !== undefined) return describeEntry(entry)
    const seen = this.#seen.get(decisionId)
    if (seen === undefined) return undefined
    return describeSeen(decisionId, seen, !seen.mayHaveCarried && this.#isInForce(seen))
  }

  /** Resolves with true when there may be news of the decision, with false after `waitMs` or when closed. */
  news(decisionId: string, waitMs: number): Promise<boolean> {
    return this.#waiters.wait(decisionId, waitMs)
  }

  /** The ledger's index has learned of the decision. */
  wake(decisionId: string): void {
    this.#waiters.wake(decisionId)
  }

  /** Lets everybody who waits go with what is known now; nobody waits from then on. */
  close(): void {
    this.#waiters.close()
  }

  #follow(
    kept: Map<string, DecisionEntry>,
    bound: number,
    decision: Decision,
    receivedMonotonicMs: number | null,
    ledger: LedgerPlace | null,
  ): DecisionEntry {
    const entry = newEntry(decision, receivedMonotonicMs, ledger)
    kept.set(decision.decisionId, entry)
    this.#unsettled.add(entry)
    for (const [oldest, dropped] of kept) {
      if (kept.size <= bound) break
      kept.delete(oldest)
      this.#forget(dropped)
    }
    return entry
  }

  #see(recent: RecentDecision, ref: string, state: ConsentState, partition: number, position: number): void {
    const { decisionId, outcome, tookAway = false } = recent
    const mayHaveCarried = hasOrHadLinks(state)
    const opening = this.#withheld.opening(partition)
    const isNew = this.#seen.add(decisionId, { ref, tookAway, outcome, partition, position, mayHaveCarried, opening })
    if (isNew) this.#waiters.wake(decisionId)
  }

  #isInForce({ partition, opening }: SeenDecision): boolean {
    return opening !== null && this.#withheld.hasCome(partition, opening)
  }

  #showFolded(
    entry: DecisionEntry,
    outcome: FoldedAs,
    state: ConsentState,
    position: number | null,
    carried: readonly Carried[],
  ): void {
    const [own] = entry.proofs
    if (own === undefined) return
    const at = position === null ? null : { partition: own.partition, position }
    entry.folded = { outcome, repeated: isRepeat(entry, state), at }
    if (outcome === 'applied') this.#seekCarried(entry, carried)
    this.#show(own)
  }

  #show(proof: Proof): void {
    proof.shown = true
    proof.inForce = this.#withheld.isOpen(proof.partition)
    this.#seekNoMore(proof)
    this.#settleIfInForce(proof.entry)
  }

  #seekCarried(entry: DecisionEntry, carried: readonly Carried[]): void {
    const proofs = carried.map(({ partition, refusal }) => {
      const proof = proofOf(entry, partition, refusal)
      const seen = refusal === null ? undefined : this.#seen.get(refusal.decisionId)
      proof.shown = seen !== undefined && seen.opening !== null && seen.ref === refusal?.ref && seen.tookAway
      proof.inForce = proof.shown && seen !== undefined && this.#isInForce(seen)
      return proof
    })
    entry.proofs = [...entry.proofs, ...proofs]
    for (const proof of proofs) {
      if (proof.shown) continue
      if (proof.refusal !== null) {
        const { decisionId } = proof.refusal
        const sought = this.#sought.get(decisionId) ?? new Set()
        this.#sought.set(decisionId, sought.add(proof))
      }
      this.#onSought(proof)
    }
  }

  #seekNoMore(proof: Proof): void {
    if (proof.refusal === null) return
    const { decisionId } = proof.refusal
    const sought = this.#sought.get(decisionId)
    if (sought?.delete(proof) && sought.size === 0) this.#sought.delete(decisionId)
  }

  #settleIfInForce(entry: DecisionEntry): void {
    if (!this.#unsettled.has(entry) || !entry.proofs.every((proof) => proof.inForce)) return
    const { decision, receivedMonotonicMs } = entry
    const afterMs = receivedMonotonicMs === null ? null : this.#clock.monotonicMs() - receivedMonotonicMs
    entry.settled = { atMs: this.#clock.nowMs(), afterMs }
    this.#forget(entry)
    if (afterMs !== null) this.#onSettled(decision.kind, statusOf(entry.folded), afterMs)
    this.#waiters.wake(decision.decisionId)
  }

  /** Follows it no more: it is settled, or among too many. */
  #forget(entry: DecisionEntry): void {
    if (!this.#unsettled.delete(entry)) return
    if (entry.receivedMonotonicMs !== null) this.#pending--
    for (const proof of entry.proofs) this.#seekNoMore(proof)
    this.#onForgotten(entry)
  }
}
