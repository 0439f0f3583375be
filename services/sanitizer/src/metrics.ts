import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Outcome } from './outcome.ts'
import type { Tally } from './tally.ts'

/** What the sanitizer counts. Labels are purposes, outcomes and reason codes: nothing of a record. */
export class SanitizerMetrics {
  readonly #rows: Counter<'purpose' | 'outcome'>
  readonly #quarantined: Counter<'reason'>
  readonly #raw: Counter
  readonly #chunks: Counter<'outcome'>
  readonly #held: Counter<'reason'>
  readonly #chunkSeconds: Histogram

  constructor(registry: Registry, read: { lag: () => number; lagMs: () => number; consentAgeMs: () => number }) {
    const registers = [registry]
    this.#raw = new Counter({ name: 'weir_sanitizer_raw_total', help: 'Raw records committed.', registers })
    this.#rows = new Counter({
      name: 'weir_sanitizer_rows_total',
      help: 'Committed outcomes of raw records by purpose.',
      labelNames: ['purpose', 'outcome'],
      registers,
    })
    this.#quarantined = new Counter({
      name: 'weir_sanitizer_quarantined_total',
      help: 'Raw records committed to quarantine by reason.',
      labelNames: ['reason'],
      registers,
    })
    this.#chunks = new Counter({
      name: 'weir_sanitizer_chunks_total',
      help: 'Attempts at a chunk by outcome.',
      labelNames: ['outcome'],
      registers,
    })
    this.#held = new Counter({
      name: 'weir_sanitizer_held_total',
      help: 'Attempts at a chunk that were held, by reason.',
      labelNames: ['reason'],
      registers,
    })
    this.#chunkSeconds = new Histogram({
      name: 'weir_sanitizer_chunk_duration_seconds',
      help: 'Time of one attempt at a chunk.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    })
    gauge(registry, 'weir_sanitizer_lag_records', 'Raw records appended and not yet handled.', read.lag)
    gauge(
      registry,
      'weir_sanitizer_lag_seconds',
      'Age by append time of the oldest raw record that was taken up and is not committed.',
      () => read.lagMs() / 1_000,
    )
    gauge(
      registry,
      'weir_consent_age_seconds',
      'Age of the oldest consent partition as proved by ticks.',
      () => read.consentAgeMs() / 1_000,
    )
  }

  /** Purposes are named once, so that a purpose with nothing yet shows as 0. */
  expect(purposes: readonly string[]): void {
    for (const purpose of purposes) {
      for (const outcome of ['granted', 'stripped', 'withheld', 'quarantined']) this.#rows.inc({ purpose, outcome }, 0)
    }
  }

  attempted(outcome: Outcome, seconds: number): void {
    this.#chunks.inc({ outcome: outcome.kind })
    this.#chunkSeconds.observe(seconds)
    if (outcome.kind === 'held') this.#held.inc({ reason: outcome.reason })
  }

  committed(tally: Tally, purposes: readonly string[]): void {
    let quarantined = 0
    for (const [reason, rows] of tally.quarantined) {
      this.#quarantined.inc({ reason }, rows)
      quarantined += rows
    }
    this.#raw.inc(tally.rows)
    for (const [output, purpose] of purposes.entries()) {
      const { granted, stripped, withheld } = tally.outputs[output] as Tally['outputs'][number]
      this.#rows.inc({ purpose, outcome: 'granted' }, granted)
      this.#rows.inc({ purpose, outcome: 'stripped' }, stripped)
      this.#rows.inc({ purpose, outcome: 'withheld' }, withheld)
      this.#rows.inc({ purpose, outcome: 'quarantined' }, quarantined)
    }
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
