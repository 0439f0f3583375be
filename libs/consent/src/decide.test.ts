import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decidePurpose, type PurposeRule, STRIPPED, WITHHELD } from './decide.ts'
import { uuid } from './fixtures/ledger.ts'
import type { PurposeState, PurposeStatus } from './model.ts'

const STATUSES: readonly PurposeStatus[] = ['granted', 'withdrawn', 'objected', 'notified', 'expired', 'erased']

const GRANT: PurposeState = {
  status: 'granted',
  sinceMs: 1000,
  untilMs: null,
  notice: 3,
  noticeSinceMs: 1000,
  noticeBefore: 3,
  salt: '0f'.repeat(16),
  epoch: 1,
  decisionId: uuid(1),
  ledgerOffset: 0,
  withdrawnPosition: -1,
}

const RULE: PurposeRule = {
  purpose: 'ads',
  notices: Int32Array.of(1, 3, 5),
  hasOtherwise: true,
  basis: 'consent',
  gpcDenies: true,
}

/** Everything allows; each test takes one thing away. */
const decide = (given: {
  rule?: Partial<PurposeRule>
  state?: Partial<PurposeState> | null
  device?: Partial<PurposeState>
  eventTimeMs?: number
  ownSignal?: boolean
  tickTimeMs?: number
}): number =>
  decidePurpose(
    { ...RULE, ...given.rule },
    given.state === null ? undefined : { ...GRANT, ...given.state },
    given.device === undefined ? undefined : { ...GRANT, ...given.device },
    given.eventTimeMs ?? 2000,
    given.ownSignal ?? false,
    given.tickTimeMs ?? 3000,
  )

interface Inputs {
  readonly rule: PurposeRule
  readonly state: PurposeState | undefined
  readonly device: PurposeState | undefined
  readonly eventTimeMs: number
  readonly ownSignal: boolean
  readonly tickTimeMs: number
}

/** Small numbers, so that edges meet. States as the fold never makes them (a grant without a salt) are in it too. */
function inputs(): fc.Arbitrary<Inputs> {
  const time = fc.integer({ min: 0, max: 6 })
  const state = fc.record<PurposeState>({
    status: fc.constantFrom(...STATUSES),
    sinceMs: time,
    untilMs: fc.option(time, { nil: null }),
    notice: fc.integer({ min: 0, max: 4 }),
    noticeSinceMs: time,
    noticeBefore: fc.integer({ min: 0, max: 4 }),
    salt: fc.constantFrom(GRANT.salt, GRANT.salt, null),
    epoch: fc.constant(1),
    decisionId: fc.constant(uuid(1)),
    ledgerOffset: fc.constant(0),
    withdrawnPosition: fc.constant(-1),
  })
  return fc.record({
    rule: fc.record<PurposeRule>({
      purpose: fc.constant('ads'),
      notices: fc.uniqueArray(fc.integer({ min: 0, max: 4 })).map((list) => Int32Array.from(list).sort()),
      hasOtherwise: fc.boolean(),
      basis: fc.constantFrom('consent' as const, 'legitimate-interest' as const),
      gpcDenies: fc.boolean(),
    }),
    state: fc.option(state, { nil: undefined }),
    device: fc.option(state, { nil: undefined }),
    eventTimeMs: time,
    ownSignal: fc.boolean(),
    tickTimeMs: time,
  })
}

const decided = (i: Inputs): number =>
  decidePurpose(i.rule, i.state, i.device, i.eventTimeMs, i.ownSignal, i.tickTimeMs)

/** Holds for every input that is allowed. */
function allowedImplies(check: (input: Inputs, state: PurposeState, version: number) => void): void {
  fc.assert(
    fc.property(inputs(), (input) => {
      const version = decided(input)
      if (version < 0) return
      if (input.state === undefined) throw new Error('allowed without a state')
      check(input, input.state, version)
    }),
    { numRuns: 3000 },
  )
}

