import { type Change, Changes } from './change.ts'
import { compareBranches } from './compare-branches.ts'
import { bySet, type Order } from './verb-order.ts'
import type { View } from './view.ts'

/** What changes for one group of people when another view decides for them. */
export function compareViews(before: View, after: View): Change[] {
  const changes = new Changes()
  if (before.branch !== null && after.branch !== null) {
    const needed = bySet(before.needs, after.needs)
    // Asking for more purposes shows less.
    const order: Order = needed === 'more' ? 'less' : needed === 'less' ? 'more' : needed
    changes.add('needs', order, `needs ${names(after.needs)} as well, before ${names(before.needs)}`)
  }
  return [...changes.list, ...compareBranches(before.branch, after.branch)]
}

function names(purposes: readonly string[]): string {
  return purposes.length === 0 ? 'no other purpose' : purposes.join(' and ')
}
