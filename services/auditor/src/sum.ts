import type { Count, Report } from './findings.ts'

/** Counts of an audit, as plain data. */
export function sumOf(report: Report) {
  const { chunks, raw, clean, outcomes, findings, rawOffsetsExpired } = report
  const byWhat = Map.groupBy(findings, ({ what }) => what)
  return {
    chunks,
    raw: plain(raw),
    clean: plain(clean),
    rawOffsetsExpired,
    outcomes: Object.fromEntries(outcomes),
    violations: findings.length,
    violated: Object.fromEntries([...byWhat].map(([what, list]) => [what, list.length])),
  }
}

function plain({ proved, violated, undecidable }: Count) {
  return { proved, violated, undecidable: Object.fromEntries(undecidable) }
}
