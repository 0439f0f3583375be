import type { ConsentState, Decision, DecisionKind, RecentDecision } from '@weir/consent'
import type { Clock, LedgerPlace } from './environment.ts'
import { Waiters } from './waiters.ts'

/** Decisions kept of those recorded here, and of those only seen in the tail; the oldest go first. */
export const RECORDED_BOUND = 100_000
const SEEN_BOUND = 100_000

export type DecisionStatus = 'pending' | 'effective' | 'refused' | 'repeated'

/** What is known of a decision. */
export interface KnownDecision {
  readonly decisionId: string
  readonly ref: string
  readonly status: DecisionStatus
  /**
   * `repeated`: an earlier decision with this id was folded already and this one changed nothing; that earlier one was
   * applied or refused.
   */
  readonly earlier: RecentDecision['outcome'] | null
  /** When this process saw it in force; null for decisions that were not recorded here: then nobody measured it. */
  readonly effectiveAtMs: number | null
  /** From the request's arrival to that moment. */
  readonly effectiveAfterMs: number | null
  readonly consentPosition: ConsentPosition | null
}

/** Partition of consent.state, and the next offset after the record that shows the decision. */
export interface ConsentPosition {
  readonly partition: number
  readonly position: number
}

/** A decision that was handed to this process. */
export interface RecordedEntry {
  readonly decision: Decision
  readonly receivedMonotonicMs: number
  /** Where it stands in the ledger, once that is sure. */
  ledger: LedgerPlace | null
  /** The append under way, so that a repeat meanwhile shares it. */
  appending: Promise<LedgerPlace> | null
  /** An append of it failed with unknown outcome: an earlier copy in the ledger may be our own. */
  unsure: boolean
  folded: Folded | null
  effective: { readonly atMs: number; readonly afterMs: number } | null
}

/** `afterMs`: from the arrival of the request. */
export type OnSettled = (kind: DecisionKind, status: DecisionStatus, afterMs: number) => void

interface Folded {
  readonly outcome: RecentDecision['outcome']
  readonly repeated: boolean
  /** Where consent.state shows it; null when it was read from a state whose place we don't know. */
  readonly at: ConsentPosition | null
}

interface SeenEntry {
  readonly ref: string
  readonly tookAway: boolean
  readonly folded: Folded
  /** Which opening of the index it was seen in or before. */
  readonly opening: number
}

/**
 * Which decisions are in force, as this process knows it: those recorded here, and those its own read_committed tail
 * of consent.state showed. In memory and bounded, so an id that it does not know proves nothing.
 */
export class DecisionIndex {
  readonly #clock: Clock
  readonly #onSettled: OnSettled
  readonly #recorded = new Map<string, RecordedEntry>()
  readonly #seen = new Map<string, SeenEntry>()
  readonly #waiters = new Waiters()
  #open = false
  /** Counts the openings; what was seen before an opening that has come is in force. */
  #opening = 1
  #pending = 0

  /** `onSettled` hears once of each decision recorded here, when it is seen folded. */
  constructor(clock: Clock, onSettled: OnSettled) {
    this.#clock = clock
    this.#onSettled = onSettled
  }

  /** Decisions recorded here and not yet settled. */
  get pendingCount(): number {
    return this.#pending
  }

  /** The entry of a decision that was recorded here. */
  recorded(decisionId: string): RecordedEntry | undefined {
    return this.#recorded.get(decisionId)
  }

  /** What the tail showed of a decision that was not recorded here. */
  seen(decisionId: string): { readonly ref: string; readonly tookAway: boolean } | undefined {
    return this.#seen.get(decisionId)
  }

