import type { Evidence } from './evidence.ts'
import type { Finding, Report } from './findings.ts'
import type { Audited } from './workshop.ts'

/**
 * Whether ranges of one kind follow each other without a gap and without an overlap. Ranges of a redrive may lie anywhere,
 * but not over each other.
 */
export function judgeCoverage(
  evidence: Evidence,
  chunks: readonly Audited[],
  expiredBeforeMs: number,
  report: Report,
): void {
  const live = new Set(
    chunks.flatMap(({ chunk }) => (chunk.kind === 'live' ? chunk.outputs.map(({ topic }) => topic) : [])),
  )
  // Replays after the live topics may be of any range, and of one range again: whoever asked for it meant that.
  const covered = chunks.filter(
    ({ chunk: { kind, outputs } }) => kind !== 'replay' || outputs.every(({ topic }) => !live.has(topic)),
  )
  const groups = Map.groupBy(covered, ({ chunk: { kind, source, outputs } }) =>
    kind === 'replay' ? [source, ...outputs.map(({ topic }) => topic).sort()].join(' ') : `${kind} ${source}`,
  )
  const isWhole = evidence.fromMs === Number.NEGATIVE_INFINITY && expiredBeforeMs === Number.NEGATIVE_INFINITY
  for (const group of groups.values()) {
    const places = group.flatMap((audited) => audited.chunk.ranges.map((range) => ({ audited, ...range })))
    for (const [partition, own] of Map.groupBy(places, (place) => place.partition)) {
      const ranges = own.sort((a, b) => a.from - b.from || a.to - b.to)
      const [first] = ranges
      const { kind, source } = (first as (typeof ranges)[number]).audited.chunk
      let next = kind === 'live' && isWhole ? (evidence.topics.get(source)?.partitions[partition]?.start ?? -1) : -1
      for (const { from, to, audited } of ranges) {
        if (next >= 0 && from < next) report.findings.push(finding(source, partition, from, 'range-repeated', audited))
        if (next >= 0 && from > next && kind !== 'redrive') {
          if (audited.appendMs <= expiredBeforeMs) report.raw.cannot('audit record expired', from - next)
          else report.findings.push(finding(source, partition, next, 'range-lost', audited))
        }
        next = Math.max(next, to)
      }
    }
  }
}

function finding(
  topic: string,
  partition: number,
  offset: number,
  what: 'range-lost' | 'range-repeated',
  audited: Audited,
): Finding {
  return {
    promise: 5,
    what,
    purpose: null,
    topic,
    partition,
    offset,
    raw: null,
    leaves: [],
    expected: 'each offset in one chunk',
    found:
      what === 'range-lost'
        ? 'in none'
        : `in two, one of them with the audit record ${audited.partition}/${audited.offset}`,
  }
}
