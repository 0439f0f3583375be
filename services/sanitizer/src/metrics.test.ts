import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { SanitizerMetrics } from './metrics.ts'

const purposes = ['personalization', 'analytics']

function setUp() {
  const registry = new Registry()
  const reads = { lag: 0, lagMs: 0, consentAgeMs: 0 }
  const metrics = new SanitizerMetrics(registry, {
    lag: () => reads.lag,
    lagMs: () => reads.lagMs,
    consentAgeMs: () => reads.consentAgeMs,
  })
  metrics.expect(purposes)
  /** Lines of one metric, without the HELP and TYPE of it. */
  const lines = async (name: string) =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(name) && !line.includes('_bucket'))
  return { metrics, reads, lines }
}

describe('metrics', () => {
  it('show each purpose with all outcomes as 0 before anything happened', async () => {
    const { lines } = setUp()
    const rows = await lines('weir_sanitizer_rows_total')
    expect(rows).toHaveLength(purposes.length * 4)
    expect(rows.every((line) => line.endsWith(' 0'))).toBe(true)
    expect(rows).toContain('weir_sanitizer_rows_total{purpose="analytics",outcome="withheld"} 0')
  })

  it('add up: granted, stripped, withheld and quarantined of each purpose are the raw records', async () => {
    const { metrics, lines } = setUp()
    const quarantined = new Map([
      ['WEIR_EVENT_EMPTY', 2],
      ['WEIR_EVENT_MALFORMED', 1],
    ])
    const outputs = [
      { granted: 4, stripped: 2, withheld: 1 },
      { granted: 0, stripped: 7, withheld: 0 },
    ]
    metrics.committed({ rows: 10, quarantined, outputs }, purposes)
    expect(await lines('weir_sanitizer_raw_total')).toEqual(['weir_sanitizer_raw_total 10'])
    for (const purpose of purposes) {
      const of = (await lines('weir_sanitizer_rows_total')).filter((line) => line.includes(`"${purpose}"`))
      expect(of.map((line) => Number(line.split(' ')[1])).reduce((a, b) => a + b)).toBe(10)
    }
    expect(await lines('weir_sanitizer_quarantined_total')).toEqual([
      'weir_sanitizer_quarantined_total{reason="WEIR_EVENT_EMPTY"} 2',
      'weir_sanitizer_quarantined_total{reason="WEIR_EVENT_MALFORMED"} 1',
    ])
  })

  it('count attempts by outcome, with their time, and what is held by reason', async () => {
    const { metrics, lines } = setUp()
    metrics.attempted({ kind: 'held', reason: 'consent-cold', retryAfterMs: 5 }, 0.25)
    metrics.attempted({ kind: 'stale', why: 'changed' }, 0.5)
    expect(await lines('weir_sanitizer_chunks_total')).toEqual([
      'weir_sanitizer_chunks_total{outcome="held"} 1',
      'weir_sanitizer_chunks_total{outcome="stale"} 1',
    ])
    expect(await lines('weir_sanitizer_held_total')).toEqual(['weir_sanitizer_held_total{reason="consent-cold"} 1'])
    expect(await lines('weir_sanitizer_chunk_duration_seconds')).toEqual([
      'weir_sanitizer_chunk_duration_seconds_sum 0.75',
      'weir_sanitizer_chunk_duration_seconds_count 2',
    ])
  })

  it('read lag and age of consent when they are asked for', async () => {
    const { reads, lines } = setUp()
    reads.lag = 7
    reads.consentAgeMs = 1_500
    expect(await lines('weir_sanitizer_lag_records')).toEqual(['weir_sanitizer_lag_records 7'])
    expect(await lines('weir_consent_age_seconds')).toEqual(['weir_consent_age_seconds 1.5'])
    reads.consentAgeMs = Number.POSITIVE_INFINITY
    expect(await lines('weir_consent_age_seconds')).toEqual(['weir_consent_age_seconds +Inf'])
  })
})
