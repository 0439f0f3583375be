import type { Verb } from '../../model.ts'

/**
 * How much the second of two verbs shows of a leaf, beside the first. `more`: whoever sees the second could work out
 * what the first gives, and learns something beyond it. `mixed`: each tells something that the other does not, so a
 * change from one to the other is a widening too. `neither`: another word for the same (a changed `set`).
 */
export type Order = 'same' | 'more' | 'less' | 'mixed' | 'neither'

/** Verbs that cut a time, finest first. */
const TIMES: readonly Verb['kind'][] = ['keep', 'hour', 'day', 'month']

/** Verbs that give null for some values: no list has them, they lie below the first bound, they are no address. */
const MAY_GIVE_NULL: ReadonlySet<Verb['kind']> = new Set(['in', 'bucket', 'prefix', 'host', 'decimals'])

export function compareVerbs(before: Verb, after: Verb): Order {
  if (before.kind === after.kind) return sameKind(before, after)
  if (before.kind === 'keep') return 'less'
  if (after.kind === 'keep') return 'more'
  // A constant tells only that the leaf is there, which another verb tells as well unless it gives null for some values.
  if (before.kind === 'set') return MAY_GIVE_NULL.has(after.kind) ? 'mixed' : 'more'
  if (after.kind === 'set') return MAY_GIVE_NULL.has(before.kind) ? 'mixed' : 'less'
  const [a, b] = [TIMES.indexOf(before.kind), TIMES.indexOf(after.kind)]
  if (a !== -1 && b !== -1) return b < a ? 'more' : 'less'
  return 'mixed'
}

function sameKind(before: Verb, after: Verb): Order {
  if (before.kind === 'prefix' && after.kind === 'prefix') {
    return both(byNumber(before.v4, after.v4), byNumber(before.v6, after.v6))
  }
  if (before.kind === 'decimals' && after.kind === 'decimals') return byNumber(before.digits, after.digits)
  if (before.kind === 'first' && after.kind === 'first') return byNumber(before.characters, after.characters)
  // Added bounds cut the ranges there were into smaller ones.
  if (before.kind === 'bucket' && after.kind === 'bucket') return bySet(before.bounds, after.bounds)
  if (before.kind === 'in' && after.kind === 'in') return bySet([...before.values], [...after.values])
  if (before.kind === 'routes' && after.kind === 'routes') {
    const stayed = before.patterns.filter((pattern) => after.patterns.includes(pattern))
    const now = after.patterns.filter((pattern) => before.patterns.includes(pattern))
    // The first that fits wins, so the same patterns in another order sort values otherwise.
    if (stayed.some((pattern, i) => pattern !== now[i])) return 'mixed'
    return bySet(before.patterns, after.patterns)
  }
  if (before.kind === 'set' && after.kind === 'set') return before.constant === after.constant ? 'same' : 'neither'
  return 'same'
}

function byNumber(before: number, after: number): Order {
  return after === before ? 'same' : after > before ? 'more' : 'less'
}

/** The bigger set shows more. */
export function bySet<T>(before: readonly T[], after: readonly T[]): Order {
  const gained = after.some((one) => !before.includes(one))
  const lost = before.some((one) => !after.includes(one))
  if (gained && lost) return 'mixed'
  return gained ? 'more' : lost ? 'less' : 'same'
}

/** Two orders at once: one way only if neither goes the other. */
export function both(a: Order, b: Order): Order {
  if (a === b || b === 'same') return a
  if (a === 'same') return b
  if (a === 'neither') return b
  if (b === 'neither') return a
  return 'mixed'
}

/** Whether a change in this order shows anyone anything that was not shown before. */
export function widens(order: Order): boolean {
  return order === 'more' || order === 'mixed'
}

export function narrows(order: Order): boolean {
  return order === 'less' || order === 'mixed'
}
