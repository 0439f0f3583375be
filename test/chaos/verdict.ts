import { type Report, violations } from '../check/check.ts'
import type { WithdrawalReport } from '../check/withdrawals.ts'
import { type Audited, isProved } from './audited.ts'
import type { Outage } from './faults/hit-brokers.ts'
import { type Commit, type Spread, spread, type Tally } from './tally.ts'

/** What one reader saw, judged. */
export interface Judged {
  readonly lost: number
  readonly repeated: number
  readonly outOfOrder: number
  readonly leaked: number
  /** Everything else that the checker wants to be zero, in its words. */
  readonly others: readonly string[]
}

/** Of withdrawals. All in ms. */
export interface WithdrawalTimes {
  readonly count: number
  /** From the request to the answer `effective`, with whatever was broken in between. */
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly boundMs: number
  /** From that answer to the commit of the last record that was decided without it; 0 when that came before. */
  readonly commitAfter: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Of these, later than the bound. */
  readonly late: number
  /** The same, where brokers were away or frozen in that time: the bound is for brokers that run. */
  readonly lateInOutage: number
  /** Of the last record's commit nothing is known. */
  readonly unknown: number
  /** Withdrawals of people who had granted records before, and events after: only these can show a leak. */
  readonly withTraffic: number
  /** Granted records of events that came after the answer. */
  readonly leakedAfter: number
}

export interface ChaosResult extends Judged {
  readonly records: number
  readonly seed: string
  readonly brokers: number
  readonly faults: Tally['faults']
  readonly injected: number
  readonly effective: number
  readonly aborted: number
  readonly abortedBy: Tally['aborted']
  readonly fenced: number
  readonly fencedBy: Tally['fenced']
  readonly committed: number
  readonly recordsPerCommit: number
  /** The same check of what a reader saw that was there all the time. */
  readonly duringRun: Judged
  /** What `weir audit` proves of the topics afterwards. */
  readonly audit: Audited
  readonly decisions: { readonly answered: number; readonly unanswered: number }
  readonly withdrawalMs: WithdrawalTimes
  /** From a kill of a sanitizer to the first commit of a partition that it had, by whoever has it then. */
  readonly recoveryMs: Spread
  /** From a kill of a broker until every partition of raw has been in a commit again. */
  readonly brokerRecoveryMs: Spread
  /** Services that ended unasked, by what they said. */
  readonly endedUnasked: readonly string[]
  /** How often one refused to start while Redis might evict, as it should. */
  readonly refusedToStart: number
  /** Why records were left when the storm was long over, as far as it shows; empty: none were. */
  readonly stalled: readonly string[]
  /** Of the storm alone, and of all. */
  readonly seconds: { readonly storm: number; readonly all: number }
}

export function judged(report: Report): Judged {
  const { lost, repeated, outOfOrder, leaked } = report
  const others = violations({ ...report, lost: 0, repeated: 0, outOfOrder: 0, leaked: 0 })
  return { lost, repeated, outOfOrder, leaked, others }
}

/** Whether all is as it should be. */
export function isClean(result: ChaosResult): boolean {
  const counts = [result, result.duringRun].flatMap((one) => [
    one.lost,
    one.repeated,
    one.outOfOrder,
    one.leaked,
    one.others.length,
  ])
  const { late, unknown, leakedAfter, withTraffic } = result.withdrawalMs
  const others = [late, unknown, leakedAfter, result.endedUnasked.length, result.stalled.length]
  return withTraffic > 0 && isProved(result.audit) && [...counts, ...others].every((count) => count === 0)
}

export interface Seen {
  /** When (`performance.now()`) a decision's answer came. */
  answeredAtMs(decisionId: string): number | undefined
  /** When the follower saw a record of a clean topic. */
  seenAtMs(topic: string, partition: number, offset: number): number | undefined
  readonly commits: readonly Commit[]
  readonly outages: readonly Outage[]
}

export function withdrawalTimes(reports: readonly WithdrawalReport[], boundMs: number, seen: Seen): WithdrawalTimes {
  const after: number[] = []
  let late = 0
  let lateInOutage = 0
  let unknown = 0
  for (const { decisionId, lastGranted } of reports) {
    const answeredAtMs = seen.answeredAtMs(decisionId)
    if (answeredAtMs === undefined) continue
    const committedAtMs = lastGranted === null ? answeredAtMs : commitOf(lastGranted, seen)
    if (committedAtMs === undefined) {
      unknown++
      continue
    }
    const ms = Math.max(0, committedAtMs - answeredAtMs)
    after.push(ms)
    if (ms <= boundMs) continue
    if (seen.outages.some(([from, to]) => from < committedAtMs && to > answeredAtMs)) lateInOutage++
    else late++
  }
  const { count, ...effective } = spread(reports.map(({ effectiveMs }) => effectiveMs))
  const { count: _, ...commitAfter } = spread(after)
  const withTraffic = reports.filter(({ grantedBefore, rawAfter }) => grantedBefore > 0 && rawAfter > 0).length
  const leakedAfter = reports.reduce((sum, report) => sum + report.leakedAfter, 0)
  return { count, ...effective, boundMs, commitAfter, late, lateInOutage, unknown, withTraffic, leakedAfter }
}

/**
 * When a row was committed, at the latest: its offset lay below a committed position, or the follower had what was
 * made of it. The commit whose answer nobody saw shows in the second alone.
 */
function commitOf(row: NonNullable<WithdrawalReport['lastGranted']>, seen: Seen): number | undefined {
  const commit = seen.commits.find(({ positions }) => {
    return positions.some(([partition, next]) => partition === row.partition && next > row.offset)
  })
  const times = row.outputs.map(({ topic, partition, offset }) => seen.seenAtMs(topic, partition, offset))
  const known = [commit?.atMs, ...times].filter((ms) => ms !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
