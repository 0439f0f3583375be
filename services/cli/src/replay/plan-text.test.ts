import type { ReplayPlan } from '@weir/replay'
import { expect, test } from 'vitest'
import { planText } from './plan-text.ts'

const output: ReplayPlan['found']['outputs'][number] = {
  purpose: 'marketing',
  now: { granted: 1_200, stripped: 0, withheld: 34 },
  before: { granted: 1_234, stripped: 0, withheld: 0 },
  reasons: { withdrawn: 30, 'own-signal': 4 },
}
const plan: ReplayPlan = {
  version: 1,
  planId: '0b8e4f0e-4c0b-4d5e-9b53-6d7f3c2a1f00',
  createdAtMs: 0,
  expiresAtMs: 259_200_000,
  namespace: '',
  stream: 'clickstream',
  rawTopic: 'clickstream.raw',
  rawTopicId: 'ab'.repeat(16),
  ranges: [{ partition: 3, from: 10, to: 1_310 }],
  contract: 'cd'.repeat(32),
  into: 'new',
  outputs: [{ purpose: 'marketing', topic: 'clickstream.marketing.replay-0b8e4f0e' }],
  rate: 100,
  found: {
    records: 1_240,
    faulty: 6,
    bytes: 620_000,
    seconds: 12.4,
    offsets: 1_300,
    auditedOffsets: 1_300,
    outputs: [output],
  },
}

test('a plan says what is read, where it goes, how long it takes, and what differs with the reasons', () => {
  const text = planText(plan)
  for (const part of [
    'reads clickstream.raw: 1,300 offsets',
    'partition 3: 10 to before 1310',
    'writes marketing to clickstream.marketing.replay-0b8e4f0e',
    '1,240 records, 620 kB of keys and values; 6 of them can’t be processed',
    'about 13 s, at most 100 records a second',
    'run before 1970-01-04T00:00:00.000Z',
  ]) {
    expect(text).toContain(part)
  }
  expect(text).toMatch(/marketing +granted +1,234 +1,200 +-34/)
  expect(text).toMatch(/withheld +0 +34 +\+34/)
  expect(text).toContain('Then: as the audit records say.')
  expect(text.indexOf('30  withdrawn')).toBeLessThan(text.indexOf('4  the event itself says no'))
})

test('counts of then that cover a part only are said to', () => {
  const part = planText({ ...plan, found: { ...plan.found, auditedOffsets: 650 } })
  expect(part).toContain('wholly in the range, 50 % of it')
  const none = planText({
    ...plan,
    found: { ...plan.found, auditedOffsets: 0, outputs: [{ ...output, before: null }] },
  })
  expect(none).toMatch(/granted +\? +1,200 +\?/)
})

test('going after the live topics is said outright', () => {
  expect(planText({ ...plan, into: 'live' })).toContain('consumers get these events once more')
})
