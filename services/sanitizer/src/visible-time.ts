import type { Branch, Stream, Verb } from '@weir/contracts'

/** How finely a branch shows the event time; `hidden`: not at all, or not in every event. */
export type TimeShown = 'exactly' | 'hour' | 'day' | 'month' | 'hidden'

const SHOWN: Readonly<Partial<Record<Verb['kind'], TimeShown>>> = {
  keep: 'exactly',
  hour: 'hour',
  day: 'day',
  month: 'month',
}

/**
 * How finely a branch shows the event time. What it shows in some events only (`only`) counts as hidden, and so does any
 * verb that makes something else of it: a record's timestamp is no finer than what every record of the branch tells.
 */
export function timeShown(stream: Stream, branch: Branch): TimeShown {
  const wanted = stream.eventTime.join('.')
  const leaf = branch.leaves.find(({ path }) => path.join('.') === wanted)
  return leaf === undefined ? 'hidden' : (SHOWN[leaf.verb.kind] ?? 'hidden')
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/**
 * The timestamp of a clean record in Unix ms: the event time as the branch shows it, in UTC, or the processing hour where
 * it does not.
 * @param eventTimeMs between 1970 and the end of Date's range
 */
export function recordTimeMs(shown: TimeShown, eventTimeMs: number, processingTimeMs: number): number {
  switch (shown) {
    case 'exactly':
      return eventTimeMs
    case 'hour':
      return cut(eventTimeMs, HOUR_MS)
    case 'day':
      return cut(eventTimeMs, DAY_MS)
    case 'month': {
      const date = new Date(eventTimeMs)
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
    }
    case 'hidden':
      return cut(processingTimeMs, HOUR_MS)
  }
}

function cut(timeMs: number, unitMs: number): number {
  return Math.floor(timeMs / unitMs) * unitMs
}
