import type { EventIs, Standing } from './may.ts'
import type { ConsentState, PurposeState } from './model.ts'

/** What holds for a ref and a purpose. After everything was erased or withdrawn, one never heard of is refused too. */
export function standing(state: ConsentState | null, purpose: string): Standing {
  if (state === null) return 'absent'
  return state.purposes[purpose]?.status ?? ((state.erasedPosition ?? -1) >= 0 ? 'erased' : 'absent')
}

/** How an event lies to what holds, its own signal aside. @param tickTimeMs highest tick time seen, 0 before the first */
export function eventIs(
  holds: PurposeState | undefined,
  eventTimeMs: number,
  tickTimeMs: number,
): Exclude<EventIs, 'signalled'> {
  if (holds === undefined || !(holds.sinceMs <= eventTimeMs)) return 'earlier'
  if (holds.untilMs !== null && !(tickTimeMs > 0 && Math.max(eventTimeMs, tickTimeMs) < holds.untilMs)) return 'over'
  return 'covered'
}

/** Index of the newest version whose notice is not above the one shown; -1 when none is. */
export function newestCovered(notices: Int32Array, shown: number): number {
  for (let version = notices.length - 1; version >= 0; version--) {
    const notice = notices[version]
    if (notice !== undefined && notice <= shown) return version
  }
  return -1
}
