import { nameOf, type Rows } from './rows.ts'
import type { Seen, Violation } from './seen.ts'
import type { RawRanges } from './transactions.ts'

/** After all faults everything is processed, committed offsets only grew, and nobody stopped unbidden. */
export function judgeProgress(seen: Seen, { good, bad }: Rows, ranges: RawRanges): Violation[] {
  const violations: Violation[] = ranges.setBack.map((words) => ({ kind: 'offsets back', words }))
  if (seen.mayStop) return violations
  for (const { process, atMs, why } of seen.stopped) {
    violations.push({ kind: 'stopped', words: `${process} ended by itself at ${atMs}: ${why}` })
  }
  const waiting = good.filter((row) => ranges.of(row) === undefined)
  const [first] = waiting
  if (first !== undefined) {
    const words = `${waiting.length} raw records wait at ${seen.endedAtMs}, all faults ended at ${seen.healedAtMs}; the first is row ${first.row} of ${nameOf(first.ref)} (raw ${first.partition}/${first.offset})`
    violations.push({ kind: 'stall', words })
  }
  const unread = bad.filter((record) => ranges.of(record) === undefined)
  if (unread.length > 0) violations.push({ kind: 'stall', words: `${unread.length} bad raw records wait` })
  return violations
}
