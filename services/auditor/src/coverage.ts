import type { Evidence } from './evidence.ts'
import type { Finding, Report } from './findings.ts'
import type { Audited } from './workshop.ts'

/**
 * Whether ranges of one kind follow each other without a gap and without an overlap. Ranges of a redrive may lie anywhere,
 * but not over each other.
 * @param all every audit record that is there: chunks around those that are judged say what lies between them
 */
export function judgeCoverage(
  evidence: Evidence,
  all: readonly Audited[],
  judged: readonly Audited[],
  expiredBeforeMs: number,
  report: Report,
): void {
  const isJudged = new Set(judged)
  const isWhole = expiredBeforeMs === Number.NEGATIVE_INFINITY
  for (const group of groupsOf(all).values()) {
    const places = group.flatMap((audited) => audited.chunk.ranges.map((range) => ({ audited, ...range })))
    for (const [partition, own] of Map.groupBy(places, (place) => place.partition)) {
      const ranges = own.sort((a, b) => a.from - b.from || a.to - b.to)
      const [first] = ranges
      if (first === undefined) continue
      const { kind, source } = first.audited.chunk
      // Where raw begins now may lie behind what the first chunk took: it has expired since.
      const start = kind === 'live' && isWhole ? evidence.topics.get(source)?.partitions[partition]?.start : undefined
      let next = Math.min(start ?? first.from, first.from)
      let before: Audited | null = null
      for (const { from, to, audited } of ranges) {
        if (from < next && (isJudged.has(audited) || (before !== null && isJudged.has(before))))
          report.findings.push(finding(source, partition, from, 'range-repeated', audited))
        if (isJudged.has(audited) && from > next && kind !== 'redrive') {
          // The chunk between them may be as old as the one before.
          if (Math.min(before?.appendMs ?? audited.appendMs, audited.appendMs) <= expiredBeforeMs)
            report.raw.cannot('audit record expired', from - next)
          else report.findings.push(finding(source, partition, next, 'range-lost', audited))
        }
        next = Math.max(next, to)
        before = audited
      }
    }
  }
}

function groupsOf(all: readonly Audited[]): Map<string, Audited[]> {
  const live = new Set(
    all.flatMap(({ chunk }) => (chunk.kind === 'live' ? chunk.outputs.map(({ topic }) => topic) : [])),
  )
  // Replays after the live topics may be of any range, and of one range again: whoever asked for it meant that.
  const covered = all.filter(
    ({ chunk: { kind, outputs } }) => kind !== 'replay' || outputs.every(({ topic }) => !live.has(topic)),
  )
  return Map.groupBy(covered, ({ chunk: { kind, source, outputs } }) =>
    kind === 'replay' ? [source, ...outputs.map(({ topic }) => topic).sort()].join(' ') : `${kind} ${source}`,
  )
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
