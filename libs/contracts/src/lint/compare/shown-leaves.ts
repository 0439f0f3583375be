import type { Branch, LeafIs, Path, Verb } from '../../model.ts'
import { keysOf, pathText } from '../../path.ts'

/** One way in which a branch shows a leaf: by this verb, for events that meet all conditions. */
export interface Showing {
  readonly verb: Verb
  readonly when: readonly LeafIs[]
  /** The path as the policy has it; `flags{risk,channel}` is written once and shows two leaves. */
  readonly written: Path
}

/**
 * The leaves that a branch shows, by path, those of `only` included. A path with several map keys counts as several
 * leaves, so that a key more is seen as what it is.
 */
export function shownLeaves(branch: Branch | null): Map<string, Showing[]> {
  const shown = new Map<string, Showing[]>()
  const add = (written: Path, verb: Verb, when: readonly LeafIs[]) => {
    for (const path of oneKeyEach(written)) {
      const name = pathText(path)
      shown.set(name, [...(shown.get(name) ?? []), { verb, when, written }])
    }
  }
  for (const { path, verb } of branch?.leaves ?? []) add(path, verb, [])
  for (const { when, leaves } of branch?.only ?? []) {
    for (const { path, verb } of leaves) add(path, verb, when)
  }
  return shown
}

function oneKeyEach(path: Path): Path[] {
  return path.reduce<Path[]>(
    (paths, step) => {
      const steps = keysOf(step)?.map((key) => `{${key}}`) ?? [step]
      return paths.flatMap((before) => steps.map((one) => [...before, one]))
    },
    [[]],
  )
}
