import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type NeededPurpose, STRIPPED, WITHHELD } from './decide.ts'
import {
  ALLOWED,
  type Asked,
  askedAnything,
  decided,
  EMAIL,
  GRANT,
  HEALTH,
  RULE,
  STATUSES,
  sensitive,
  stateOf,
  withGrant,
  withRule,
} from './fixtures/decision.ts'
import { foldAll, type LedgerEntry, ledgers } from './fixtures/ledger.ts'
import type { PurposeState, PurposeStatus } from './model.ts'
import { noticeAt } from './notice.ts'

/** Holds for every input that is allowed, and enough inputs are. */
function allowedImplies(check: (asked: Asked, grant: PurposeState, version: number) => void): void {
  let allowed = 0
  fc.assert(
    fc.property(askedAnything(), (asked) => {
      const version = decided(asked)
      if (version < 0) return
      allowed++
      const grant = asked.subject?.purposes[asked.rule.purpose]
      if (grant === undefined) throw new Error('allowed without anything that holds')
      check(asked, grant, version)
    }),
    { numRuns: 3000 },
  )
  expect(allowed).toBeGreaterThan(50)
}

describe('D1: one unbroken grant from the event until now', () => {
  test('stands, and began at or before the event', () => {
    allowedImplies(({ rule, eventTimeMs }, { status, sinceMs }) => {
      expect(status === 'granted' || (status === 'notified' && rule.basis === 'legitimate-interest')).toBe(true)
      expect(sinceMs).toBeLessThanOrEqual(eventTimeMs)
    })
    expect(decided(withGrant({}, { eventTimeMs: 1000 }))).toBe(1)
    expect(decided(withGrant({}, { eventTimeMs: 999 }))).toBe(STRIPPED)
    expect(decided(withGrant({}, { eventTimeMs: Number.NaN }))).toBe(STRIPPED)
  })

  test('is never two grants with something between them, whatever the ledger holds', () => {
    let allowed = 0
    fc.assert(
      fc.property(ledgers(['ads']), fc.integer({ min: 980, max: 1300 }), (ledger, eventTimeMs) => {
        const now = ledger.at(-1)?.at.appendTimeMs ?? 1000
        const subject = foldAll(ledger).state
        const asked = { ...ALLOWED, subject, eventTimeMs: Math.min(eventTimeMs, now), tickTimeMs: now }
        if (decided(withLowNotice(asked)) < 0) return
        allowed++
        expect(grantedThroughout(ledger, asked.eventTimeMs)).toBe(true)
      }),
      { numRuns: 3000 },
    )
    expect(allowed).toBeGreaterThan(50)
  })

  test('is nothing that an unknown subject has', () => {
    expect(decided({ ...ALLOWED, subject: null })).toBe(STRIPPED)
    expect(decided(withRule({ hasOtherwise: false }, { subject: null }))).toBe(WITHHELD)
    expect(decided({ ...ALLOWED, subject: stateOf({}) })).toBe(STRIPPED)
  })

  test('does not stand in a status that this program does not know', () => {
    expect(decided(withGrant({ status: unknownStatus }))).toBe(STRIPPED)
  })
})

describe('D2: the notice shown with the grant names it', () => {
  test('since the newest version it covers decides', () => {
    allowedImplies(({ rule, eventTimeMs }, grant, version) => {
      const notice = noticeAt(grant, eventTimeMs)
      expect(rule.notices[version]).toBeLessThanOrEqual(notice)
      const next = rule.notices[version + 1]
      if (next !== undefined) expect(next).toBeGreaterThan(notice)
    })
  })

  test.each([
    [0, STRIPPED],
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 2],
    [9, 2],
  ])('notice %i is decided by version %i of 1, 3, 5', (notice, version) => {
    expect(decided(withGrant({ notice }))).toBe(version)
  })

  test('counts for events from the renewal on; an earlier event keeps the notice from before', () => {
    const wider = { notice: 5, noticeSinceMs: 2000, noticeBefore: 1 }
    expect(decided(withGrant(wider, { eventTimeMs: 2000 }))).toBe(2)
    expect(decided(withGrant(wider, { eventTimeMs: 1999 }))).toBe(0)
    expect(decided(withGrant({ ...wider, noticeBefore: 0 }, { eventTimeMs: 1999 }))).toBe(STRIPPED)
  })

  test('and without a policy in force nothing does', () => {
    expect(decided(withRule({ notices: Int32Array.of() }))).toBe(STRIPPED)
  })
})

