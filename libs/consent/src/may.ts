import type { PurposeStatus } from './model.ts'

export type Basis = 'consent' | 'legitimate-interest'

/** What holds for a ref and a purpose; `absent`: nothing does. */
export type Standing = PurposeStatus | 'absent'

/**
 * How an event lies to what holds; the first that fits.
 * - `signalled`: it carries a signal of its own against the purpose, and the purpose listens to it (GPC)
 * - `earlier`: it happened before what holds began
 * - `over`: what holds has run out by now
 * - `covered`: none of these
 */
export type EventIs = 'signalled' | 'earlier' | 'over' | 'covered'

type Cells = Readonly<Record<EventIs, boolean>>

const NEVER: Cells = { signalled: false, earlier: false, over: false, covered: false }
const WHEN_COVERED: Cells = { signalled: false, earlier: false, over: false, covered: true }

/** May what holds for the data subject let this event pass, on this basis? State × event; a missing cell does not compile. */
export const SUBJECT_MAY: Readonly<Record<Basis, Readonly<Record<Standing, Cells>>>> = {
  consent: {
    granted: WHEN_COVERED,
    // Being told is no consent.
    notified: NEVER,
    withdrawn: NEVER,
    objected: NEVER,
    expired: NEVER,
    erased: NEVER,
    absent: NEVER,
  },
  'legitimate-interest': {
    granted: WHEN_COVERED,
    // Told, and has not objected.
    notified: WHEN_COVERED,
    withdrawn: NEVER,
    objected: NEVER,
    expired: NEVER,
    erased: NEVER,
    absent: NEVER,
  },
}

/**
 * Does what holds for the event's device take it away? Only an explicit refusal does, whenever the event was; a device
 * never allows anything.
 */
export const DEVICE_DENIES: Readonly<Record<Standing, boolean>> = {
  withdrawn: true,
  objected: true,
  erased: true,
  granted: false,
  notified: false,
  // A grant of the device that ran out is absence, not refusal.
  expired: false,
  absent: false,
}
