import { describe, expect, test } from 'vitest'
import { FoldOrderError } from './errors.ts'
import { decision, foldAll, type LedgerEntry, saltSource, uuid } from './fixtures/ledger.ts'
import { fold } from './fold.ts'
import type { ConsentState, Decision, DecisionKind } from './model.ts'

/** Record n of the ledger: offset n, appended at 1000 + n, based on what holds then. */
function entry(n: number, kind: DecisionKind, given: Partial<Decision> = {}): LedgerEntry {
  return {
    decision: decision(kind, { decisionId: uuid(n + 1), decidedAtMs: 1000 + n, basedOn: n === 0 ? -1 : n, ...given }),
    at: { offset: n, appendTimeMs: 1000 + n },
  }
}

const last = (...ledger: LedgerEntry[]) => {
  const { state, steps } = foldAll(ledger)
  const step = steps[steps.length - 1]
  if (state === null || step === undefined) throw new Error('an empty ledger')
  return { state, outcome: step.outcome, ended: step.ended, ads: state.purposes['ads'] }
}

const SALT_1 = '1'.padStart(32, '0')
const SALT_2 = '2'.padStart(32, '0')

describe('a grant', () => {
  test('begins at the later of decided-at and append time, with a salt of its own', () => {
    expect(last(entry(0, 'grant', { decidedAtMs: 7, notices: [4], untilMs: [5000] })).state).toEqual({
      position: 1,
      purposes: {
        ads: {
          status: 'granted',
          sinceMs: 1000,
          untilMs: 5000,
          notice: 4,
          noticeSinceMs: 1000,
          noticeBefore: 4,
          salt: SALT_1,
          epoch: 1,
          decisionId: uuid(1),
          ledgerOffset: 0,
          withdrawnPosition: -1,
        },
      },
      recent: [{ decisionId: uuid(1), outcome: 'applied' }],
    })
  })

  test('decided in the future begins then, and a later renewal with a right clock brings it forward', () => {
    expect(last(entry(0, 'grant', { decidedAtMs: 9000 })).ads?.sinceMs).toBe(9000)
    expect(last(entry(0, 'grant', { decidedAtMs: 9000 }), entry(1, 'grant')).ads).toMatchObject({
      sinceMs: 1001,
      salt: SALT_1,
    })
  })

  test('is renewed before it runs out: since and salt stay, notice and until are taken over', () => {
    const { ads, ended } = last(
      entry(0, 'grant', { notices: [3], untilMs: [1002] }),
      entry(1, 'grant', { notices: [4], untilMs: [9000] }),
    )
    expect(ads).toMatchObject({ sinceMs: 1000, salt: SALT_1, notice: 4, untilMs: 9000, ledgerOffset: 1 })
    expect(ended).toEqual([])
  })

  test('keeps the notice it began under for events before a renewal under a higher one', () => {
    const risen = last(entry(0, 'grant', { notices: [3] }), entry(1, 'grant', { notices: [4], decidedAtMs: 1500 }))
    expect(risen.ads).toMatchObject({ sinceMs: 1000, notice: 4, noticeSinceMs: 1500, noticeBefore: 3 })
    const twice = last(
      entry(0, 'grant', { notices: [3] }),
      entry(1, 'grant', { notices: [4] }),
      entry(2, 'grant', { notices: [5] }),
    )
    expect(twice.ads).toMatchObject({ notice: 5, noticeSinceMs: 1002, noticeBefore: 3 })
  })

  test('renewed under the same notice leaves for which events it counts', () => {
    const { ads } = last(
      entry(0, 'grant', { notices: [3] }),
      entry(1, 'grant', { notices: [4] }),
      entry(2, 'grant', { notices: [4] }),
    )
    expect(ads).toMatchObject({ notice: 4, noticeSinceMs: 1001, noticeBefore: 3 })
  })

  test('renewed under a lower notice has it for all events, also after a rise that follows', () => {
    const lowered = [entry(0, 'grant', { notices: [3] }), entry(1, 'grant', { notices: [2] })]
    expect(last(...lowered).ads).toMatchObject({ sinceMs: 1000, notice: 2, noticeBefore: 2 })
    expect(last(...lowered, entry(2, 'grant', { notices: [4] })).ads).toMatchObject({
      notice: 4,
      noticeSinceMs: 1002,
      noticeBefore: 2,
    })
  })

  test('after a withdrawal begins with its own notice alone', () => {
    const { ads } = last(entry(0, 'grant', { notices: [3] }), entry(1, 'withdraw'), entry(2, 'grant', { notices: [4] }))
    expect(ads).toMatchObject({ sinceMs: 1002, notice: 4, noticeSinceMs: 1002, noticeBefore: 4 })
  })

  test('begins anew once the old one has run out, to the millisecond, and the old salt ends', () => {
    const { ads, ended } = last(entry(0, 'grant', { untilMs: [1001] }), entry(1, 'grant'))
    expect(ads).toMatchObject({ sinceMs: 1001, salt: SALT_2 })
    expect(ended).toEqual([{ purpose: 'ads', epoch: 1, salt: SALT_1, reason: 'expired' }])
  })

  test('that has already run out is refused and leaves what holds', () => {
    const { ads, outcome } = last(entry(0, 'grant'), entry(1, 'grant', { untilMs: [1001] }))
    expect(outcome).toBe('refused')
    expect(ads).toMatchObject({ salt: SALT_1, untilMs: null })
  })

  test('based on what held before a later withdrawal is refused', () => {
    const { ads, outcome } = last(entry(0, 'grant'), entry(1, 'withdraw'), entry(2, 'grant', { basedOn: 1 }))
    expect(outcome).toBe('refused')
    expect(ads?.status).toBe('withdrawn')
  })

  test('based on the withdrawal itself is a change of mind and applies', () => {
    const { ads } = last(entry(0, 'grant'), entry(1, 'withdraw'), entry(2, 'grant', { basedOn: 2 }))
    expect(ads).toMatchObject({ status: 'granted', sinceMs: 1002, salt: SALT_2, withdrawnPosition: 2 })
  })

  test.each(['withdraw', 'object', 'erase'] as const)('decided before the %s that holds is refused', (kind) => {
    const ledger = [entry(0, 'grant'), entry(1, kind)]
    const late = last(...ledger, entry(2, 'grant', { decidedAtMs: 1000 }))
    expect(late.outcome).toBe('refused')
    expect(late.ads?.salt).toBeNull()
    expect(last(...ledger, entry(2, 'grant', { decidedAtMs: 1001 })).outcome).toBe('applied')
  })

  test('decided before everything was erased is refused for purposes never heard of too', () => {
    const ledger = [entry(0, 'grant'), entry(1, 'erase', { purposes: [] })]
    const news = (decidedAtMs: number) => entry(2, 'grant', { purposes: ['news'], decidedAtMs })
    expect(last(...ledger, news(1000)).outcome).toBe('refused')
    expect(last(...ledger, news(1001)).outcome).toBe('applied')
  })

  test('decided before a refusal that a grant has lifted since applies', () => {
    const ledger = [entry(0, 'withdraw'), entry(1, 'grant'), entry(2, 'grant', { decidedAtMs: 5 })]
    expect(last(...ledger).outcome).toBe('applied')
  })

  test('based on a state that this ref has not reached is refused', () => {
    expect(last(entry(0, 'grant', { basedOn: 0 })).outcome).toBe('refused')
    expect(last(entry(0, 'grant'), entry(1, 'grant', { basedOn: 2 })).outcome).toBe('refused')
  })

  test('over several purposes is refused as a whole when one of them is', () => {
    const { state, outcome } = last(entry(0, 'withdraw'), entry(1, 'grant', { purposes: ['news', 'ads'], basedOn: 0 }))
    expect(outcome).toBe('refused')
    expect(Object.keys(state.purposes)).toEqual(['ads'])
  })

  test('whose lists do not match is refused', () => {
    expect(last(entry(0, 'grant', { notices: [] })).outcome).toBe('refused')
    expect(last(entry(0, 'grant', { untilMs: [] })).outcome).toBe('refused')
  })
})

