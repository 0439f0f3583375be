import { type Branch, branchName, keysOf, type LeafIs, type Path, type Verb } from '@weir/contracts'
import type { EventLeaf, Step } from './event-leaves.ts'

/** Whether a policy's path names what the steps lead to (or, with `begins`, something in it). */
export function names(path: Path, steps: readonly Step[], begins = false): boolean {
  if (begins ? steps.length > path.length : steps.length !== path.length) return false
  return steps.every((step, i) => fits(path[i] ?? '', step))
}

function fits(wanted: string, step: Step): boolean {
  switch (step.is) {
    case 'field':
      return wanted === step.name
    case 'item':
      return wanted === '[]'
    case 'key':
      return keysOf(wanted)?.includes(step.key) === true
    case 'branch':
      return branchName(wanted) === step.name
  }
}

/** What a branch says of a leaf. */
export type Said =
  | { readonly is: 'named'; readonly path: Path; readonly verb: Verb }
  /** Named for events that this one is not. */
  | { readonly is: 'elsewhere'; readonly when: readonly LeafIs[] }
  | { readonly is: 'unnamed' }

export function saidOf(branch: Branch, steps: readonly Step[], event: readonly EventLeaf[]): Said {
  const begins = (path: Path) => names(path, steps) || names(path, steps, true)
  const leaf = branch.leaves.find((one) => begins(one.path))
  if (leaf !== undefined) return { is: 'named', ...leaf }
  let elsewhere: Said = { is: 'unnamed' }
  for (const { when, leaves } of branch.only) {
    const added = leaves.find((one) => begins(one.path))
    if (added === undefined) continue
    if (meets(event, when)) return { is: 'named', ...added }
    elsewhere = { is: 'elsewhere', when }
  }
  return elsewhere
}

/** Whether an event has one of the constants in each of the leaves. */
export function meets(event: readonly EventLeaf[], conditions: readonly LeafIs[]): boolean {
  return conditions.every(({ path, constants }) => {
    const leaf = event.find(({ steps }) => names(path, steps))
    return leaf !== undefined && constants.some((one) => String(one) === String(leaf.value))
  })
}
