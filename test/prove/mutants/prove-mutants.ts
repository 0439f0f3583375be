import { availableParallelism } from 'node:os'
import type { Fate, Mutant } from './mutant.ts'
import { MUTANTS } from './mutants.ts'
import { Workshop } from './workshop.ts'

export interface MutantsProved {
  /** Leaks that were planted, and how many of them were caught. */
  readonly seeded: number
  readonly caught: number
  /** Changes that change nothing, and how many of them passed all tests. */
  readonly unchanged: number
  readonly survived: number
  readonly seconds: number
}

/** Tries mutants, as many at once as there are cores. */
export async function proveMutants(mutants: readonly Mutant[], say: (line: string) => void): Promise<MutantsProved> {
  const began = performance.now()
  const left = [...mutants]
  const fates: (readonly [Mutant, Fate])[] = []
  const work = async (): Promise<void> => {
    const workshop = new Workshop()
    try {
      for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
        const fate = await workshop.try(mutant)
        fates.push([mutant, fate])
        say(line(mutant, fate))
      }
    } finally {
      workshop.remove()
    }
  }
  await unharmed(mutants)
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), mutants.length) }, work))
  const count = (kind: Mutant['kind'], fate?: Fate['kind']) =>
    fates.filter(([mutant, found]) => mutant.kind === kind && (fate === undefined || found.kind === fate)).length
  return {
    seeded: count('leak'),
    caught: count('leak', 'caught'),
    unchanged: count('unchanged'),
    survived: count('unchanged', 'survived'),
    seconds: Math.round((performance.now() - began) / 1_000),
  }
}

/** @throws Error when the code fails its tests before anything was changed */
async function unharmed(mutants: readonly Mutant[]): Promise<void> {
  const workshop = new Workshop()
  try {
    const fate = await workshop.unharmed([...new Set(mutants.flatMap(({ tests }) => tests))])
    if (fate.kind !== 'survived') {
      throw new Error(`the code fails as it is, so no mutant can be judged: ${JSON.stringify(fate)}`)
    }
  } finally {
    workshop.remove()
  }
}

/** So many of them, from all over the list and one that changes nothing among them; others with another seed. */
export function someMutants(count: number, seed: number): readonly Mutant[] {
  const leaks = MUTANTS.filter(({ kind }) => kind === 'leak')
  const unchanged = MUTANTS.filter(({ kind }) => kind === 'unchanged')
  const step = Math.floor(leaks.length / (count - 1))
  return [
    ...leaks.filter((_, index) => index % step === seed % step).slice(0, count - 1),
    ...unchanged.slice(seed % unchanged.length).slice(0, 1),
  ]
}

function line({ name, kind, file }: Mutant, fate: Fate): string {
  const wanted = kind === 'leak' ? 'caught' : 'survived'
  const detail = fate.kind === 'caught' ? fate.by : fate.kind === 'void' ? fate.why : ''
  return `${fate.kind === wanted ? 'ok  ' : 'NOT '} ${fate.kind.padEnd(8)} ${name} (${file})${detail && `: ${detail}`}`
}