describe('withdrawing', () => {
  test.each([
    ['withdraw', 'withdrawn'],
    ['object', 'objected'],
    ['erase', 'erased'],
  ] as const)('by %s ends the grant whatever it is based on, and drops its salt', (kind, status) => {
    const { ads, ended, outcome } = last(entry(0, 'grant'), entry(1, kind, { basedOn: -1 }))
    expect(outcome).toBe('applied')
    expect(ads).toMatchObject({ status, salt: null, epoch: 0, untilMs: null, withdrawnPosition: 2 })
    expect(ended).toEqual([{ purpose: 'ads', epoch: 1, salt: SALT_1, reason: status }])
  })

  test('takes effect at once also when its clock is ahead or its lists do not match', () => {
    expect(last(entry(0, 'grant'), entry(1, 'withdraw', { decidedAtMs: 99_000, notices: [] })).ads?.salt).toBeNull()
  })

  test('a purpose that was never granted is remembered', () => {
    expect(last(entry(0, 'withdraw')).ads).toMatchObject({ status: 'withdrawn', withdrawnPosition: 1 })
  })

  test('everything leaves no purpose as it was, and refuses stale grants of purposes never heard of', () => {
    const ledger = [entry(0, 'grant'), entry(1, 'erase', { purposes: [] })]
    expect(last(...ledger).state).toMatchObject({
      erasedPosition: 2,
      erasedSinceMs: 1001,
      purposes: { ads: { status: 'erased', salt: null } },
    })
    expect(last(...ledger, entry(2, 'grant', { purposes: ['news'], basedOn: 1 })).outcome).toBe('refused')
    expect(last(...ledger, entry(2, 'grant', { purposes: ['news'], basedOn: 2 })).outcome).toBe('applied')
  })

  test('with an empty list of purposes means all of them for a withdrawal too', () => {
    expect(last(entry(0, 'grant'), entry(1, 'withdraw', { purposes: [] })).ads?.status).toBe('withdrawn')
  })
})

