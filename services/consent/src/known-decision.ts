import type { ConsentPosition, DecisionEntry, Folded } from './decision-entry.ts'
import type { SeenDecision } from './seen-decisions.ts'
import type { FoldedAs } from './standing.ts'

export type SettledStatus = 'effective' | 'refused' | 'repeated' | 'superseded'
export type DecisionStatus = 'pending' | SettledStatus

/** What is known of a decision, as it is told. */
export interface KnownDecision {
  readonly decisionId: string
  readonly ref: string
  readonly status: DecisionStatus
  /** `repeated`: an earlier decision with this id was folded already and this one changed nothing; what became of that. */
  readonly earlier: FoldedAs | null
  /** When this process saw it in force; null for decisions that were not recorded here: then nobody measured it. */
  readonly effectiveAtMs: number | null
  /** From the request's arrival to that moment. */
  readonly effectiveAfterMs: number | null
  readonly consentPosition: ConsentPosition | null
}

export function describeEntry(entry: DecisionEntry): KnownDecision {
  const { decision, folded, settled } = entry
  const status = settled === null ? 'pending' : statusOf(folded)
  const isMeasured = status === 'effective' && settled !== null && settled.afterMs !== null
  return {
    decisionId: decision.decisionId,
    ref: decision.ref,
    status,
    earlier: status === 'repeated' ? (folded?.outcome ?? null) : null,
    effectiveAtMs: isMeasured ? settled.atMs : null,
    effectiveAfterMs: isMeasured ? settled.afterMs : null,
    consentPosition: settled === null ? null : (folded?.at ?? null),
  }
}

/** `isInForce`: whether what was seen counts already. */
export function describeSeen(decisionId: string, seen: SeenDecision, isInForce: boolean): KnownDecision {
  const { ref, outcome, partition, position } = seen
  return {
    decisionId,
    ref,
    status: isInForce ? statusOf({ outcome, repeated: false }) : 'pending',
    earlier: null,
    effectiveAtMs: null,
    effectiveAfterMs: null,
    consentPosition: isInForce && position !== null ? { partition, position } : null,
  }
}

/** Of a decision that the fold has taken in. */
export function statusOf(folded: Pick<Folded, 'outcome' | 'repeated'> | null): SettledStatus {
  if (folded === null) throw new TypeError('a decision that is not folded has no status yet')
  if (folded.repeated) return 'repeated'
  return folded.outcome === 'applied' ? 'effective' : folded.outcome
}