describe('D3: needed purposes', () => {
  test('are each granted by the same rules', () => {
    allowedImplies((asked) => {
      for (const need of asked.rule.needs) expect(grantedByRules(asked, need)).toBe(true)
    })
  })

  test.each<[string, Partial<PurposeState>, number]>([
    ['granted', {}, 1],
    ['granted under any notice', { notice: 0 }, 1],
    ['granted at the very event', { sinceMs: 2000 }, 1],
    ['granted after the event', { sinceMs: 2001 }, STRIPPED],
    ['withdrawn', { status: 'withdrawn', salt: null }, STRIPPED],
    ['run out', { untilMs: 3000 }, STRIPPED],
    ['not asked for but told, on consent', { status: 'notified', salt: null }, STRIPPED],
  ])('%s', (_what, change, expected) => {
    const subject = stateOf({ ads: GRANT, 'ads.email': { ...GRANT, ...change } })
    expect(decided(withRule({ needs: [EMAIL] }, { subject }))).toBe(expected)
  })

  test('absent, they withhold', () => {
    const asked = withRule({ needs: [EMAIL] }, { subject: stateOf({ ads: GRANT }) })
    expect(decided(asked)).toBe(STRIPPED)
    expect(decided({ ...asked, rule: { ...asked.rule, hasOtherwise: false } })).toBe(WITHHELD)
  })

  test('must all be granted', () => {
    const needs = [EMAIL, HEALTH]
    expect(decided(withRule({ needs }))).toBe(1)
    expect(decided(withRule({ needs }, { subject: stateOf({ ads: GRANT, 'ads.email': GRANT }) }))).toBe(STRIPPED)
    expect(decided(withRule({ needs }, { subject: stateOf({ ads: GRANT, health: GRANT }) }))).toBe(STRIPPED)
  })

  test('on legitimate interest need to have been told of only, and no salt', () => {
    const needs = [{ ...EMAIL, basis: 'legitimate-interest' as const }]
    const told = { ...GRANT, status: 'notified' as const, salt: null }
    expect(decided(withRule({ needs }, { subject: stateOf({ ads: GRANT, 'ads.email': told }) }))).toBe(1)
    const objected = { ...told, status: 'objected' as const }
    expect(decided(withRule({ needs }, { subject: stateOf({ ads: GRANT, 'ads.email': objected }) }))).toBe(STRIPPED)
  })

  test('listen to the own signal each by itself', () => {
    const quiet = { gpcDenies: false }
    expect(decided(withRule({ ...quiet, needs: [EMAIL] }, { ownSignal: true }))).toBe(1)
    expect(decided(withRule({ ...quiet, needs: [{ ...EMAIL, gpcDenies: true }] }, { ownSignal: true }))).toBe(STRIPPED)
  })

  test('are taken away by a device that refused them', () => {
    const device = stateOf({ 'ads.email': { ...GRANT, status: 'withdrawn', salt: null } })
    expect(decided(withRule({ needs: [EMAIL] }, { device }))).toBe(STRIPPED)
    expect(decided(withRule({}, { device }))).toBe(1)
  })
})

describe('D4: sensitive values pass', () => {
  test('only where the event is allowed, and the purpose they need is granted by the same rules', () => {
    let passed = 0
    fc.assert(
      fc.property(askedAnything(), (asked) => {
        if (!sensitive(asked)) return
        passed++
        expect(decided(asked)).toBeGreaterThanOrEqual(0)
        expect(asked.rule.sensitiveNeeds !== null && grantedByRules(asked, asked.rule.sensitiveNeeds)).toBe(true)
      }),
      { numRuns: 3000 },
    )
    expect(passed).toBeGreaterThan(20)
  })

  test('wherever both are granted', () => {
    fc.assert(
      fc.property(askedAnything(), (asked) => {
        const { sensitiveNeeds } = asked.rule
        const both = sensitiveNeeds !== null && decided(asked) >= 0 && grantedByRules(asked, sensitiveNeeds)
        expect(sensitive(asked)).toBe(both)
      }),
      { numRuns: 3000 },
    )
  })

  test('never by a grant of the other purpose alone, and not where no policy speaks of any', () => {
    expect(sensitive(withRule({ sensitiveNeeds: HEALTH }))).toBe(true)
    expect(sensitive(withRule({ sensitiveNeeds: HEALTH }, { subject: stateOf({ health: GRANT }) }))).toBe(false)
    expect(sensitive(withRule({ sensitiveNeeds: HEALTH }, { subject: stateOf({ ads: GRANT }) }))).toBe(false)
    expect(sensitive(withRule({ sensitiveNeeds: null }))).toBe(false)
  })

  test('or not, the version that decides is the same', () => {
    fc.assert(
      fc.property(askedAnything(), (asked) => {
        expect(decided({ ...asked, rule: { ...asked.rule, sensitiveNeeds: HEALTH } })).toBe(decided(asked))
      }),
    )
  })
})