describe('what is allowed', () => {
  test('D1: needs a status of the subject that allows on this basis', () => {
    allowedImplies(({ rule }, { status }) => {
      expect(status === 'granted' || (status === 'notified' && rule.basis === 'legitimate-interest')).toBe(true)
    })
  })

  test('D2: needs a device that does not refuse, and an own signal that does not deny', () => {
    allowedImplies(({ rule, device, ownSignal }) => {
      expect(['withdrawn', 'objected', 'erased']).not.toContain(device?.status)
      expect(rule.gpcDenies && ownSignal).toBe(false)
    })
  })

  test('D3: needs a grant that began at or before the event', () => {
    allowedImplies(({ eventTimeMs }, { sinceMs }) => expect(sinceMs).toBeLessThanOrEqual(eventTimeMs))
  })

  test('D4: needs a grant that had not run out at the event or by the highest tick, and a tick where it can run out', () => {
    allowedImplies(({ eventTimeMs, tickTimeMs }, { untilMs }) => {
      if (untilMs === null) return
      expect(tickTimeMs).toBeGreaterThan(0)
      expect(tickTimeMs).toBeLessThan(untilMs)
      expect(eventTimeMs).toBeLessThan(untilMs)
    })
  })

  test('D5: needs a salt', () => {
    allowedImplies((_input, { salt }) => expect(salt).not.toBeNull())
  })

  test('D6: is decided by the newest version covered by the notice that the grant had at the event', () => {
    allowedImplies(({ rule, eventTimeMs }, { notice, noticeSinceMs, noticeBefore }, version) => {
      const then = eventTimeMs < noticeSinceMs ? noticeBefore : notice
      expect(rule.notices[version]).toBeLessThanOrEqual(then)
      const next = rule.notices[version + 1]
      if (next !== undefined) expect(next).toBeGreaterThan(then)
    })
  })

  test('D7: is allowed when D1 to D6 hold, and is otherwise stripped, or withheld where nothing is left over', () => {
    fc.assert(
      fc.property(inputs(), (input) => {
        const { rule, state, device, eventTimeMs, ownSignal, tickTimeMs } = input
        const allowed =
          state !== undefined &&
          (state.status === 'granted' || (state.status === 'notified' && rule.basis === 'legitimate-interest')) &&
          !['withdrawn', 'objected', 'erased'].includes(device?.status ?? '') &&
          !(rule.gpcDenies && ownSignal) &&
          state.sinceMs <= eventTimeMs &&
          (state.untilMs === null || (tickTimeMs > 0 && tickTimeMs < state.untilMs && eventTimeMs < state.untilMs)) &&
          state.salt !== null &&
          rule.notices.some(
            (notice) => notice <= (eventTimeMs < state.noticeSinceMs ? state.noticeBefore : state.notice),
          )
        expect(decided(input) >= 0).toBe(allowed)
        if (!allowed) expect(decided(input)).toBe(rule.hasOtherwise ? STRIPPED : WITHHELD)
      }),
      { numRuns: 3000 },
    )
  })

  test('D8: device and own signal only take away', () => {
    fc.assert(
      fc.property(inputs(), (input) => {
        const without = decided({ ...input, device: undefined, ownSignal: false })
        const withBoth = decided(input)
        expect(withBoth < 0 || withBoth === without).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('at the edges', () => {
  test('a grant covers the event of its first millisecond and none before', () => {
    expect(decide({ eventTimeMs: 1000 })).toBe(1)
    expect(decide({ eventTimeMs: 999 })).toBe(STRIPPED)
    expect(decide({ eventTimeMs: Number.NaN })).toBe(STRIPPED)
  })

  test('a grant has run out at its until, and before the first tick', () => {
    expect(decide({ state: { untilMs: 3001 } })).toBe(1)
    expect(decide({ state: { untilMs: 3000 } })).toBe(STRIPPED)
    expect(decide({ state: { untilMs: 3001 }, tickTimeMs: 0 })).toBe(STRIPPED)
    expect(decide({ tickTimeMs: 0 })).toBe(1)
  })

  test('a grant gives nothing for an event at or after its until, though no tick says yet that it ran out', () => {
    expect(decide({ state: { untilMs: 2001 }, eventTimeMs: 2000, tickTimeMs: 1500 })).toBe(1)
    expect(decide({ state: { untilMs: 2001 }, eventTimeMs: 2001, tickTimeMs: 1500 })).toBe(STRIPPED)
    expect(decide({ state: { untilMs: 2001 }, eventTimeMs: 9000, tickTimeMs: 1500 })).toBe(STRIPPED)
  })

  test('a wider notice counts for events from the renewal on, an earlier event keeps the notice from before', () => {
    const state = { notice: 5, noticeSinceMs: 2000, noticeBefore: 1 }
    expect(decide({ state, eventTimeMs: 2000 })).toBe(2)
    expect(decide({ state, eventTimeMs: 1999 })).toBe(0)
    expect(decide({ state: { ...state, noticeBefore: 0 }, eventTimeMs: 1999 })).toBe(STRIPPED)
  })

  test('a wider policy waits for its notice, and a notice older than all policies gives nothing', () => {
    expect(decide({ state: { notice: 1 } })).toBe(0)
    expect(decide({ state: { notice: 4 } })).toBe(1)
    expect(decide({ state: { notice: 5 } })).toBe(2)
    expect(decide({ state: { notice: 0 } })).toBe(STRIPPED)
    expect(decide({ rule: { notices: Int32Array.of() } })).toBe(STRIPPED)
  })

  test('an unknown subject gets nothing that needs consent', () => {
    expect(decide({ state: null })).toBe(STRIPPED)
    expect(decide({ state: null, rule: { hasOtherwise: false } })).toBe(WITHHELD)
  })

  test.each([
    ['withdrawn', STRIPPED],
    ['objected', STRIPPED],
    ['erased', STRIPPED],
    ['expired', 1],
    ['granted', 1],
    ['notified', 1],
  ] as const)('a device that has %s decides %i', (status, expected) => {
    expect(decide({ device: { status } })).toBe(expected)
  })

  test('a signal on the event denies only where the purpose listens to it', () => {
    expect(decide({ ownSignal: true })).toBe(STRIPPED)
    expect(decide({ ownSignal: true, rule: { gpcDenies: false } })).toBe(1)
  })

  test('notified is stripped as long as it has no salt to make pseudonyms with', () => {
    expect(decide({ rule: { basis: 'legitimate-interest' }, state: { status: 'notified', salt: null } })).toBe(STRIPPED)
    expect(decide({ rule: { basis: 'consent' }, state: { status: 'notified' } })).toBe(STRIPPED)
  })

  test('a status that this program does not know allows nothing and, of a device, denies', () => {
    const unknown = JSON.parse('"paused"') as PurposeStatus
    expect(decide({ state: { status: unknown } })).toBe(STRIPPED)
    expect(decide({ device: { status: unknown } })).toBe(STRIPPED)
  })
})
