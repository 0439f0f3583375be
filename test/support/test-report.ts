/** How many tests of a run ended how. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What we read of vitest's JSON report. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/**
 * Counts vitest's JSON report. A file that could not be loaded has no tests in the report, and vitest's own
 * `numFailedTests` leaves it out: it counts as one failed here. So does a run that ended badly without any failed
 * test (an error outside of tests, a stack that did not start, no report at all).
 */
export function tally(report: unknown, exitCode: number | null): Tally {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  if (isReport(report)) {
    for (const file of report.testResults) {
      const statuses = file.assertionResults.map(({ status }) => status)
      for (const status of statuses) counts[outcome(status)] += 1
      if (file.status === 'failed' && !statuses.includes('failed')) counts.failed += 1
    }
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

/** Each test that failed with its file, and each file that failed without one: in a long log they are hard to find. */
export function failures(report: unknown): string[] {
  if (!isReport(report)) return []
  return report.testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((one) => one.status === 'failed')
    if (failed.length === 0) return status === 'failed' ? [name] : []
    return failed.map(({ fullName }) => `${name}: ${fullName}`)
  })
}

export function add(one: Tally, other: Tally): Tally {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

/** `N passed, N failed`, and how many were skipped when any were. */
export function sentence({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function outcome(status: string): keyof Tally {
  if (status === 'passed' || status === 'failed') return status
  return 'skipped'
}

function isReport(report: unknown): report is VitestReport {
  return typeof report === 'object' && report !== null && 'testResults' in report && Array.isArray(report.testResults)
}
