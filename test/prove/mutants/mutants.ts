import { CONSENT } from './consent.ts'
import type { Mutant } from './mutant.ts'
import { PSEUDONYM } from './pseudonym.ts'
import { SANITIZER } from './sanitizer.ts'
import { TRANSCODER } from './transcoder.ts'

/** All mutants; each is another way in which data could leak, or none. */
export const MUTANTS: readonly Mutant[] = [...CONSENT, ...PSEUDONYM, ...SANITIZER, ...TRANSCODER]
