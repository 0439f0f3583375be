import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConsentValueError } from './errors.ts'
import { decision, foldAll, type LedgerEntry, ledgers, SUBJECTS, uuid } from './fixtures/ledger.ts'
import { carriedId, LINK_SOURCE } from './link.ts'
import { type ConsentState, type Decision, type DecisionKind, MAX_LINKS, type SubjectRef } from './model.ts'

const [ANN, BOB] = SUBJECTS as [SubjectRef, SubjectRef]
const REFUSES: readonly string[] = ['withdraw', 'object']

/** Record n of the device's ledger. */
function entry(n: number, kind: DecisionKind, given: Partial<Decision> = {}): LedgerEntry {
  return {
    decision: decision(kind, { decisionId: uuid(n + 1), decidedAtMs: 1000 + n, basedOn: n === 0 ? -1 : n, ...given }),
    at: { offset: n, appendTimeMs: 1000 + n },
  }
}

const link = (n: number, linkedTo: SubjectRef): LedgerEntry => entry(n, 'link', { purposes: [], linkedTo })

const carriedBy = (...ledger: LedgerEntry[]): readonly Decision[] => foldAll(ledger).steps.at(-1)?.carried ?? []

/** The carried decisions as a ledger of one subject, appended after `n`. */
function ledgerOf(subject: SubjectRef, carried: readonly Decision[], n: number): LedgerEntry[] {
  const own = carried.filter(({ ref }) => ref === subject)
  return own.map((decision, i) => ({ decision, at: { offset: n + i, appendTimeMs: 5000 + n + i } }))
}

describe('a link', () => {
  test('to no subject, or to the device itself, is refused and moves the position on', () => {
    const self = decision('link').ref
    for (const given of [{}, { linkedTo: self }]) {
      const { state, steps } = foldAll([entry(0, 'link', given)])
      expect(steps[0]).toMatchObject({ outcome: 'refused', carried: [] })
      expect(state).toMatchObject({ position: 1, purposes: {} })
      expect(state).not.toHaveProperty('links')
    }
  })

  test('puts the subject last, once, and with one more than eight the oldest goes', () => {
    expect(foldAll([link(0, ANN), link(1, BOB), link(2, ANN)]).state?.links).toEqual([BOB, ANN])
    const many = Array.from({ length: MAX_LINKS + 1 }, (_, i) => i.toString(16).padStart(32, '0') as SubjectRef)
    expect(foldAll(many.map((subject, i) => link(i, subject))).state?.links).toEqual(many.slice(1))
  })

  test('is gone when everything of the device is erased, and stays through other erasures', () => {
    expect(foldAll([link(0, ANN), entry(1, 'erase', { purposes: ['ads'] })]).state?.links).toEqual([ANN])
    expect(foldAll([link(0, ANN), entry(1, 'erase', { purposes: [] })]).state).not.toHaveProperty('links')
  })
})

