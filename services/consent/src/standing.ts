import {
  type ConsentState,
  type DecisionKind,
  type PurposeState,
  RECENT_DECISIONS,
  type RecentDecision,
} from '@weir/consent'
import type { LedgerPlace } from './environment.ts'

/**
 * What the fold made of a decision. `superseded`: folded so long ago that only its absence shows. It was refused, or
 * others have taken its place; nothing of it holds either way.
 */
export type FoldedAs = RecentDecision['outcome'] | 'superseded'

/**
 * What the state of its ref says of a decision; `pending`: it is not folded yet. `untold`: it may be older than what the
 * state remembers, which only its place in the ledger can tell.
 */
export function standingIn(
  state: ConsentState,
  decisionId: string,
  kind: DecisionKind,
  ledger: LedgerPlace | null,
): FoldedAs | 'pending' | 'untold' {
  const recent = state.recent.find((one) => one.decisionId === decisionId && standsFor(one, kind))
  if (recent !== undefined) return recent.outcome
  if (Object.values(state.purposes).some((purpose) => purpose.decisionId === decisionId && fits(purpose, kind))) {
    return 'applied'
  }
  if (ledger === null) return state.recent.length < RECENT_DECISIONS ? 'pending' : 'untold'
  // The position grows with every record of this ref, in the order of the ledger.
  if (state.position <= ledger.offset) return 'pending'
  return takesAway(kind) || kind === 'link' ? 'applied' : 'superseded'
}

/** Kinds that take away, as the fold has them: never refused, and no repeat of a grant with the same id. */
export function takesAway(kind: DecisionKind): boolean {
  return kind === 'withdraw' || kind === 'object' || kind === 'erase'
}

/** Whether a folded decision with the id of one of this kind means that the fold has taken that one in, or drops it. */
export function standsFor(recent: { readonly tookAway?: boolean }, kind: DecisionKind): boolean {
  return !takesAway(kind) || recent.tookAway === true
}

/** A withdrawal is not in force because a grant had its id. */
function fits(purpose: PurposeState, kind: DecisionKind): boolean {
  return !takesAway(kind) || purpose.salt === null
}
