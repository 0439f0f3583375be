import { differential } from './differential.ts'
import { hostile } from './hostile.ts'
import { hostileRewrite } from './hostile-rewrite.ts'
import { locate } from './locate.ts'
import { nonInterference } from './non-interference.ts'
import { pseudonyms } from './pseudonyms.ts'

/** Something that is to hold of every generated case. */
export interface Claim {
  readonly name: string
  /** Its share of all cases, in hundredths. */
  readonly percent: number
  /**
   * Tries the cases that a seed makes, and returns how many these were. The same seed makes the same cases.
   * @throws Error (an assertion) for a case of which it does not hold
   */
  run(seed: number): number
}

export const CLAIMS: readonly Claim[] = [
  { name: 'differential', percent: 35, run: differential },
  { name: 'non-interference', percent: 20, run: nonInterference },
  { name: 'hostile', percent: 25, run: hostile },
  { name: 'hostile-rewrite', percent: 10, run: hostileRewrite },
  { name: 'locate', percent: 5, run: locate },
  { name: 'pseudonyms', percent: 5, run: pseudonyms },
]
