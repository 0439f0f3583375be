import type { NeededPurpose, PurposeRule } from './decide.ts'
import { eventIs, newestCovered, standing } from './holds.ts'
import { DEVICE_DENIES, type Standing, SUBJECT_MAY } from './may.ts'
import type { ConsentState } from './model.ts'
import { noticeAt } from './notice.ts'

/** Why an event is not granted for a purpose, for people. Where several things stand against it, the first of these. */
export type Reason =
  /** Nothing is known of the person for this purpose. */
  | 'no-grant'
  | 'withdrawn'
  | 'objected'
  | 'expired'
  | 'erased'
  /** They were told, which is no consent; or it is enough, but gives no pseudonym. */
  | 'told-only'
  /** A status that this program does not know. */
  | 'unknown-status'
  /** The event happened before the grant that holds now began. */
  | 'before-grant'
  /** The grant has run out. */
  | 'grant-over'
  | 'device-refused'
  /** The event carries a signal of its own against it (GPC). */
  | 'own-signal'
  /** Something of the same kind stands against another purpose that is needed too. */
  | 'needed-purpose'
  /** No policy in force is covered by the notice that was shown. */
  | 'older-notice'

/**
 * Why `decidePurpose` does not grant, null when it does; parameters as there. It is for counting and explaining: nothing
 * is published by it.
 */
export function reasonOfPurpose(
  rule: PurposeRule,
  subject: ConsentState | null,
  device: ConsentState | null,
  eventTimeMs: number,
  ownSignal: boolean,
  tickTimeMs: number,
): Reason | null {
  const own = reasonOfOne(rule, subject, device, eventTimeMs, ownSignal, tickTimeMs)
  if (own !== null) return own
  for (const need of rule.needs) {
    if (reasonOfOne(need, subject, device, eventTimeMs, ownSignal, tickTimeMs) !== null) return 'needed-purpose'
  }
  const grant = subject?.purposes[rule.purpose]
  if (grant === undefined || grant.salt === null) return 'told-only'
  return newestCovered(rule.notices, noticeAt(grant, eventTimeMs)) < 0 ? 'older-notice' : null
}

function reasonOfOne(
  { purpose, basis, gpcDenies }: NeededPurpose,
  subject: ConsentState | null,
  device: ConsentState | null,
  eventTimeMs: number,
  ownSignal: boolean,
  tickTimeMs: number,
): Reason | null {
  const stands = standing(subject, purpose)
  if (SUBJECT_MAY[basis][stands]?.covered !== true) return reasonOfStanding(stands)
  const event = eventIs(subject?.purposes[purpose], eventTimeMs, tickTimeMs)
  if (event === 'earlier') return 'before-grant'
  if (event === 'over') return 'grant-over'
  if (DEVICE_DENIES[standing(device, purpose)] !== false) return 'device-refused'
  return ownSignal && gpcDenies ? 'own-signal' : null
}

function reasonOfStanding(stands: Standing): Reason {
  switch (stands) {
    case 'absent':
      return 'no-grant'
    case 'withdrawn':
    case 'objected':
    case 'expired':
    case 'erased':
      return stands
    case 'notified':
      return 'told-only'
    default:
      return 'unknown-status'
  }
}
