import {
  CONSENT_PARTITIONS,
  type ConsentState,
  carriedAtLink,
  carriedId,
  type Decision,
  LINK_SOURCE,
  type SubjectRef,
} from '@weir/consent'
import { statePartition } from './state-partition.ts'

/**
 * What a decision on a device brings to a data subject the device is linked to. The projector commits it to the ledger in
 * one transaction with the device's state, so whoever sees that state knows that it is on its way: it is folded once all
 * that the ledger held then is.
 */
export interface Carried {
  /** Of consent.state, where the subject is. */
  readonly partition: number
  /**
   * The refusal that comes of it there and of nothing before it, so that any state which shows it proves it. null: there
   * may be none, or one with the same id from long ago, which the person has overruled since; then the tail has to be
   * proved to have come so far.
   */
  readonly refusal: { readonly decisionId: string; readonly ref: SubjectRef } | null
}

/**
 * What has to hold elsewhere too before a decision is in force. `state` is its ref's, with the decision applied last: a
 * link needs what is refused on the device to hold for the subject, a refusal on a device to hold for all that it is
 * linked to.
 */
export function carriedBy(decision: Decision, state: ConsentState): readonly Carried[] {
  const { kind, decisionId, linkedTo } = decision
  if (kind === 'link' && linkedTo !== undefined && carriedAtLink(state, linkedTo).length === 0) return []
  if (!isCarriedOn(decision)) return carriedUntil(decision, state)
  return (state.links ?? []).map((ref) => ({
    partition: statePartition(ref),
    refusal: { decisionId: carriedId(decisionId, ref), ref },
  }))
}

/**
 * As `carriedBy`, where `later` may have had more decisions since, so that what was carried, and to whom, can't be read
 * from it: everybody whom it may have been.
 */
export function carriedUntil(decision: Decision, later: ConsentState): readonly Carried[] {
  const { kind, linkedTo } = decision
  if (kind === 'link') return linkedTo === undefined ? [] : [{ partition: statePartition(linkedTo), refusal: null }]
  return isCarriedOn(decision) && hasOrHadLinks(later) ? EVERYBODY : []
}

/** Whether decisions about this ref may have brought something to others: links come, and go with an erasure. */
export function hasOrHadLinks(state: ConsentState): boolean {
  return state.links !== undefined || state.erasedPosition !== undefined
}

function isCarriedOn({ kind, source }: Decision): boolean {
  return (kind === 'withdraw' || kind === 'object') && source !== LINK_SOURCE
}

const EVERYBODY: readonly Carried[] = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => ({
  partition,
  refusal: null,
}))
