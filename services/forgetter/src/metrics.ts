import { Counter, Gauge, type Registry } from 'prom-client'
import type { ErasureLane } from './erasure-lane.ts'
import type { Lanes } from './group-loop.ts'
import type { OrderLane } from './order-lane.ts'

export interface ForgetterMetrics {
  /** Forget orders that are out, by `outcome`: forgotten, or no-output where the contract has none for the purpose. */
  readonly orders: Counter<'outcome'>
  /** Steps of erasures written into the ledger, by `step`. */
  readonly steps: Counter<'step'>
  /** Times that open erasures were looked at. */
  readonly checks: Counter
}

export function makeForgetterMetrics(registry: Registry): ForgetterMetrics {
  const registers = [registry]
  return {
    orders: new Counter({
      name: 'weir_forgetter_orders_total',
      help: 'Forget orders that are out, by outcome: forgotten, no-output.',
      labelNames: ['outcome'],
      registers,
    }),
    steps: new Counter({
      name: 'weir_forgetter_erasure_steps_total',
      help: 'Steps of erasures written into the ledger, by step: forgotten, saltsGone, completed.',
      labelNames: ['step'],
      registers,
    }),
    checks: new Counter({
      name: 'weir_forgetter_erasure_checks_total',
      help: 'Times that the erasures of this process were looked at and the broker answered.',
      registers,
    }),
  }
}

/** Gauges that are read when they are scraped. */
export function watchForgetter(registry: Registry, orders: Lanes<OrderLane>, erasures: Lanes<ErasureLane>): void {
  const registers = [registry]
  new Gauge({
    name: 'weir_forgetter_waiting_orders',
    help: 'Forget orders that were read and wait for their time.',
    registers,
    collect() {
      this.set([...orders.values()].reduce((sum, lane) => sum + lane.waiting.length, 0))
    },
  })
  new Gauge({
    name: 'weir_forgetter_open_erasures',
    help: 'Erasures of this process that are not completed, by the step reached: requested, forgotten, saltsGone.',
    labelNames: ['step'],
    registers,
    collect() {
      this.reset()
      for (const step of ['requested', 'forgotten', 'saltsGone']) this.set({ step }, 0)
      for (const lane of erasures.values()) for (const { reached } of lane.open) this.inc({ step: reached })
    },
  })
}
