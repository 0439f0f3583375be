import { expect, test } from 'vitest'
import { MetricsPage } from './metrics-page.ts'
import { progressLine, progressOf } from './progress.ts'

const page = new MetricsPage(`# HELP weir_sanitizer_rows_total Committed outcomes.
weir_sanitizer_rows_total{purpose="analytics",outcome="granted"} 1200
weir_sanitizer_rows_total{purpose="analytics",outcome="stripped"} 30
weir_sanitizer_rows_total{purpose="analytics",outcome="withheld"} 0
weir_sanitizer_rows_total{purpose="marketing",outcome="granted"} 7
weir_sanitizer_raw_total 1235
weir_sanitizer_quarantined_total{reason="A"} 2
weir_sanitizer_quarantined_total{reason="B"} 3
weir_sanitizer_lag_records 4
weir_consent_age_seconds 0.25
`)

test('samples are read by name and labels, several of one name are summed up', () => {
  const progress = progressOf(page, ['analytics'])
  expect(progress).toEqual({
    raw: 1235,
    purposes: { analytics: { granted: 1200, stripped: 30, withheld: 0 } },
    quarantined: 5,
    lag: 4,
    consentAgeS: 0.25,
  })
})

test('a line has all of it in words, without outcomes that did not occur', () => {
  expect(progressLine(3.04, 1240, progressOf(page, ['analytics']))).toBe(
    '   3.0 s · raw in 1,240 · analytics granted 1,200 stripped 30 · quarantined 5 · lag 4 · consent 0.3 s old',
  )
})

test('consent that was never proved fresh is said to be so', () => {
  const cold = new MetricsPage('weir_consent_age_seconds +Inf')
  expect(progressLine(0, 0, progressOf(cold, []))).toContain('consent not yet')
})
