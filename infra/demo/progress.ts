import type { MetricsPage } from './metrics-page.ts'

/** What the sanitizer has done so far, as it counts it itself. */
export interface Progress {
  readonly raw: number
  readonly purposes: Readonly<Record<string, { granted: number; stripped: number; withheld: number }>>
  readonly quarantined: number
  readonly lag: number
  /** Age of the oldest consent partition, seconds. */
  readonly consentAgeS: number
}

export function progressOf(page: MetricsPage, purposes: readonly string[]): Progress {
  const rows = (purpose: string, outcome: string) => page.sum('weir_sanitizer_rows_total', { purpose, outcome })
  return {
    raw: page.sum('weir_sanitizer_raw_total'),
    purposes: Object.fromEntries(
      purposes.map((purpose) => [
        purpose,
        {
          granted: rows(purpose, 'granted'),
          stripped: rows(purpose, 'stripped'),
          withheld: rows(purpose, 'withheld'),
        },
      ]),
    ),
    quarantined: page.sum('weir_sanitizer_quarantined_total'),
    lag: page.sum('weir_sanitizer_lag_records'),
    consentAgeS: page.sum('weir_consent_age_seconds'),
  }
}

/** One plain line. Outcomes with a count of zero are left out. */
export function progressLine(seconds: number, published: number, progress: Progress): string {
  const purposes = Object.entries(progress.purposes).map(([purpose, counts]) => `${purpose} ${countsWords(counts)}`)
  return [
    `${seconds.toFixed(1).padStart(6)} s`,
    `raw in ${grouped(published)}`,
    ...purposes,
    `quarantined ${grouped(progress.quarantined)}`,
    `lag ${grouped(progress.lag)}`,
    `consent ${Number.isFinite(progress.consentAgeS) ? `${progress.consentAgeS.toFixed(1)} s` : 'not yet'} old`,
  ].join(' · ')
}

export function countsWords(counts: Readonly<Record<string, number>>): string {
  const words = Object.entries(counts).flatMap(([outcome, count]) =>
    count > 0 ? [`${outcome} ${grouped(count)}`] : [],
  )
  return words.length > 0 ? words.join(' ') : 'nothing yet'
}

export function grouped(count: number): string {
  return count.toLocaleString('en')
}
