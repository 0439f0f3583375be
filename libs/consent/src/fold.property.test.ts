import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeStateRecord, encodeState } from './codec.ts'
import { foldAll, type LedgerEntry, ledgers, saltSource } from './fixtures/ledger.ts'
import type { ConsentState, PurposeState } from './model.ts'
import { noticeAt } from './notice.ts'

const TAKES_AWAY: readonly string[] = ['withdraw', 'object', 'erase']

/** Does the record speak of the purpose? Nothing named is everything, for kinds that take away. */
function speaksOf({ decision }: LedgerEntry, purpose: string): boolean {
  return decision.purposes.includes(purpose) || (decision.purposes.length === 0 && TAKES_AWAY.includes(decision.kind))
}

describe('state = fold of the ledger', () => {
  test('F1: folding on from a stored state gives what folding the whole ledger gives', () => {
    fc.assert(
      fc.property(ledgers(), fc.nat(), (ledger, cut) => {
        const at = cut % (ledger.length + 1)
        const whole = foldAll(ledger).state
        const source = saltSource()
        const half = foldAll(ledger.slice(0, at), source).state
        const stored = half === null ? null : decodeStateRecord(encodeState(half))
        const resumed = stored?.kind === 'state' ? stored.state : null
        expect(foldAll(ledger.slice(at), source, resumed).state).toEqual(whole)
      }),
    )
  })

  test('F2: the position is always the next offset after the last record folded', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        const { steps } = foldAll(ledger)
        expect(steps.map((step) => step.state.position)).toEqual(ledger.map((entry) => entry.at.offset + 1))
      }),
    )
  })

  test('F3: a purpose has a salt and an epoch exactly while it is granted', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        for (const { state } of foldAll(ledger).steps) {
          for (const purpose of Object.values(state.purposes)) {
            expect(purpose.salt !== null).toBe(purpose.status === 'granted')
            expect(purpose.epoch !== 0).toBe(purpose.status === 'granted')
          }
        }
      }),
    )
  })

  test('F4: each salt drawn belongs to one grant, ends at most once, is reported then, and never comes back', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        const source = saltSource()
        const { state, steps } = foldAll(ledger, source)
        const ended: string[] = []
        for (const step of steps) {
          ended.push(...step.ended.map((grant) => grant.salt))
          expect(liveSalts(step.state).filter((salt) => ended.includes(salt))).toEqual([])
        }
        expect([...ended, ...liveSalts(state)].sort()).toEqual(source.drawn)
      }),
    )
  })

  test('F5: nothing based on what held before a withdrawal grants or notifies what was withdrawn', () => {
    fc.assert(
      fc.property(ledgers(), fc.constantFrom('ads', 'news', '10', 'constructor'), (ledger, purpose) => {
        let withdrawnAt = -2
        for (const [i, step] of foldAll(ledger).steps.entries()) {
          const entry = ledger[i]
          if (entry === undefined) continue
          if (TAKES_AWAY.includes(entry.decision.kind) && speaksOf(entry, purpose)) withdrawnAt = entry.at.offset
          const now = step.state.purposes[purpose]
          if (now?.ledgerOffset !== entry.at.offset || TAKES_AWAY.includes(entry.decision.kind)) continue
          if (now.status === 'expired') continue
          expect(entry.decision.basedOn).toBeGreaterThan(withdrawnAt)
        }
      }),
    )
  })

  test('F6: right after a withdrawal what it names is not granted, whatever came before', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        for (const [i, step] of foldAll(ledger).steps.entries()) {
          const entry = ledger[i]
          if (entry === undefined || !TAKES_AWAY.includes(entry.decision.kind)) continue
          expect(step.outcome).toBe('applied')
          for (const [name, purpose] of Object.entries(step.state.purposes)) {
            if (speaksOf(entry, name)) expect(purpose.salt).toBeNull()
          }
        }
      }),
    )
  })

  test('F7: repeats, wherever they arrive later, change nothing but positions', () => {
    fc.assert(
      fc.property(ledgers(), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }), (ledger, repeats) => {
        if (ledger.length === 0) return
        const spaced = ledger.map((entry) => ({ ...entry, at: { ...entry.at, offset: entry.at.offset * 10 } }))
        // What people saw, in the spaced ledger; an impossible base stays one.
        const based = spaced.map((entry, i): LedgerEntry => {
          const { basedOn } = ledger[i]?.decision ?? entry.decision
          const seen = ledger.findIndex((earlier) => earlier.at.offset + 1 === basedOn)
          const moved = basedOn < 0 ? -1 : seen < 0 || seen >= i ? 2 ** 40 : (spaced[seen]?.at.offset ?? 0) + 1
          return { ...entry, decision: { ...entry.decision, basedOn: moved } }
        })
        const doubled = [...based]
        for (const [which, later] of repeats) {
          const from = which % based.length
          const original = based[from]
          const after = based[from + (later % (based.length - from))]
          if (original === undefined || after === undefined) continue
          const taken = doubled.filter((entry) => Math.floor(entry.at.offset / 10) === after.at.offset / 10).length
          doubled.push({ ...original, at: { ...after.at, offset: after.at.offset + taken } })
        }
        doubled.sort((a, b) => a.at.offset - b.at.offset)
        const { state } = foldAll(doubled)
        const expected = foldAll(based).state
        expect(state?.purposes).toEqual(expected?.purposes)
        expect(state?.recent).toEqual(expected?.recent)
      }),
    )
  })

  test('F8: decisions on other purposes do not touch a purpose, in whatever order they lie between its own', () => {
    fc.assert(
      fc.property(ledgers(['ads', 'news']), (ledger) => {
        const single = ledger.map((entry): LedgerEntry => {
          const { decision } = entry
          const purposes = decision.purposes.slice(0, 1)
          return {
            ...entry,
            decision: {
              ...decision,
              purposes,
              notices: decision.notices.slice(0, 1),
              untilMs: decision.untilMs.slice(0, 1),
            },
          }
        })
        const without = single.map(
          (entry): LedgerEntry =>
            speaksOf(entry, 'ads') ? entry : { ...entry, decision: { ...entry.decision, kind: 'link' } },
        )
        const ads = foldAll(single).state?.purposes['ads']
        const alone = foldAll(without).state?.purposes['ads']
        // Salts are drawn in turn, so their names differ.
        expect(ads && { ...ads, salt: ads.salt === null }).toEqual(alone && { ...alone, salt: alone.salt === null })
      }),
    )
  })

  test('F9: a refused decision changes no purpose', () => {
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        let before: ConsentState['purposes'] = {}
        for (const step of foldAll(ledger).steps) {
          if (step.outcome === 'refused') {
            expect(step.state.purposes).toEqual(before)
            expect(step.ended).toEqual([])
          }
          before = step.state.purposes
        }
      }),
    )
  })

  test('F10: nothing decided before the refusal that holds grants or notifies', () => {
    let refused = 0
    fc.assert(
      fc.property(ledgers(), (ledger) => {
        let before: ConsentState | null = null
        for (const [i, step] of foldAll(ledger).steps.entries()) {
          const { decision } = ledger[i] as LedgerEntry
          for (const [name, now] of Object.entries(step.state.purposes)) {
            if (now.ledgerOffset !== ledger[i]?.at.offset || TAKES_AWAY.includes(decision.kind)) continue
            const held: PurposeState | undefined = before?.purposes[name]
            const sinceMs: number | undefined = held?.sinceMs ?? before?.erasedSinceMs
            if (sinceMs === undefined || !['withdrawn', 'objected', 'erased'].includes(held?.status ?? 'erased'))
              continue
            refused++
            expect(decision.decidedAtMs).toBeGreaterThanOrEqual(sinceMs)
          }
          before = step.state
        }
      }),
    )
    expect(refused).toBeGreaterThan(0)
  })

  test('F11: the notice for an event is never above one that was shown by its time, nor above the last one', () => {
    fc.assert(
      fc.property(ledgers(['ads']), fc.integer({ min: 960, max: 1500 }), (ledger, eventTimeMs) => {
        const held = foldAll(ledger).state?.purposes['ads']
        if (held?.status !== 'granted' || held.sinceMs > eventTimeMs) return
        const shown = ledger.filter(
          ({ decision, at }) =>
            decision.kind === 'grant' && Math.max(decision.decidedAtMs, at.appendTimeMs) <= eventTimeMs,
        )
        const then = noticeAt(held, eventTimeMs)
        expect(then).toBeLessThanOrEqual(Math.max(...shown.map(({ decision }) => decision.notices[0] ?? 0)))
        expect(then).toBeLessThanOrEqual(held.notice)
      }),
      { numRuns: 1000 },
    )
  })
})

function liveSalts(state: ConsentState | null): string[] {
  return Object.values(state?.purposes ?? {}).flatMap((purpose) => (purpose.salt === null ? [] : [purpose.salt]))
}
