import { describe, expect, it } from 'vitest'
import { judgeCoverage } from './coverage.ts'
import { Report } from './findings.ts'
import { auditedOf, evidenceOf, rawOf } from './fixtures.ts'

const NONE_EXPIRED = Number.NEGATIVE_INFINITY

/** Chunks of one raw partition, a second apart. */
const chunks = (...ranges: readonly (readonly [from: number, to: number])[]) =>
  ranges.map(([from, to], i) => auditedOf({ ranges: [{ partition: 0, from, to }] }, 1_000 * (i + 1)))

function judged({
  start,
  all,
  judged = all,
  expiredBeforeMs = NONE_EXPIRED,
}: {
  start: number
  all: ReturnType<typeof chunks>
  judged?: ReturnType<typeof chunks>
  expiredBeforeMs?: number
}) {
  const report = new Report()
  judgeCoverage(evidenceOf({ topics: rawOf({ start, end: 100 }) }), all, judged, expiredBeforeMs, report)
  return { whats: report.findings.map(({ what, offset }) => `${what} ${offset}`), cannot: [...report.raw.undecidable] }
}

describe('what chunks moved past', () => {
  it('is whole when each begins where the one before ended', () => {
    expect(judged({ start: 0, all: chunks([0, 5], [5, 9]) })).toEqual({ whats: [], cannot: [] })
  })

  it('is lost at the beginning, and in between', () => {
    expect(judged({ start: 0, all: chunks([2, 5], [7, 9]) }).whats).toEqual(['range-lost 0', 'range-lost 5'])
  })

  it('is no repeat where raw has expired since', () => {
    expect(judged({ start: 7, all: chunks([0, 5], [5, 9]) }).whats).toEqual([])
  })

  it('is known of chunks too that are not judged: those at the ends of a range, and those read later', () => {
    const all = chunks([0, 5], [5, 9], [9, 12])
    expect(judged({ start: 0, all, judged: all.toSpliced(1, 1) }).whats).toEqual([])
    const gap = chunks([0, 5], [6, 9])
    expect(judged({ start: 0, all: gap, judged: gap.slice(1) }).whats).toEqual(['range-lost 5'])
  })

  it('is not called lost when the audit record between them may have expired, however late the next one came', () => {
    const all = chunks([0, 5], [6, 9])
    expect(judged({ start: 0, all, expiredBeforeMs: 1_500 })).toEqual({
      whats: [],
      cannot: [['audit record expired', 1]],
    })
  })
})
