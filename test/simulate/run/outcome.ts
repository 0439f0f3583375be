import type { Violation } from '../check/seen.ts'
import type { DirectedName } from '../schedule/index.ts'

/** Which schedule: drawn from the seed, or a hand-timed one whose moments the seed moves a little. */
export interface Try {
  readonly seed: number
  readonly directed?: DirectedName
}

/** What one schedule came to; plain data, so that it can be sent between threads. */
export interface Outcome {
  readonly tried: Try
  /** Of the schedule. */
  readonly name: string
  readonly violations: readonly Violation[]
  /** Equal for equal runs: over every record, its times, and what each client was told. Empty after a crash. */
  readonly trace: string
  /** Timers that fired. */
  readonly steps: number
  readonly virtualMs: number
  readonly rows: number
  /** Clean records with a pseudonym as their key. */
  readonly granted: number
  readonly decisions: number
  /** Grants that soon run out, accepted and in force. */
  readonly shortGrants: number
  readonly transactions: number
  /** Of the schedule, by name. */
  readonly faults: Readonly<Record<string, number>>
  /** What processes said that is worth a look; only when asked for. */
  readonly log: readonly string[]
  /** The simulator itself could not go on: its words. */
  readonly crashed: string | null
}

/** How a worker is set up, once. */
export interface WorkerSetup {
  /** A defence to switch off. */
  readonly without: string | undefined
  readonly keepsLog: boolean
}
