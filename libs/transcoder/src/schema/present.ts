import type { Path } from '@weir/contracts'
import { readStep } from './path-step.ts'
import { type SchemaNode, simpleName } from './schema-node.ts'

/** The type that stands at a place of the writer schema apart from null. */
export interface Present {
  readonly node: SchemaNode
  /** Its index in the union; null when the place is no union, and the value always this. */
  readonly index: number | null
}

/** The one type that stands at a place besides null. Null for null alone and for unions of several types. */
export function presentAt(place: SchemaNode): Present | null {
  if (place.kind !== 'union') return place.kind === 'null' ? null : { node: place, index: null }
  const others = place.branches.filter((branch) => branch.kind !== 'null')
  const [other] = others
  return other === undefined || others.length > 1 ? null : { node: other, index: place.branches.indexOf(other) }
}

/**
 * The branch of a union by the name of its type, with or without namespace. A place that is no union is taken as one of
 * a single branch: that is what an older version of a union may be.
 */
export function branchAt(place: SchemaNode, name: string): Present | null {
  if (place.kind !== 'union') return isNamed(place, name) && place.kind !== 'null' ? { node: place, index: null } : null
  const branch = branchOf(place.branches, name)
  return branch === undefined || branch.kind === 'null' ? null : { node: branch, index: place.branches.indexOf(branch) }
}

/** By the full name, or by the simple one where it names one branch alone: a second `View` may be anybody's. */
function branchOf(branches: readonly SchemaNode[], name: string): SchemaNode | undefined {
  const full = branches.find((branch) => 'name' in branch && branch.name === name)
  if (full !== undefined) return full
  const [first, ...others] = branches.filter((branch) => simpleName(branch) === name)
  return others.length === 0 ? first : undefined
}

function isNamed(node: SchemaNode, name: string): boolean {
  return simpleName(node) === name || ('name' in node && node.name === name)
}

/**
 * Whether anything stands at the path, also in a form that the path does not address, such as behind a union of several
 * types. What can only take away and is mentioned but not found must not be passed over.
 */
export function isMentioned(place: SchemaNode, path: Path): boolean {
  const [first, ...rest] = path
  if (first === undefined) return place.kind !== 'null'
  const step = readStep(first)
  if (place.kind === 'union') {
    const reached = step.kind === 'branch' ? place.branches.filter((one) => isNamed(one, step.name)) : place.branches
    return reached.some((branch) => isMentioned(branch, step.kind === 'branch' ? rest : path))
  }
  switch (step.kind) {
    case 'branch':
      return isNamed(place, step.name) && isMentioned(place, rest)
    case 'field': {
      const field = place.kind === 'record' ? place.fields.find(({ name }) => name === step.name) : undefined
      return field !== undefined && isMentioned(field.type, rest)
    }
    case 'items':
      return place.kind === 'array' && isMentioned(place.items, rest)
    case 'keys':
      return place.kind === 'map' && isMentioned(place.values, rest)
  }
}
