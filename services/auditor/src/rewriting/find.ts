import { branchOf, type Node, only } from '../avro/node.ts'
import { isChosen, isEntries, type Value } from '../avro/values.ts'
import { branchName, ITEMS, keyOf, type Path } from '../contract/path.ts'

/** A leaf of a writer schema. */
export interface Found {
  /** Its type without null. */
  readonly node: Node
  /** Its values in a record, none of them null: a path through arrays has any number. */
  readonly all: (value: Value) => readonly Value[]
}

/** Null where the path leads to no leaf of this version of the schema. */
export function find(place: Node, path: Path): Found | null {
  const [step, ...rest] = path
  if (step === undefined) {
    const node = only(place)
    return node === null ? null : { node, all: (value) => (value === null ? [] : [value]) }
  }
  const name = branchName(step)
  if (name !== null) {
    const node = branchOf(place, name)
    const inner = node === null ? null : find(node, rest)
    if (node === null || inner === null) return null
    return { node: inner.node, all: (value) => openBranch(place, node, value).flatMap((one) => inner.all(one)) }
  }
  const node = only(place)
  if (node === null) return null
  const next = stepInto(node, step)
  const inner = next === null ? null : find(next.type, rest)
  if (next === null || inner === null) return null
  return {
    node: inner.node,
    all: (value) => (value === null ? [] : next.parts(value).flatMap((one) => inner.all(one))),
  }
}

/** The value as one of this branch, or nothing. */
export function openBranch(place: Node, node: Node, value: Value): readonly Value[] {
  if (value === null) return []
  if (place.kind !== 'union' || place.only >= 0) return [value]
  return isChosen(value) && place.branches[value.branch] === node ? [value.value] : []
}

function stepInto(node: Node, step: string): { type: Node; parts: (value: Value) => readonly Value[] } | null {
  const key = keyOf(step)
  if (key !== null) {
    if (node.kind !== 'map') return null
    return { type: node.values, parts: (value) => lastEntry(value, key).slice(0, 1) }
  }
  if (step === ITEMS) {
    return node.kind === 'array' ? { type: node.items, parts: (value) => value as readonly Value[] } : null
  }
  const index = node.kind === 'record' ? node.fields.findIndex((field) => field.name === step) : -1
  const field = node.kind === 'record' ? node.fields[index] : undefined
  return field === undefined
    ? null
    : { type: field.type, parts: (value) => [(value as readonly Value[])[index] ?? null] }
}

/** The last entry of a map with the key, as a list of none or one. */
export function lastEntry(value: Value, key: string): readonly Value[] {
  if (!isEntries(value)) return []
  const bytes = Buffer.from(key)
  const found = value.entries.findLast(([name]) => name.equals(bytes))
  return found === undefined ? [] : [found[1]]
}

/** Whether anything stands at the path, also in a form that it does not address: that must not be passed over. */
export function isMentioned(place: Node, path: Path): boolean {
  const [step, ...rest] = path
  if (step === undefined) return place.kind !== 'null'
  const name = branchName(step)
  if (name !== null) {
    const node = branchOf(place, name)
    return node !== null && isMentioned(node, rest)
  }
  if (place.kind === 'union') return place.branches.some((branch) => isMentioned(branch, path))
  const next = stepInto(place, step)
  return next !== null && isMentioned(next.type, rest)
}
