import type { RunningConsentView } from '@weir/consent-view'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Loader } from './loader.ts'
import type { Loop } from './loop.ts'

export interface ProjectorMetrics {
  /** Ledger records folded, by `outcome`: applied, refused, repeated, tick. */
  readonly folded: Counter<'outcome'>
  /** Transactions, by `outcome`: committed, aborted, unknown, fenced. */
  readonly transactions: Counter<'outcome'>
  readonly transactionSeconds: Histogram
  readonly forgetOrders: Counter
  /** Refusals of devices, appended for the subjects they are linked to. */
  readonly carried: Counter
  /** `expire` records appended: for grants whose time is over. */
  readonly expired: Counter
  /** Times that a fold had to wait for the consent view, by `reason`. */
  readonly held: Counter<'reason'>
  readonly tickSeconds: Histogram
  readonly loadedRecords: Counter
}

const SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

export function makeProjectorMetrics(registry: Registry): ProjectorMetrics {
  const registers = [registry]
  return {
    folded: new Counter({
      name: 'weir_projector_folded_total',
      help: 'Ledger records folded, by outcome: applied, refused, repeated, tick.',
      labelNames: ['outcome'],
      registers,
    }),
    transactions: new Counter({
      name: 'weir_projector_transactions_total',
      help: 'Transactions by outcome: committed, aborted, unknown, fenced.',
      labelNames: ['outcome'],
      registers,
    }),
    transactionSeconds: new Histogram({
      name: 'weir_projector_transaction_seconds',
      help: 'Time from begin to the answer of the commit.',
      buckets: SECONDS,
      registers,
    }),
    forgetOrders: new Counter({
      name: 'weir_projector_forget_orders_total',
      help: 'Pseudonyms ordered forgotten because their grant ended.',
      registers,
    }),
    carried: new Counter({
      name: 'weir_projector_carried_total',
      help: 'Refusals on devices carried to the data subjects that they are linked to.',
      registers,
    }),
    expired: new Counter({
      name: 'weir_projector_expire_records_total',
      help: 'Records appended to the ledger to end grants whose time is over.',
      registers,
    }),
    held: new Counter({
      name: 'weir_projector_held_total',
      help: 'Times that a fold had to wait for the consent view, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    tickSeconds: new Histogram({
      name: 'weir_projector_tick_seconds',
      help: 'Time from appending a tick to the ledger until it came out in consent.state.',
      buckets: SECONDS,
      registers,
    }),
    loadedRecords: new Counter({
      name: 'weir_loader_records_total',
      help: 'Records of consent.state applied to the consent cache, ticks included.',
      registers,
    }),
  }
}

/** Gauges that are read when they are scraped. */
export function watchProjector(registry: Registry, view: RunningConsentView, loop: Loop, loader: Loader): void {
  const registers = [registry]
  new Gauge({
    name: 'weir_projector_partitions',
    help: 'Ledger partitions of this process, by state: starting, running, stopped, leaving.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset()
      for (const state of ['starting', 'running', 'stopped', 'leaving']) this.set({ state }, 0)
      for (const { state } of loop.lanes.values()) this.inc({ state })
    },
  })
  new Gauge({
    name: 'weir_projector_waiting_records',
    help: 'Ledger records that were read and not folded yet.',
    registers,
    collect() {
      this.set([...loop.lanes.values()].reduce((sum, lane) => sum + lane.waiting, 0))
    },
  })
  new Gauge({
    name: 'weir_loader_watermark',
    help: 'Position in consent.state up to which the consent cache holds everything, by partition.',
    labelNames: ['partition'],
    registers,
    collect() {
      this.reset()
      for (const [partition, watermark] of loader.watermarks) {
        if (watermark !== null) this.set({ partition: String(partition) }, watermark)
      }
    },
  })
  new Gauge({
    name: 'weir_loader_lag_records',
    help: 'Offsets that the consent cache is behind the tail of consent.state, the furthest partition.',
    registers,
    collect() {
      this.set(loaderLag(view, loader))
    },
  })
  watchView(registry, view)
}

/** Offsets between tail and cache in the partition that is furthest behind; 0 while nothing is loaded here. */
function loaderLag(view: RunningConsentView, loader: Loader): number {
  const positions = view.positions()
  let lag = 0
  for (const [partition, watermark] of loader.watermarks) {
    lag = Math.max(lag, (positions[partition] ?? 0) - (watermark ?? 0))
  }
  return lag
}

function watchView(registry: Registry, view: RunningConsentView): void {
  const registers = [registry]
  new Gauge({
    name: 'weir_consent_view_changes',
    help: 'Changes of consent.state kept in memory because the consent cache may not have them.',
    registers,
    collect() {
      this.set(view.health().changes)
    },
  })
  new Gauge({
    name: 'weir_consent_view_age_seconds',
    help: 'Age of the proof of freshness, of the stalest partition; absent before the first proof.',
    registers,
    collect() {
      const { oldestAgeMs } = view.health()
      this.reset()
      if (Number.isFinite(oldestAgeMs)) this.set(oldestAgeMs / 1_000)
    },
  })
}
