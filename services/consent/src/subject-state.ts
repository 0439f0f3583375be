import type { ConsentState, PurposeState, PurposeStatus } from '@weir/consent'

/** What a subject's state looks like outside: no salt, no epoch, no ledger offsets. */
export interface SubjectState {
  /** Next ledger offset after the last decision folded in; -1 when there is none. A decision's `basedOn`. */
  readonly position: number
  readonly purposes: Readonly<Record<string, SubjectPurpose>>
}

export interface SubjectPurpose {
  readonly status: PurposeStatus
  /** ISO 8601, UTC. */
  readonly since: string
  /** ISO 8601, UTC; null: no end. */
  readonly until: string | null
  readonly notice: number
}

/**
 * Turns a state inside out, field by field, so that a field added to it later stays inside.
 * `tickTimeMs` (broker's clock): a grant whose end it has passed is shown as expired, also before the ledger says so.
 */
export function subjectState(state: ConsentState | null, tickTimeMs: number): SubjectState {
  const purposes = Object.entries(state?.purposes ?? {}).map(([name, purpose]) => [
    name,
    subjectPurpose(purpose, tickTimeMs),
  ])
  return { position: state?.position ?? -1, purposes: Object.fromEntries(purposes) }
}

function subjectPurpose(purpose: PurposeState, tickTimeMs: number): SubjectPurpose {
  const { status, sinceMs, untilMs, notice } = purpose
  const ranOut = status === 'granted' && untilMs !== null && untilMs <= tickTimeMs
  return {
    status: ranOut ? 'expired' : status,
    since: new Date(ranOut ? untilMs : sinceMs).toISOString(),
    until: untilMs === null ? null : new Date(untilMs).toISOString(),
    notice,
  }
}