describe('a refusal on a device', () => {
  test('made before the link is carried with it: one for each decision that still refuses something', () => {
    const carried = carriedBy(
      entry(0, 'withdraw', { purposes: ['ads', 'news'] }),
      entry(1, 'object', { purposes: ['mail'] }),
      entry(2, 'withdraw', { purposes: ['calls'] }),
      entry(3, 'grant', { purposes: ['news', 'calls'] }),
      link(4, ANN),
    )
    expect(carried).toEqual([
      { ...CARRIED, kind: 'withdraw', decisionId: carriedId(uuid(1), ANN), purposes: ['ads'], decidedAtMs: 1000 },
      { ...CARRIED, kind: 'object', decisionId: carriedId(uuid(2), ANN), purposes: ['mail'], decidedAtMs: 1001 },
    ])
  })

  test('made after the link is carried to each linked subject, with what it said of itself', () => {
    const given = { purposes: ['ads'], jurisdiction: 'DE', decidedAtMs: 77, basedOn: 2 }
    const carried = carriedBy(link(0, ANN), link(1, BOB), entry(2, 'object', given))
    const common = { ...CARRIED, kind: 'object', purposes: ['ads'], jurisdiction: 'DE', decidedAtMs: 77 }
    expect(carried).toEqual([
      { ...common, ref: ANN, decisionId: carriedId(uuid(3), ANN) },
      { ...common, ref: BOB, decisionId: carriedId(uuid(3), BOB) },
    ])
  })

  test('of everything is carried as that, also by a device that no purpose was ever heard of', () => {
    const all = entry(0, 'withdraw', { purposes: [], notices: [], untilMs: [] })
    const later = entry(1, 'object', { purposes: ['ads'] })
    const carried = carriedBy(all, later, link(2, ANN))
    expect(carried.map(({ kind, purposes, decisionId }) => [kind, purposes, decisionId])).toEqual([
      ['withdraw', [], carriedId(uuid(1), ANN)],
      ['object', ['ads'], carriedId(uuid(2), ANN)],
    ])
  })

  test('that was erased since, or is an erasure itself, is carried to nobody', () => {
    const all = { purposes: [], notices: [], untilMs: [] }
    expect(carriedBy(entry(0, 'withdraw', all), entry(1, 'erase', all), link(2, ANN))).toEqual([])
    expect(carriedBy(link(0, ANN), entry(1, 'erase'))).toEqual([])
  })

  test('that was carried itself goes no further, so two devices linked to each other come to an end', () => {
    expect(carriedBy(link(0, ANN), entry(1, 'withdraw', { source: LINK_SOURCE }))).toEqual([])
  })

  test('is not carried again by linking again, and is when the link had been pushed out', () => {
    const refused = [entry(0, 'withdraw'), link(1, ANN)]
    expect(carriedBy(...refused, link(2, ANN))).toEqual([])
    const others = Array.from({ length: MAX_LINKS }, (_, i) => link(i + 2, `${i}${i}`.repeat(16) as SubjectRef))
    const again = carriedBy(...refused, ...others, link(20, ANN))
    expect(again.map(({ decisionId }) => decisionId)).toEqual([carriedId(uuid(1), ANN)])
  })
})

describe('a carried refusal', () => {
  const granted = entry(0, 'grant', { ref: ANN, decisionId: uuid(100) })
  const carried = ledgerOf(ANN, carriedBy(link(0, ANN), entry(1, 'withdraw')), 1)

  test('ends the grant that the subject has, and orders its pseudonym forgotten', () => {
    const { state, steps } = foldAll([granted, ...carried])
    expect(state?.purposes['ads']).toMatchObject({ status: 'withdrawn', salt: null })
    expect(steps.at(-1)?.ended).toEqual([
      { purpose: 'ads', epoch: 1, salt: '1'.padStart(32, '0'), reason: 'withdrawn' },
    ])
    expect(state?.recent.at(-1)).toEqual({
      decisionId: carriedId(uuid(2), ANN),
      outcome: 'applied',
      tookAway: true,
    })
  })

  test('is lifted by a grant of the subject that knew of it, with a new salt; an older one is refused', () => {
    const later = (basedOn: number): LedgerEntry => ({
      decision: decision('grant', { ref: ANN, decisionId: uuid(101), decidedAtMs: 9000, basedOn }),
      at: { offset: 5, appendTimeMs: 9000 },
    })
    expect(foldAll([granted, ...carried, later(1)]).steps.at(-1)?.outcome).toBe('refused')
    const { state } = foldAll([granted, ...carried, later(2)])
    expect(state?.purposes['ads']).toMatchObject({ status: 'granted', salt: '2'.padStart(32, '0') })
    const repeated = foldAll([
      granted,
      ...carried,
      later(2),
      ...ledgerOf(
        ANN,
        carried.map((c) => c.decision),
        6,
      ),
    ])
    expect(repeated.steps.at(-1)?.outcome).toBe('repeated')
    expect(repeated.state?.purposes['ads']?.status).toBe('granted')
  })

  test('has an id that tells neither by itself, and gives the first back', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.constantFrom(...SUBJECTS), (id, subject) => {
        expect(carriedId(id, subject)).not.toBe(id)
        expect(carriedId(carriedId(id, subject), subject)).toBe(id)
      }),
    )
    expect(() => carriedId('x', ANN)).toThrow(ConsentValueError)
    expect(() => carriedId(uuid(1), 'x' as SubjectRef)).toThrow(ConsentValueError)
  })
})