describe('repeats', () => {
  test('of a decision id change nothing but the position', () => {
    const once = last(entry(0, 'grant'), entry(1, 'withdraw'), entry(2, 'grant'))
    const again = last(
      entry(0, 'grant'),
      entry(1, 'withdraw'),
      entry(2, 'grant'),
      entry(3, 'withdraw', { decisionId: uuid(2) }),
    )
    expect(again.outcome).toBe('repeated')
    expect(again.state).toEqual({ ...once.state, position: 4 })
  })

  test('a withdrawal that carries the id of a grant is no repeat of it', () => {
    const { ads, outcome } = last(entry(0, 'grant'), entry(1, 'withdraw', { decisionId: uuid(1) }))
    expect(outcome).toBe('applied')
    expect(ads?.status).toBe('withdrawn')
  })

  test('are remembered for the last 32 decisions, and a grant older than that still passes no withdrawal', () => {
    const grants = Array.from({ length: 32 }, (_, i) => entry(i + 2, 'link'))
    const { ads, outcome } = last(
      entry(0, 'grant'),
      entry(1, 'withdraw'),
      ...grants,
      entry(34, 'grant', { decisionId: uuid(1), basedOn: -1 }),
    )
    expect(outcome).toBe('refused')
    expect(ads?.status).toBe('withdrawn')
  })
})

describe('notify', () => {
  test('tells of a purpose that nothing is known of', () => {
    expect(last(entry(0, 'notify', { notices: [2] })).ads).toMatchObject({ status: 'notified', notice: 2, salt: null })
  })

  test.each(['withdraw', 'object', 'erase'] as const)('never lifts what %s took away', (kind) => {
    const { ads, outcome } = last(entry(0, kind), entry(1, 'notify'))
    expect(outcome).toBe('refused')
    expect(ads?.status).not.toBe('notified')
  })

  test('leaves a running grant as it is, and ends one that has run out', () => {
    expect(last(entry(0, 'grant'), entry(1, 'notify')).ads).toMatchObject({ status: 'granted', salt: SALT_1 })
    const { ads, ended } = last(entry(0, 'grant', { untilMs: [1001] }), entry(1, 'notify'))
    expect(ads?.status).toBe('notified')
    expect(ended).toHaveLength(1)
  })

  test('again keeps since', () => {
    expect(last(entry(0, 'notify'), entry(1, 'notify', { notices: [2] })).ads).toMatchObject({
      sinceMs: 1000,
      notice: 2,
      noticeSinceMs: 1001,
      noticeBefore: 1,
    })
  })

  test('after everything was erased does not apply to a purpose never heard of', () => {
    expect(last(entry(0, 'erase', { purposes: [] }), entry(1, 'notify')).state.purposes).toEqual({})
  })
})

describe('expire', () => {
  test('ends a grant that has run out', () => {
    const { ads, ended } = last(entry(0, 'grant', { untilMs: [1001] }), entry(1, 'expire'))
    expect(ads).toMatchObject({ status: 'expired', salt: null, withdrawnPosition: -1 })
    expect(ended).toEqual([{ purpose: 'ads', epoch: 1, salt: SALT_1, reason: 'expired' }])
  })

  test('loses against a renewal that came before it', () => {
    const { ads, outcome } = last(
      entry(0, 'grant', { untilMs: [1002] }),
      entry(1, 'grant', { untilMs: [9000] }),
      entry(2, 'expire'),
    )
    expect(outcome).toBe('refused')
    expect(ads).toMatchObject({ status: 'granted', salt: SALT_1 })
  })
})

test('a record before the position of its state is a bug of the caller', () => {
  const { state } = last(entry(5, 'grant', { basedOn: -1 }))
  expect(() => fold(state, decision('withdraw'), { offset: 5, appendTimeMs: 0 }, saltSource())).toThrow(FoldOrderError)
})

test('a purpose may be called like a property of every object', () => {
  const given = { purposes: ['constructor', '__proto__'], notices: [1, 1], untilMs: [null, null] }
  const { state } = last(entry(0, 'grant', given))
  expect(Object.keys(state.purposes)).toEqual(['constructor', '__proto__'])
  const empty: ConsentState['purposes'] = last(entry(0, 'link')).state.purposes
  expect(empty['toString']).toBeUndefined()
})
