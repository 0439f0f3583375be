import type { DirectedName } from '../schedule/index.ts'
import type { Replacement } from './replaced-source.ts'

/** Something in the code that keeps a promise under faults, and the same code without it. */
export interface Defence {
  /** For `--without`. */
  readonly name: string
  /** What the code does, in words. */
  readonly does: string
  /** What happens without it. */
  readonly why: string
  /** How the code looks without it. Nearly always one place. */
  readonly edits: readonly Replacement[]
  /** Why no schedule is known that finds its absence: what keeps the promise too, or how seldom it matters. */
  readonly heldBy?: string
  /** Hand-timed schedule (test/simulate/schedule/directed.ts) that meets what random ones meet too seldom. */
  readonly directed?: DirectedName
}
