import type { DecisionKind } from '@weir/consent'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { OnSettled } from './decision-index.ts'
import type { SettledStatus } from './known-decision.ts'

/** What became of a decision here; the last four are what the fold made of it. */
export type DecisionOutcome = 'recorded' | 'rejected' | 'held' | 'unsure' | 'failed' | SettledStatus

/** Metrics of the consent service. Labels hold kinds and outcomes only, never a subject. */
export interface ConsentMetrics {
  decided(kind: DecisionKind | 'unknown', outcome: DecisionOutcome): void
  /** A decision recorded here was seen folded, `afterMs` after its request arrived. */
  settled: OnSettled
  requested(method: string, route: string, status: number, tookMs: number): void
}

/** `pending` tells how many decisions recorded here wait to become effective. */
export function consentMetrics(registry: Registry, pending: () => number): ConsentMetrics {
  const decisions = new Counter({
    name: 'weir_consent_decisions_total',
    help: 'Decisions by kind and by what became of them.',
    labelNames: ['kind', 'outcome'],
    registers: [registry],
  })
  const effective = new Histogram({
    name: 'weir_consent_effective_seconds',
    help: 'From the arrival of a decision to its being seen in force in consent.state.',
    labelNames: ['kind'],
    buckets: [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 15, 60],
    registers: [registry],
  })
  const requests = new Histogram({
    name: 'weir_consent_http_request_seconds',
    help: 'Time to answer a request, by route pattern. Waiting that the caller asked for is included.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers: [registry],
  })
  new Gauge({
    name: 'weir_consent_decisions_pending',
    help: 'Decisions recorded by this process and not yet seen in force.',
    registers: [registry],
    collect() {
      this.set(pending())
    },
  })
  return {
    decided: (kind, outcome) => decisions.inc({ kind, outcome }),
    settled: (kind, status, afterMs) => {
      decisions.inc({ kind, outcome: status })
      if (status === 'effective') effective.observe({ kind }, afterMs / 1000)
    },
    requested: (method, route, status, tookMs) =>
      requests.observe({ method, route, status: String(status) }, tookMs / 1000),
  }
}
