import type { Outcome, Try } from './outcome.ts'
import { runTries } from './pool.ts'

export interface Violating {
  readonly name: string
  readonly kinds: readonly string[]
}

/** Runs schedules in a thread of their own, with a defence switched off if one is named. */
export async function trySchedules(options: {
  readonly without?: string
  readonly tries: readonly Try[]
  readonly stopAtFirst: boolean
}): Promise<{ readonly ran: number; readonly violating: readonly Violating[] }> {
  const violating: Violating[] = []
  let ran = 0
  const setup = { without: options.without, keepsLog: false, workers: 1 }
  await runTries(options.tries[Symbol.iterator](), setup, (outcome) => {
    if (options.stopAtFirst && violating.length > 0) return false
    ran++
    const found = violatingOf(outcome)
    if (found !== null) violating.push(found)
    return !options.stopAtFirst || violating.length === 0
  })
  return { ran, violating }
}

/** A simulator that could not go on has found something too, if perhaps only about itself. */
function violatingOf({ name, violations, crashed }: Outcome): Violating | null {
  if (crashed !== null) return { name, kinds: ['crash'] }
  if (violations.length === 0) return null
  return { name, kinds: [...new Set(violations.map(({ kind }) => kind))] }
}
