import type { ConsentState } from '@weir/consent'

/** The first `until` of a running grant later than `afterMs`; Infinity when there is none. */
export function nextRunOut(state: ConsentState, afterMs: number): number {
  let next = Number.POSITIVE_INFINITY
  for (const purpose of Object.values(state.purposes)) {
    if (purpose.status !== 'granted' || purpose.untilMs === null) continue
    if (purpose.untilMs > afterMs) next = Math.min(next, purpose.untilMs)
  }
  return next
}
