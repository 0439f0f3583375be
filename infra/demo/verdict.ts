import { type Report, violations } from '@weir/test/check/check.ts'
import type { PersonalSearch } from '@weir/test/check/search-personal.ts'
import type { WithdrawalReport } from '@weir/test/check/withdrawals.ts'

type WithdrawalCounts = Omit<WithdrawalReport, 'decisionId' | 'lastGranted'>

/** The last line with --json. */
export interface Result {
  readonly raw: number
  readonly planted: number
  readonly clean: Report['clean']
  readonly quarantined: number
  readonly lost: number
  readonly repeated: number
  readonly leaked: number
  readonly ambiguous: number
  readonly outOfOrder: number
  readonly withdrawal: WithdrawalCounts | null
  readonly secondsToFirstClean: number
  readonly personalValuesFound: number
  readonly personalValuesSearched: number
  readonly seconds: number
  /** What is off, in words; empty: all well. */
  readonly violations: readonly string[]
}

export interface VerdictParts {
  readonly report: Report
  readonly search: PersonalSearch
  readonly published: number
  readonly planted: number
  readonly withdrawalId: string | null
  /** With events from outside nobody knows whether a shopper has enough of them. */
  readonly given: boolean
  readonly secondsToFirstClean: number
  readonly seconds: number
}

/** So many events of the shopper who withdraws must lie on either side, or the withdrawal shows nothing. */
const LEAST_OF_WITHDRAWAL = 20

export function verdict(parts: VerdictParts): Result {
  const { report, search, planted } = parts
  const { raw, clean, quarantined, lost, repeated, leaked, ambiguous, outOfOrder } = report
  const of = report.withdrawals.find((one) => one.decisionId === parts.withdrawalId)
  const withdrawal = of === undefined ? null : { ...withoutId(of), effectiveMs: rounded(of.effectiveMs) }
  return {
    raw,
    planted,
    clean,
    quarantined,
    lost,
    repeated,
    leaked,
    ambiguous,
    outOfOrder,
    withdrawal,
    secondsToFirstClean: rounded(parts.secondsToFirstClean),
    personalValuesFound: search.times,
    personalValuesSearched: search.values,
    seconds: rounded(parts.seconds),
    violations: [
      ...violations(report),
      ...countsOff(parts),
      ...withdrawalOff(parts, withdrawal),
      ...searchOff(search, parts.given),
    ],
  }
}

function countsOff({ report, published, planted, given }: VerdictParts): string[] {
  const off: string[] = []
  if (report.raw !== published) off.push(`${published} records published, ${report.raw} in the raw topic`)
  if (report.quarantined !== planted) off.push(`${planted} bad records planted, ${report.quarantined} quarantined`)
  for (const [purpose, { granted, stripped, withheld }] of Object.entries(report.clean)) {
    const sum = granted + stripped + withheld + report.quarantined
    if (sum !== report.raw) off.push(`${purpose}: outcomes sum up to ${sum}, raw records are ${report.raw}`)
    if (granted === 0 && !given) off.push(`${purpose}: nothing granted`)
  }
  return off
}

function withdrawalOff({ report, given }: VerdictParts, withdrawal: Result['withdrawal']): string[] {
  const off: string[] = []
  const leakedAfter = report.withdrawals.reduce((sum, one) => sum + one.leakedAfter, 0)
  if (leakedAfter > 0) off.push(`${leakedAfter} granted outputs after a withdrawal was in force`)
  if (given) return off
  if (withdrawal === null) return [...off, 'no withdrawal took place']
  for (const side of ['grantedBefore', 'rawAfter'] as const) {
    if (withdrawal[side] < LEAST_OF_WITHDRAWAL)
      off.push(`withdrawal: ${side} is ${withdrawal[side]}, at least ${LEAST_OF_WITHDRAWAL} are needed`)
  }
  return off
}

function searchOff(search: PersonalSearch, given: boolean): string[] {
  const off = search.found.map(({ haystack, path, encoding, times }) => {
    return `personal values of ${path} found ${times} times (${encoding}) in ${haystack}`
  })
  if (search.notInRaw.length > 0) off.push(`the byte search misses values of ${search.notInRaw.join(', ')} in raw`)
  if (search.unsearched.length > 0 && !given) off.push(`no value to search for in ${search.unsearched.join(', ')}`)
  return off
}

function withoutId({ effectiveMs, grantedBefore, rawAfter, leakedAfter }: WithdrawalReport) {
  return { effectiveMs, grantedBefore, rawAfter, leakedAfter }
}

function rounded(number: number): number {
  return Math.round(number * 1000) / 1000
}
