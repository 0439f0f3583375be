import type { ViolationKind } from '../check/seen.ts'
import type { Outcome } from './outcome.ts'

export interface SimulateResult {
  readonly schedules: number
  /** Timers that fired in all of them. */
  readonly steps: number
  readonly virtualSeconds: number
  readonly rows: number
  readonly decisions: number
  readonly transactions: number
  readonly faults: Readonly<Record<string, number>>
  /** Schedules in which a promise was broken, or the simulator could not go on. */
  readonly violations: number
  readonly kinds: Readonly<Partial<Record<ViolationKind | 'crash', number>>>
  /** The first few of them. */
  readonly violating: readonly string[]
  readonly without: string | null
  readonly seconds: number
}

const NAMED = 20

/** What many schedules came to. */
export class Sum {
  readonly #began = performance.now()
  readonly #without: string | undefined
  readonly #faults = new Map<string, number>()
  readonly #kinds = new Map<string, number>()
  readonly #violating: string[] = []
  #schedules = 0
  #steps = 0
  #virtualMs = 0
  #rows = 0
  #decisions = 0
  #transactions = 0

  constructor(without: string | undefined) {
    this.#without = without
  }

  add({ name, violations, crashed, steps, virtualMs, rows, decisions, transactions, faults }: Outcome): void {
    this.#schedules++
    this.#steps += steps
    this.#virtualMs += virtualMs
    this.#rows += rows
    this.#decisions += decisions
    this.#transactions += transactions
    for (const [fault, count] of Object.entries(faults)) this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + count)
    const kinds = crashed === null ? new Set<string>(violations.map(({ kind }) => kind)) : ['crash']
    for (const kind of kinds) this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    if (crashed !== null || violations.length > 0) this.#violating.push(name)
  }

  result(): SimulateResult {
    return {
      schedules: this.#schedules,
      steps: this.#steps,
      virtualSeconds: Math.round(this.#virtualMs / 1_000),
      rows: this.#rows,
      decisions: this.#decisions,
      transactions: this.#transactions,
      faults: Object.fromEntries([...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1))),
      violations: this.#violating.length,
      kinds: Object.fromEntries(this.#kinds),
      violating: this.#violating.sort().slice(0, NAMED),
      without: this.#without ?? null,
      seconds: secondsSince(this.#began),
    }
  }
}

export function secondsSince(began: number): number {
  return Number(((performance.now() - began) / 1_000).toFixed(1))
}
