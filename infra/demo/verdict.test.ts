import { expect, test } from 'vitest'
import { type VerdictParts, verdict } from './verdict.ts'

const report: VerdictParts['report'] = {
  raw: 100,
  clean: { personalization: { granted: 60, stripped: 38, withheld: 0 } },
  quarantined: 2,
  lost: 0,
  repeated: 0,
  leaked: 0,
  ambiguous: 3,
  outOfOrder: 0,
  undecidable: 0,
  wrongQuarantine: 0,
  wrongState: 0,
  wrongSchema: 0,
  withdrawals: [
    { decisionId: 'w', effectiveMs: 50, grantedBefore: 20, rawAfter: 20, leakedAfter: 0, lastGranted: null },
  ],
  findings: [],
}
const search: VerdictParts['search'] = {
  found: [],
  times: 0,
  values: 10,
  distinct: 10,
  unsearched: [],
  needles: 70,
  bytes: 1000,
  notInRaw: [],
}
const parts: VerdictParts = {
  report,
  search,
  published: 100,
  planted: 2,
  withdrawalId: 'w',
  given: false,
  secondsToFirstClean: 4,
  seconds: 9,
}

test('a run in which all is as it must be has no violation', () => {
  const result = verdict(parts)
  expect(result.violations).toEqual([])
  expect(result.withdrawal).toEqual({ effectiveMs: 50, grantedBefore: 20, rawAfter: 20, leakedAfter: 0 })
})

const off: [string, Partial<VerdictParts>][] = [
  ['a record lost', { report: { ...report, lost: 1 } }],
  ['a record repeated', { report: { ...report, repeated: 1 } }],
  ['a leaf leaked', { report: { ...report, leaked: 1 } }],
  ['records out of order', { report: { ...report, outOfOrder: 1 } }],
  ['fewer raw records than were published', { published: 101 }],
  ['fewer quarantined than planted', { planted: 3 }],
  ['outcomes that do not sum up', { report: { ...report, clean: { p: { granted: 60, stripped: 37, withheld: 0 } } } }],
  ['a purpose without a grant', { report: { ...report, clean: { p: { granted: 0, stripped: 98, withheld: 0 } } } }],
  ['no withdrawal', { withdrawalId: null }],
  ['too few granted before it', { report: { ...report, withdrawals: withdrawals({ grantedBefore: 19 }) } }],
  ['too few raw records after it', { report: { ...report, withdrawals: withdrawals({ rawAfter: 19 }) } }],
  ['a grant that goes on after it', { report: { ...report, withdrawals: withdrawals({ leakedAfter: 1 }) } }],
  [
    'a personal value found',
    { search: { ...search, times: 1, found: [{ haystack: 'logs', path: 'email', encoding: 'hex', times: 1 }] } },
  ],
  ['a search that misses what is in raw', { search: { ...search, notInRaw: ['email'] } }],
  ['a personal leaf without values', { search: { ...search, unsearched: ['phone'] } }],
]

test.each(off)('%s is a violation', (_name, change) => {
  expect(verdict({ ...parts, ...change }).violations).toHaveLength(1)
})

function withdrawals(change: Partial<VerdictParts['report']['withdrawals'][number]>) {
  return report.withdrawals.map((one) => ({ ...one, ...change }))
}
