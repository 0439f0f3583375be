import { eventIs, newestCovered, standing } from './holds.ts'
import { type Basis, DEVICE_DENIES, SUBJECT_MAY } from './may.ts'
import type { ConsentState } from './model.ts'
import { noticeAt } from './notice.ts'

/** A purpose whose grant is asked for. */
export interface NeededPurpose {
  readonly purpose: string
  readonly basis: Basis
  /** Whether an event's own signal (Global Privacy Control) takes this purpose away. */
  readonly gpcDenies: boolean
}

/** One purpose's policies as numbers; made once when contracts are loaded. */
export interface PurposeRule extends NeededPurpose {
  /** Notices of the policy versions in force, ascending; the decision is an index into it. */
  readonly notices: Int32Array
  /** Whether the newest version says what everyone else gives; if not, nothing is published for them. */
  readonly hasOtherwise: boolean
  /** Purposes that must be granted too, such as a channel; whatever their notices. */
  readonly needs: readonly NeededPurpose[]
  /** The purpose that must be granted too for sensitive values to pass; null when no policy speaks of any. */
  readonly sensitiveNeeds: NeededPurpose | null
}

/** Decision: without what needs consent; the newest version's `otherwise` decides. */
export const STRIPPED = -1

/** Decision: nothing is published for this purpose. */
export const WITHHELD = -2

/**
 * Decides one event for one purpose: the index of the policy version that decides (the newest whose notice is not
 * above the grant's), or STRIPPED, or WITHHELD. Pure; all times in Unix milliseconds. Something is allowed only if
 *
 * D1. the subject has one unbroken grant from the event until now: it stands, and began at or before the event;
 * D2. a policy version in force is covered by the notice that the grant had when the event happened;
 * D3. D1, D5 to D8 hold for each purpose that the rule needs as well, each on its own basis;
 * D5. the event's own signal does not deny, where the purpose listens to it;
 * D6. the device, the second subject of the event, has not refused; it never allows anything;
 * D7. the grant has not run out: `until` lies after the event and after the highest tick time seen (before the first
 *     tick, a grant that can run out has);
 * D8. it is on legitimate interest, where it was no grant but being told (`notified`) and no objection;
 * D9. it has a salt: without one no pseudonym of this grant exists. So `notified` is stripped for the purpose itself,
 *     and enough for a purpose that is only needed, since no pseudonym is made of that.
 *
 * (D4 is `sensitiveAllowed`.)
 *
 * @param subject what holds for the data subject; null when unknown
 * @param device what holds for the event's device; null without device or state
 * @param eventTimeMs when it happened, never later than the raw record's append time (the caller sees to it)
 * @param ownSignal whether the event itself carries a signal against (GPC)
 * @param tickTimeMs highest tick time seen, 0 before the first
 */
export function decidePurpose(
  rule: PurposeRule,
  subject: ConsentState | null,
  device: ConsentState | null,
  eventTimeMs: number,
  ownSignal: boolean,
  tickTimeMs: number,
): number {
  const version = allowedVersion(rule, subject, device, eventTimeMs, ownSignal, tickTimeMs)
  if (version >= 0) return version
  return rule.hasOtherwise ? STRIPPED : WITHHELD
}

/**
 * D4: whether sensitive values of one event may pass for one purpose: the event is allowed for it (D1 to D9), and for
 * the purpose that sensitive values need as for any other that is needed. False when no policy speaks of such values.
 * Parameters as in `decidePurpose`.
 */
export function sensitiveAllowed(
  rule: PurposeRule,
  subject: ConsentState | null,
  device: ConsentState | null,
  eventTimeMs: number,
  ownSignal: boolean,
  tickTimeMs: number,
): boolean {
  const need = rule.sensitiveNeeds
  return (
    need !== null &&
    mayPass(need, subject, device, eventTimeMs, ownSignal, tickTimeMs) &&
    allowedVersion(rule, subject, device, eventTimeMs, ownSignal, tickTimeMs) >= 0
  )
}

/** The version that decides; -1 when nothing is allowed. */
function allowedVersion(
  rule: PurposeRule,
  subject: ConsentState | null,
  device: ConsentState | null,
  eventTimeMs: number,
  ownSignal: boolean,
  tickTimeMs: number,
): number {
  if (!mayPass(rule, subject, device, eventTimeMs, ownSignal, tickTimeMs)) return -1
  for (const need of rule.needs) {
    if (!mayPass(need, subject, device, eventTimeMs, ownSignal, tickTimeMs)) return -1
  }
  const grant = subject?.purposes[rule.purpose]
  if (grant === undefined || grant.salt === null) return -1
  return newestCovered(rule.notices, noticeAt(grant, eventTimeMs))
}

/** D1 and D5 to D8 for one purpose. A status that this program does not know allows nothing and, of a device, denies. */
function mayPass(
  { purpose, basis, gpcDenies }: NeededPurpose,
  subject: ConsentState | null,
  device: ConsentState | null,
  eventTimeMs: number,
  ownSignal: boolean,
  tickTimeMs: number,
): boolean {
  if (DEVICE_DENIES[standing(device, purpose)] !== false) return false
  const event = ownSignal && gpcDenies ? 'signalled' : eventIs(subject?.purposes[purpose], eventTimeMs, tickTimeMs)
  return SUBJECT_MAY[basis][standing(subject, purpose)]?.[event] === true
}