describe('whatever a device’s ledger holds', () => {
  test('L1: each refusal that holds in the end was carried to each subject that is linked in the end', () => {
    let seen = 0
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        const { state, steps } = foldAll(ledger)
        const carried = new Set(steps.flatMap((step) => step.carried).map(({ decisionId }) => decisionId))
        for (const subject of state?.links ?? []) {
          for (const id of refusedBy(state)) {
            seen++
            expect(carried).toContain(carriedId(id, subject))
          }
        }
      }),
    )
    expect(seen).toBeGreaterThan(0)
  })

  test('L2: whether the link or the refusal came first, the subject is refused the same', () => {
    const refusals = ledgers().map((ledger) => ledger.filter(({ decision }) => REFUSES.includes(decision.kind)))
    fc.assert(
      fc.property(refusals, fc.nat(), (ledger, cut) => {
        const at = cut % (ledger.length + 1)
        const place = { offset: (ledger[at - 1]?.at.offset ?? -1) + 1, appendTimeMs: 1000 }
        const linked = { decision: decision('link', { decisionId: uuid(999), linkedTo: ANN, purposes: [] }), at: place }
        const spaced = ledger.map((one, i) => (i < at ? one : { ...one, at: { ...one.at, offset: one.at.offset + 1 } }))
        const device = foldAll([...spaced.slice(0, at), linked, ...spaced.slice(at)])
        const subject = foldAll(
          ledgerOf(
            ANN,
            device.steps.flatMap((step) => step.carried),
            0,
          ),
        ).state
        for (const [purpose, { status }] of Object.entries(device.state?.purposes ?? {})) {
          const own = subject?.purposes[purpose]?.status ?? ((subject?.erasedPosition ?? -1) >= 0 ? status : undefined)
          expect(own).toBe(status)
        }
        expect(subject?.refusedAll === undefined).toBe(device.state?.refusedAll === undefined)
      }),
    )
  })

  test('L3: a repeat carries nothing, and neither do grants, notices, expiries and erasures, applied or refused', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        for (const [i, { carried, state }] of foldAll(ledger).steps.entries()) {
          const one = ledger[i] as LedgerEntry
          if (!REFUSES.includes(one.decision.kind) && one.decision.kind !== 'link') expect(carried).toEqual([])
          const at = { ...one.at, offset: one.at.offset + 1 }
          const [again] = foldAll([{ ...one, at }], undefined, { ...state, position: at.offset }).steps
          expect(again?.carried).toEqual([])
        }
      }),
    )
  })

  test('L4: all that is carried goes to a linked subject, refuses, and is never refused there', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        const { steps } = foldAll(ledger)
        for (const { carried, state } of steps) {
          for (const one of carried) {
            expect(state.links).toContain(one.ref)
            expect(REFUSES).toContain(one.kind)
            expect(one.source).toBe(LINK_SOURCE)
          }
        }
        for (const subject of SUBJECTS) {
          const own = ledgerOf(
            subject,
            steps.flatMap((step) => step.carried),
            0,
          )
          for (const { outcome } of foldAll(own).steps) expect(outcome).not.toBe('refused')
        }
      }),
    )
  })
})

const CARRIED = {
  ref: ANN,
  source: LINK_SOURCE,
  notices: [0],
  jurisdiction: null,
  untilMs: [null],
  basedOn: -1,
}

function refusedBy(state: ConsentState | null): string[] {
  const ids = Object.values(state?.purposes ?? {})
    .filter(({ status }) => status === 'withdrawn' || status === 'objected')
    .map(({ decisionId }) => decisionId)
  return state?.refusedAll === undefined ? ids : [...ids, state.refusedAll.decisionId]
}
