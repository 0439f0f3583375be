import {
  type ConsentState,
  carriedAtLink,
  carriedId,
  type Decision,
  fold,
  LINK_SOURCE,
  type SubjectRef,
} from '@weir/consent'
import type { FoundDecision } from './ledger-index/store.ts'

/** A refusal that a decision on a device brings to a data subject the device is linked to. */
export interface Carried {
  readonly decisionId: string
  readonly ref: SubjectRef
}

/**
 * What has to hold elsewhere too before a decision is in force. `state` is its ref's, with the decision applied last: a
 * link needs what is refused on the device to hold for the subject, a refusal on a device to hold for all that it is
 * linked to.
 */
export function carriedBy(decision: Decision, state: ConsentState): readonly Carried[] {
  const { kind, decisionId, source, linkedTo } = decision
  if (kind === 'link') return linkedTo === undefined ? [] : carriedAtLink(state, linkedTo)
  if ((kind !== 'withdraw' && kind !== 'object') || source === LINK_SOURCE) return []
  return (state.links ?? []).map((ref) => ({ decisionId: carriedId(decisionId, ref), ref }))
}

/** Whether a later state leaves open what `carriedBy` would have said: links come, and go with an erasure. */
export function mayHaveCarried({ kind }: Decision, later: ConsentState): boolean {
  if (kind === 'link') return true
  return (kind === 'withdraw' || kind === 'object') && (later.links !== undefined || later.erasedPosition !== undefined)
}

/** What the fold carried when it took in the last of these: all decisions about its ref up to it, newest first. */
export function carriedByLast(decisions: readonly FoundDecision[]): readonly Carried[] {
  let state: ConsentState | null = null
  let carried: readonly Carried[] = []
  for (const { decision, offset, appendTimeMs } of [...decisions].reverse()) {
    const folded = fold(state, decision, { offset, appendTimeMs }, NO_SALTS)
    state = folded.state
    carried = folded.carried
  }
  return carried
}

/** The states that are folded here are looked at for what was carried alone. */
const NO_SALTS = { salt: () => '', epoch: 0 }
