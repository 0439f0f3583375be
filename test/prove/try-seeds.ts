import type { Claim } from './claims.ts'

/** What trying a claim has shown so far. */
export interface Tried {
  readonly claim: string
  readonly cases: number
  /** Seeds whose cases it does not hold of, each with what was wrong. */
  readonly failed: readonly { readonly seed: number; readonly why: string }[]
}

/** More say nothing new. */
const MOST_FAILURES = 5

/** Tries seeds `first`, `first + step`, … until so many cases were tried, or enough failed. */
export function trySeeds(claim: Claim, first: number, step: number, cases: number): Tried {
  const failed: Tried['failed'][number][] = []
  let tried = 0
  for (let seed = first; tried < cases && failed.length < MOST_FAILURES; seed += step) {
    try {
      tried += claim.run(seed)
    } catch (error) {
      failed.push({ seed, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return { claim: claim.name, cases: tried, failed }
}