describe('D5: the own signal of an event', () => {
  test('denies where the purpose listens to it', () => {
    allowedImplies(({ rule, ownSignal }) => expect(ownSignal && rule.gpcDenies).toBe(false))
    expect(decided({ ...ALLOWED, ownSignal: true })).toBe(STRIPPED)
    expect(decided(withRule({ gpcDenies: false }, { ownSignal: true }))).toBe(1)
  })

  test('never allows anything', () => {
    fc.assert(
      fc.property(askedAnything(), (asked) => {
        const [silent, signalled] = [decided({ ...asked, ownSignal: false }), decided({ ...asked, ownSignal: true })]
        expect(signalled < 0 || signalled === silent).toBe(true)
        expect(sensitive({ ...asked, ownSignal: true }) && !sensitive({ ...asked, ownSignal: false })).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('D6: of two subjects on one event, the device', () => {
  test('denies what it refused, and never allows anything', () => {
    fc.assert(
      fc.property(askedAnything(), (asked) => {
        const [alone, both] = [decided({ ...asked, device: null }), decided(asked)]
        expect(both < 0 || both === alone).toBe(true)
        expect(sensitive(asked) && !sensitive({ ...asked, device: null })).toBe(false)
      }),
      { numRuns: 2000 },
    )
    expect(decided({ ...ALLOWED, subject: null, device: stateOf({ ads: GRANT }) })).toBe(STRIPPED)
  })

  test.each<[PurposeStatus, number]>([
    ['withdrawn', STRIPPED],
    ['objected', STRIPPED],
    ['erased', STRIPPED],
    ['expired', 1],
    ['granted', 1],
    ['notified', 1],
  ])('that has %s decides %i', (status, expected) => {
    expect(decided({ ...ALLOWED, device: stateOf({ ads: { ...GRANT, status } }) })).toBe(expected)
  })

  test('refuses at any time, before the event or after it', () => {
    for (const sinceMs of [0, 2000, 2999]) {
      const device = stateOf({ ads: { ...GRANT, status: 'withdrawn', sinceMs } })
      expect(decided({ ...ALLOWED, device })).toBe(STRIPPED)
    }
  })

  test('that refused everything refuses purposes it never heard of', () => {
    expect(decided({ ...ALLOWED, device: stateOf({}, 7) })).toBe(STRIPPED)
    expect(decided({ ...ALLOWED, device: stateOf({}) })).toBe(1)
    expect(decided({ ...ALLOWED, device: stateOf({ ads: GRANT }, 7) })).toBe(1)
  })

  test('denies in a status that this program does not know', () => {
    expect(decided({ ...ALLOWED, device: stateOf({ ads: { ...GRANT, status: unknownStatus } }) })).toBe(STRIPPED)
  })
})

describe('D7: a grant that can run out', () => {
  test('has run out when the highest tick has reached its until, and before the first tick', () => {
    allowedImplies(({ tickTimeMs, eventTimeMs }, { untilMs }) => {
      if (untilMs === null) return
      expect(eventTimeMs).toBeLessThan(untilMs)
      expect(tickTimeMs).toBeGreaterThan(0)
      expect(tickTimeMs).toBeLessThan(untilMs)
    })
    expect(decided(withGrant({ untilMs: 3001 }))).toBe(1)
    expect(decided(withGrant({ untilMs: 3000 }))).toBe(STRIPPED)
    expect(decided(withGrant({ untilMs: 3001 }, { tickTimeMs: 0 }))).toBe(STRIPPED)
    expect(decided(withGrant({}, { tickTimeMs: 0 }))).toBe(1)
  })

  test('gives nothing for an event at or after its until, though no tick says yet that it ran out', () => {
    const early = (eventTimeMs: number) => withGrant({ untilMs: 2001 }, { eventTimeMs, tickTimeMs: 1500 })
    expect(decided(early(2000))).toBe(1)
    expect(decided(early(2001))).toBe(STRIPPED)
    expect(decided(early(9000))).toBe(STRIPPED)
  })

  test('stays run out as ticks go on', () => {
    fc.assert(
      fc.property(askedAnything(), fc.nat({ max: 6 }), (asked, laterMs) => {
        if (asked.tickTimeMs === 0 || decided(asked) >= 0) return
        expect(decided({ ...asked, tickTimeMs: asked.tickTimeMs + laterMs })).toBeLessThan(0)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('D8: being told (notify) and objecting', () => {
  const told: Partial<PurposeState> = { status: 'notified' }

  test('is enough on legitimate interest alone', () => {
    expect(decided(withGrant(told, { rule: { ...RULE, basis: 'legitimate-interest' } }))).toBe(1)
    expect(decided(withGrant(told))).toBe(STRIPPED)
  })

  test('covers events from the telling on, as a grant does', () => {
    const rule = { ...RULE, basis: 'legitimate-interest' as const }
    expect(decided(withGrant({ ...told, sinceMs: 2000 }, { rule }))).toBe(1)
    expect(decided(withGrant({ ...told, sinceMs: 2001 }, { rule }))).toBe(STRIPPED)
  })

  test.each(STATUSES.filter((status) => status !== 'granted' && status !== 'notified'))(
    'lets nothing pass once %s, on either basis',
    (status) => {
      for (const basis of ['consent', 'legitimate-interest'] as const) {
        expect(decided(withGrant({ status }, { rule: { ...RULE, basis } }))).toBe(STRIPPED)
      }
    },
  )
})

describe('D9: a salt', () => {
  test('stands behind everything that is allowed, for its pseudonyms', () => {
    allowedImplies((_asked, { salt }) => expect(salt).not.toBeNull())
    const rule = { ...RULE, basis: 'legitimate-interest' as const }
    expect(decided(withGrant({ status: 'notified', salt: null }, { rule }))).toBe(STRIPPED)
  })
})

describe('D10: what is not against it', () => {
  test('is allowed; all else is stripped, or withheld where nothing is left over', () => {
    fc.assert(
      fc.property(askedAnything(), (asked) => {
        const { rule, subject } = asked
        const grant = subject?.purposes['ads']
        const allowed =
          [rule, ...rule.needs].every((need) => grantedByRules(asked, need)) &&
          grant !== undefined &&
          grant.salt !== null &&
          rule.notices.some((notice) => notice <= noticeAt(grant, asked.eventTimeMs))
        expect(decided(asked) >= 0).toBe(allowed)
        if (!allowed) expect(decided(asked)).toBe(rule.hasOtherwise ? STRIPPED : WITHHELD)
      }),
      { numRuns: 4000 },
    )
  })
})

const unknownStatus = JSON.parse('"paused"') as PurposeStatus

/** D1 and D5 to D8 again, written as one condition. */
function grantedByRules(asked: Asked, { purpose, basis, gpcDenies }: NeededPurpose): boolean {
  const { subject, device, eventTimeMs, ownSignal, tickTimeMs } = asked
  const held = subject?.purposes[purpose]
  const refused = device?.purposes[purpose]?.status ?? (device?.erasedPosition === 0 ? 'erased' : 'absent')
  return (
    held !== undefined &&
    (held.status === 'granted' || (held.status === 'notified' && basis === 'legitimate-interest')) &&
    !['withdrawn', 'objected', 'erased'].includes(refused) &&
    !(gpcDenies && ownSignal) &&
    held.sinceMs <= eventTimeMs &&
    (held.untilMs === null || (tickTimeMs > 0 && eventTimeMs < held.untilMs && tickTimeMs < held.untilMs))
  )
}

function withLowNotice(asked: Asked): Asked {
  return { ...asked, rule: { ...RULE, notices: Int32Array.of(0) } }
}

/** Whether the ledger has a grant that began at or before the time and after which nothing ended it; read backwards. */
function grantedThroughout(ledger: readonly LedgerEntry[], timeMs: number): boolean {
  const ends = ledger.findLastIndex(({ decision }) => ['withdraw', 'object', 'erase'].includes(decision.kind))
  return ledger.some(({ decision, at }, i) => {
    if (i <= ends || decision.kind !== 'grant') return false
    return Math.max(decision.decidedAtMs, at.appendTimeMs) <= timeMs
  })
}
