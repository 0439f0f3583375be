import type { Marks } from '../read/marks.ts'
import type { AskRecord, WriteRecord } from './compile-routines.ts'

/** More than any contract has in use at once; beyond it they are compiled again. */
const MOST_VIEWS = 64

/** A condition's two outcomes; after the last condition its view. */
interface Outcomes {
  holds: Outcomes | null
  fails: Outcomes | null
  view: WriteRecord | null
}

/** The routines of a branch by which of its conditions hold, in a tree of outcomes: looking one up allocates nothing. */
export class Views {
  readonly #conditions: readonly AskRecord[]
  readonly #compile: (holds: readonly boolean[]) => WriteRecord
  #root = newOutcomes()
  #count = 0

  constructor(conditions: readonly AskRecord[], compile: (holds: readonly boolean[]) => WriteRecord) {
    this.#conditions = conditions
    this.#compile = compile
  }

  of(marks: Marks, record: number): WriteRecord {
    let at = this.#root
    for (const condition of this.#conditions) {
      at = after(at, condition(marks, record))
    }
    return at.view ?? this.#add(marks, record)
  }

  #add(marks: Marks, record: number): WriteRecord {
    if (this.#count >= MOST_VIEWS) {
      this.#root = newOutcomes()
      this.#count = 0
    }
    const holds = this.#conditions.map((condition) => condition(marks, record))
    let at = this.#root
    for (const one of holds) at = after(at, one)
    at.view = this.#compile(holds)
    this.#count++
    return at.view
  }
}

function after(outcomes: Outcomes, holds: boolean): Outcomes {
  if (holds) {
    outcomes.holds ??= newOutcomes()
    return outcomes.holds
  }
  outcomes.fails ??= newOutcomes()
  return outcomes.fails
}

function newOutcomes(): Outcomes {
  return { holds: null, fails: null, view: null }
}
