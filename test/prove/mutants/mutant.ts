/** A change of one place of the code. */
export interface Mutant {
  /** What the changed code does. */
  readonly name: string
  /** From the root of the repository. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** A leak is to be caught; what changes nothing is to survive. */
  readonly kind: 'leak' | 'unchanged'
  /** Test files or folders, from the root, that are to tell. */
  readonly tests: readonly string[]
}

export type Fate =
  /** It type-checks, loads, and an assertion fails. */
  | { readonly kind: 'caught'; readonly by: string }
  /** All tests pass. */
  | { readonly kind: 'survived' }
  /** No mutant: it does not fit the file, does not type-check, does not load, hangs, or breaks without an assertion failing. */
  | { readonly kind: 'void'; readonly why: string }

/** Makes mutants of one file. */
export interface MutantsOf {
  leak(name: string, find: string, replace: string): Mutant
  unchanged(name: string, find: string, replace: string): Mutant
}

export function mutantsOf(file: string, tests: readonly string[]): MutantsOf {
  return {
    leak: (name, find, replace) => ({ name, file, find, replace, kind: 'leak', tests }),
    unchanged: (name, find, replace) => ({ name, file, find, replace, kind: 'unchanged', tests }),
  }
}
