import type { JournalEntry } from '@weir/test/check/evidence.ts'
import type { Shoppers } from '@weir/test/workload/shoppers.ts'
import type { Journal } from './journal.ts'

/** A decision that falls due when so much of the stream is published. */
export interface Step {
  /** Share of the stream, 0 to 1. */
  readonly at: number
  run(): Promise<void>
}

export interface StepParts {
  readonly shoppers: Shoppers
  readonly purposes: readonly string[]
  readonly journal: Journal
  /** Resolves when all that is published by now was decided. */
  readonly caughtUp: () => Promise<void>
  readonly say: (line: string) => void
}

/** No more of the stream than this is published before the withdrawal has been answered. */
export const WITHDRAWN_BY = 0.6

/** The busy shopper's withdrawal, and decisions of others that show what a grant covers. */
export function stepsOf(parts: StepParts): { steps: Step[]; withdrawal: () => JournalEntry | null } {
  const { shoppers, purposes, journal, caughtUp, say } = parts
  let withdrawal: JournalEntry | null = null
  const user = (role: Parameters<Shoppers['find']>[0]) => {
    const id = shoppers.find(role)?.subjectId
    return id === undefined ? null : ({ kind: 'user', id } as const)
  }
  const leaves = user('leaves')
  const returns = user('returns')
  const joins = user('joins-late')
  const steps: (Step | null)[] = [
    returns && {
      at: 0.25,
      run: async () => {
        await journal.decide('withdraw', returns, purposes)
        say('A shopper has withdrawn, and will come back: under new pseudonyms, and without what lies between.')
      },
    },
    joins && {
      at: 0.35,
      run: async () => {
        await journal.decide('grant', joins, purposes)
        say('A shopper has granted for the first time: from here on, and nothing from before.')
      },
    },
    leaves && {
      at: 0.5,
      run: async () => {
        await caughtUp()
        say('A busy shopper now withdraws everything.')
        withdrawal = await journal.decide('withdraw', leaves, purposes)
        say(withdrawalWords(withdrawal))
      },
    },
    returns && {
      at: 0.7,
      run: async () => {
        await journal.decide('grant', returns, purposes)
        say('The shopper who had withdrawn has granted again.')
      },
    },
  ]
  return { steps: steps.filter((step) => step !== null), withdrawal: () => withdrawal }
}

function withdrawalWords({ effectiveMs, endAfter }: JournalEntry): string {
  const places = endAfter.map((offset, partition) => `${partition}:${offset}`).join(' ')
  const time = new Date().toISOString().slice(11, 23)
  return (
    `Withdrawal in force ${Math.round(effectiveMs)} ms after it was sent, at ${time}. ` +
    `From here on nothing more of theirs passes: raw partition:offset ${places}`
  )
}