  /** Takes in a decision that is about to be appended. */
  register(decision: Decision, receivedMonotonicMs: number): RecordedEntry {
    const entry: RecordedEntry = {
      decision,
      receivedMonotonicMs,
      ledger: null,
      appending: null,
      unsure: false,
      folded: null,
      effective: null,
    }
    this.#recorded.set(decision.decisionId, entry)
    this.#pending++
    for (const [oldest, dropped] of this.#recorded) {
      if (this.#recorded.size <= RECORDED_BOUND) break
      this.#recorded.delete(oldest)
      if (!isSettled(dropped)) this.#pending--
    }
    return entry
  }

  /** Decisions recorded here that nothing has shown as folded yet, oldest first. */
  get unfolded(): Decision[] {
    return [...this.#recorded.values()].filter((entry) => entry.folded === null).map((entry) => entry.decision)
  }

  /** Takes in a state from the tail. `offset` is its record's in consent.state. */
  observe(ref: string, state: ConsentState, partition: number, offset: number): void {
    this.#take(ref, state, { partition, position: offset + 1 })
  }

  /** Takes in a state that was looked up, for what the tail has missed. */
  observeLooked(ref: string, state: ConsentState): void {
    this.#take(ref, state, null)
  }

  #take(ref: string, state: ConsentState, at: ConsentPosition | null): void {
    for (const recent of state.recent) {
      const entry = this.#recorded.get(recent.decisionId)
      if (entry === undefined || entry.decision.ref !== ref) this.#see(recent, ref, at)
      else if (entry.folded === null && standsFor(recent, entry.decision.kind)) {
        entry.folded = { outcome: recent.outcome, repeated: isRepeat(entry, state), at }
        if (this.#open) this.#settle(entry)
      }
    }
  }

  /** Takes in a decision that a state read from the view shows as folded. */
  note(ref: string, recent: RecentDecision): void {
    this.#see(recent, ref, null)
  }

  /**
   * From now on what was seen counts as effective. Called the freshness limit after each start of the tail: until then
   * an isolated former leader may still answer the fences of others.
   */
  open(): void {
    if (this.#open) return
    this.#open = true
    for (const entry of this.#recorded.values()) if (entry.folded !== null) this.#settle(entry)
    this.#waiters.wakeAll()
  }

  /** The tail started over: until the next `open` nothing more counts as effective. What did already still does. */
  withhold(): void {
    if (!this.#open) return
    this.#open = false
    this.#opening++
  }

  get(decisionId: string): KnownDecision | undefined {
    const entry = this.#recorded.get(decisionId)
    if (entry !== undefined) {
      return describe(decisionId, entry.decision.ref, isSettled(entry) ? entry.folded : null, entry)
    }
    const seen = this.#seen.get(decisionId)
    if (seen === undefined) return undefined
    const inForce = this.#open || seen.opening < this.#opening
    return describe(decisionId, seen.ref, inForce ? seen.folded : null, null)
  }

  /** As `get`, after waiting at most `waitMs` for the decision to be known and settled. */
  async wait(decisionId: string, waitMs: number): Promise<KnownDecision | undefined> {
    const endsMs = this.#clock.monotonicMs() + waitMs
    for (;;) {
      const known = this.get(decisionId)
      const leftMs = endsMs - this.#clock.monotonicMs()
      if ((known !== undefined && known.status !== 'pending') || leftMs <= 0) return known
      if (!(await this.#waiters.wait(decisionId, leftMs))) return this.get(decisionId)
    }
  }

  /** Lets everybody who waits go with what is known now; nobody waits from then on. */
  close(): void {
    this.#waiters.close()
  }

  #see(recent: RecentDecision, ref: string, at: ConsentPosition | null): void {
    const tookAway = recent.tookAway === true
    const known = this.#seen.get(recent.decisionId)
    // A withdrawal that took the id of an earlier grant replaces it; else the first sight of an id counts.
    if (known !== undefined && (known.tookAway || !tookAway)) return
    const folded = { outcome: recent.outcome, repeated: false, at }
    this.#seen.set(recent.decisionId, { ref, tookAway, folded, opening: this.#opening })
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= SEEN_BOUND) break
      this.#seen.delete(oldest)
    }
    this.#waiters.wake(recent.decisionId)
  }

  #settle(entry: RecordedEntry): void {
    if (isSettled(entry)) return
    const afterMs = this.#clock.monotonicMs() - entry.receivedMonotonicMs
    entry.effective = { atMs: this.#clock.nowMs(), afterMs }
    this.#pending--
    this.#onSettled(entry.decision.kind, statusOf(entry.folded), afterMs)
    this.#waiters.wake(entry.decision.decisionId)
  }
}

function isSettled(entry: RecordedEntry): boolean {
  return entry.effective !== null
}

/** Kinds that take away, as the fold has them: never refused, and no repeat of a grant with the same id. */
function takesAway(kind: DecisionKind): boolean {
  return kind === 'withdraw' || kind === 'object' || kind === 'erase'
}

/** Whether a folded decision with the id of one of this kind means that the fold has taken that one in, or drops it. */
export function standsFor(recent: { readonly tookAway?: boolean }, kind: DecisionKind): boolean {
  return !takesAway(kind) || recent.tookAway === true
}

/** Whether an earlier record with this id, whose content we don't know, is what the fold took in. */
function isRepeat(entry: RecordedEntry, state: ConsentState): boolean {
  const { ledger, unsure, decision } = entry
  if (ledger === null || unsure) return false
  if (state.position <= ledger.offset) return true
  return Object.values(state.purposes).some(
    (purpose) => purpose.decisionId === decision.decisionId && purpose.ledgerOffset < ledger.offset,
  )
}

function describe(decisionId: string, ref: string, settled: Folded | null, entry: RecordedEntry | null): KnownDecision {
  const status = statusOf(settled)
  const measured = status === 'effective' ? (entry?.effective ?? null) : null
  return {
    decisionId,
    ref,
    status,
    earlier: settled?.repeated === true ? settled.outcome : null,
    effectiveAtMs: measured?.atMs ?? null,
    effectiveAfterMs: measured?.afterMs ?? null,
    consentPosition: settled?.at ?? null,
  }
}

function statusOf(folded: Folded | null): DecisionStatus {
  if (folded === null) return 'pending'
  if (folded.repeated) return 'repeated'
  return folded.outcome === 'applied' ? 'effective' : 'refused'
}
