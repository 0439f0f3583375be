import type { PurposeState, PurposeStatus } from './model.ts'
import { noticeAt } from './notice.ts'

/** One purpose's policies as numbers; made once when contracts are loaded. */
export interface PurposeRule {
  readonly purpose: string
  /** Notices of the policy versions in force, ascending; the decision is an index into it. */
  readonly notices: Int32Array
  /** Whether the newest version says what everyone else gives; if not, nothing is published for them. */
  readonly hasOtherwise: boolean
  readonly basis: Basis
  /** Whether an event's own signal (Global Privacy Control) takes this purpose away. */
  readonly gpcDenies: boolean
}

export type Basis = 'consent' | 'legitimate-interest'

/** Decision: without what needs consent; the newest version's `otherwise` decides. */
export const STRIPPED = -1

/** Decision: nothing is published for this purpose. */
export const WITHHELD = -2

/** May the subject's own status allow anything, on this basis? A missing cell does not compile. */
const SUBJECT_MAY: Readonly<Record<PurposeStatus | 'absent', Readonly<Record<Basis, boolean>>>> = {
  granted: { consent: true, 'legitimate-interest': true },
  // Being told is enough on legitimate interest only. It has no salt yet, so rule 5 below still denies it.
  notified: { consent: false, 'legitimate-interest': true },
  withdrawn: { consent: false, 'legitimate-interest': false },
  objected: { consent: false, 'legitimate-interest': false },
  expired: { consent: false, 'legitimate-interest': false },
  erased: { consent: false, 'legitimate-interest': false },
  absent: { consent: false, 'legitimate-interest': false },
}

/** Does the device's status deny? Only an explicit refusal does; a device never allows anything. */
const DEVICE_DENIES: Readonly<Record<PurposeStatus | 'absent', boolean>> = {
  withdrawn: true,
  objected: true,
  erased: true,
  granted: false,
  notified: false,
  // A grant of the device that ran out is absence, not refusal.
  expired: false,
  absent: false,
}

/**
 * Decides one event for one purpose: the index of the policy version that decides (the newest whose notice is not
 * above the grant's at the event), or STRIPPED, or WITHHELD. Pure; all times in Unix milliseconds. Something is
 * allowed only if
 *
 * 1. the subject's status may allow on this purpose's basis;
 * 2. the device does not refuse, and the event's own signal does not deny where the purpose listens to it;
 * 3. the grant began at or before the event: grants are not retroactive;
 * 4. it has not run out: `until` lies after the event and after the highest tick time seen (without a tick, a grant that
 *    can run out has);
 * 5. it has a salt: without one no pseudonym of this grant exists. So `notified` is stripped until a later version
 *    gives it a salt of its own;
 * 6. a policy version in force is covered by the notice that the grant had when the event happened.
 *
 * @param purposeState what holds for the subject and this purpose; undefined when unknown
 * @param deviceState what holds for the event's device and this purpose; undefined without device or state
 * @param eventTimeMs when it happened, never later than the raw record's append time (the caller sees to it)
 * @param ownSignalDenies whether the event itself carries a signal against (GPC)
 * @param tickTimeMs highest tick time seen, 0 before the first
 */
export function decidePurpose(
  rule: PurposeRule,
  purposeState: PurposeState | undefined,
  deviceState: PurposeState | undefined,
  eventTimeMs: number,
  ownSignalDenies: boolean,
  tickTimeMs: number,
): number {
  const version = allowedVersion(rule, purposeState, deviceState, eventTimeMs, ownSignalDenies, tickTimeMs)
  if (version >= 0) return version
  return rule.hasOtherwise ? STRIPPED : WITHHELD
}

function allowedVersion(
  rule: PurposeRule,
  subject: PurposeState | undefined,
  device: PurposeState | undefined,
  eventTimeMs: number,
  ownSignalDenies: boolean,
  tickTimeMs: number,
): number {
  if (subject === undefined || SUBJECT_MAY[subject.status]?.[rule.basis] !== true) return -1
  if (DEVICE_DENIES[device?.status ?? 'absent'] !== false) return -1
  if (ownSignalDenies && rule.gpcDenies) return -1
  if (!(subject.sinceMs <= eventTimeMs)) return -1
  // Ticks may lag behind events, so both are compared.
  const atMs = Math.max(eventTimeMs, tickTimeMs)
  if (subject.untilMs !== null && !(tickTimeMs > 0 && atMs < subject.untilMs)) return -1
  if (subject.salt === null) return -1
  return newestCovered(rule.notices, noticeAt(subject, eventTimeMs))
}

/** Index of the newest version whose notice is not above the one shown; -1 when none is. */
function newestCovered(notices: Int32Array, shown: number): number {
  for (let version = notices.length - 1; version >= 0; version--) {
    const notice = notices[version]
    if (notice !== undefined && notice <= shown) return version
  }
  return -1
}
