import type { ConsentState, Decision } from '@weir/consent'
import type { Carried } from './carried.ts'
import type { LedgerPlace } from './environment.ts'
import type { FoldedAs } from './standing.ts'
import { statePartition } from './state-partition.ts'

/** A decision that this process follows until it is in force: one that was handed to it, or that somebody asked for. */
export interface DecisionEntry {
  readonly decision: Decision
  /** When the request arrived; null for a decision that was recorded elsewhere: nothing is measured then. */
  readonly receivedMonotonicMs: number | null
  /** Where it stands in the ledger, once that is sure. */
  ledger: LedgerPlace | null
  /** The append under way, so that a repeat meanwhile shares it. */
  appending: Promise<LedgerPlace> | null
  /** An append of it failed with unknown outcome: an earlier copy in the ledger may be our own. */
  unsure: boolean
  folded: Folded | null
  /** Its own first; what it brings to others is known once it is folded. */
  proofs: readonly Proof[]
  /** When it was seen in force (or refused); null while it is pending. */
  settled: { readonly atMs: number; readonly afterMs: number | null } | null
}

/** What the fold made of a decision. */
export interface Folded {
  readonly outcome: FoldedAs
  readonly repeated: boolean
  /** Where consent.state shows it; null when it was read from a state whose place we don't know. */
  readonly at: ConsentPosition | null
}

/** Partition of consent.state, and the next offset after the record that shows the decision. */
export interface ConsentPosition {
  readonly partition: number
  readonly position: number
}

/** One thing that consent.state has to show, for an entry to be in force. */
export interface Proof {
  readonly entry: DecisionEntry
  readonly partition: number
  /** The refusal it brought to somebody; null: the decision itself, or what no single state can show. */
  readonly refusal: Carried['refusal']
  shown: boolean
  /** Shown, and its partition was open then or since. */
  inForce: boolean
}

export function newEntry(
  decision: Decision,
  receivedMonotonicMs: number | null,
  ledger: LedgerPlace | null,
): DecisionEntry {
  const entry: DecisionEntry = {
    decision,
    receivedMonotonicMs,
    ledger,
    appending: null,
    unsure: false,
    folded: null,
    proofs: [],
    settled: null,
  }
  entry.proofs = [proofOf(entry, statePartition(decision.ref), null)]
  return entry
}

export function proofOf(entry: DecisionEntry, partition: number, refusal: Carried['refusal']): Proof {
  return { entry, partition, refusal, shown: false, inForce: false }
}

/** Whether an earlier record with this id, whose content we don't know, is what the fold took in. */
export function isRepeat(entry: DecisionEntry, state: ConsentState): boolean {
  const { ledger, unsure, decision } = entry
  if (ledger === null || unsure) return false
  if (state.position <= ledger.offset) return true
  return Object.values(state.purposes).some(
    (purpose) => purpose.decisionId === decision.decisionId && purpose.ledgerOffset < ledger.offset,
  )
}
