import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  ALLOWED,
  type Asked,
  askedAnything,
  decided,
  EMAIL,
  GRANT,
  STATUSES,
  stateOf,
  withGrant,
  withRule,
} from './fixtures/decision.ts'
import type { PurposeStatus } from './model.ts'
import { type Reason, reasonOfPurpose } from './reason.ts'

function reason({ rule, subject, device, eventTimeMs, ownSignal, tickTimeMs }: Asked): Reason | null {
  return reasonOfPurpose(rule, subject, device, eventTimeMs, ownSignal, tickTimeMs)
}

test('there is a reason exactly where the decision grants nothing', () => {
  let granted = 0
  fc.assert(
    fc.property(askedAnything(), (asked) => {
      if (decided(asked) >= 0) granted++
      expect(reason(asked) === null).toBe(decided(asked) >= 0)
    }),
    { numRuns: 5000 },
  )
  expect(granted).toBeGreaterThan(50)
})

test('so too in every cell of the decision table: basis, subject, device, event and signal', () => {
  const states = [
    null,
    stateOf({}),
    stateOf({}, 5),
    ...STATUSES.map((status) => stateOf({ ads: { ...GRANT, status, untilMs: 3500 } })),
  ]
  for (const basis of ['consent', 'legitimate-interest'] as const)
    for (const subject of states)
      for (const device of states)
        for (const eventTimeMs of [999, 1000, 3499, 3500])
          for (const tickTimeMs of [0, 3499, 3500])
            for (const ownSignal of [true, false]) {
              const asked = withRule({ basis }, { subject, device, eventTimeMs, tickTimeMs, ownSignal })
              expect([asked, reason(asked) === null]).toEqual([asked, decided(asked) >= 0])
            }
})

test.each<[Reason, Asked]>([
  ['no-grant', { ...ALLOWED, subject: null }],
  ['withdrawn', withGrant({ status: 'withdrawn', salt: null })],
  ['objected', withGrant({ status: 'objected', salt: null })],
  ['expired', withGrant({ status: 'expired', salt: null })],
  ['erased', { ...ALLOWED, subject: stateOf({}, 5) }],
  ['told-only', withGrant({ status: 'notified', salt: null })],
  [
    'told-only',
    withRule(
      { basis: 'legitimate-interest' },
      { subject: stateOf({ ads: { ...GRANT, status: 'notified', salt: null } }) },
    ),
  ],
  ['unknown-status', withGrant({ status: 'paused' as PurposeStatus })],
  ['before-grant', withGrant({}, { eventTimeMs: 999 })],
  ['grant-over', withGrant({ untilMs: 2500 })],
  ['device-refused', { ...ALLOWED, device: stateOf({ ads: { ...GRANT, status: 'withdrawn' } }) }],
  ['own-signal', { ...ALLOWED, ownSignal: true }],
  ['needed-purpose', withRule({ needs: [EMAIL] }, { subject: stateOf({ ads: GRANT }) })],
  ['older-notice', withGrant({ notice: 0 })],
])('says why: %s', (expected, asked) => {
  expect(decided(asked)).toBeLessThan(0)
  expect(reason(asked)).toBe(expected)
})
