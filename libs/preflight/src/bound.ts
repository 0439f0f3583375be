import type { Settings } from './settings.ts'

/** Of the sanitizer's and the projector's transactions (ms): one constant for both, since the stated bound rests on it. */
export const TRANSACTION_TIMEOUT_MS = 5_000

/** How often the coordinator looks for transactions that are over their time: Kafka's own default. */
const DEFAULT_SWEEP_MS = 10_000

/** Writing the markers of a transaction, while brokers run well. */
const MARKERS_MS = 1_000

/** Within which time a withdrawal holds, from the moment when the consent API calls it `effective`. */
export interface StatedBound {
  readonly transactionTimeoutMs: number
  /** How often the slowest broker ends transactions that are over their time. */
  readonly sweepMs: number
  /** After this nothing that was decided before can commit any more. */
  readonly commitsWithinMs: number
  /** After this read_committed readers have seen the last of it, while brokers run well. */
  readonly visibleWithinMs: number
}

/**
 * A sanitizer reads the end of `consent.state` (the fence) only after its transaction was opened at the coordinator, so
 * what passed its fence before `effective` was opened before. Its client sends no commit later than the timeout after
 * that. One that was sent in time and is late on its way is refused once the coordinator has aborted the transaction: at
 * its first sweep after the timeout, so at most timeout plus sweep after the opening. Kafka's
 * TransactionStateManager.timedOutTransactions compares the coordinator's clock with the time when the transaction began,
 * which lies in its log and survives a move of the coordinator; what is assumed is that the clocks of two coordinators
 * differ by less than the sweep. Any broker may coordinate, so the slowest sweep counts.
 */
export function statedBound({ brokers }: Pick<Settings, 'brokers'>): StatedBound {
  const sweepMs = Math.max(...[...brokers.values()].map(sweepOf))
  const commitsWithinMs = TRANSACTION_TIMEOUT_MS + sweepMs
  return {
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    sweepMs,
    commitsWithinMs,
    visibleWithinMs: commitsWithinMs + MARKERS_MS,
  }
}

function sweepOf(config: Readonly<Record<string, string>>): number {
  const found = Number(config['transaction.abort.timed.out.transaction.cleanup.interval.ms'])
  return Number.isFinite(found) && found > 0 ? found : DEFAULT_SWEEP_MS
}
