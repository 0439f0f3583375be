import type { Path } from '@weir/contracts'
import { readStep } from '../schema/path-step.ts'
import { type SchemaNode, simpleName } from '../schema/schema-node.ts'
import { entriesOf, isTwinRecord, itemsOf, lastValue, type Twin, type TwinValue } from './avro-twin.ts'

/** What stands at a place of the writer schema, apart from null. */
export interface Present {
  readonly node: SchemaNode
  /** The value itself, out of its union; null when there is none. */
  open(value: TwinValue): TwinValue
}

/** A leaf of the writer schema, found by its path. */
export interface Found {
  /** Its type without null. */
  readonly node: SchemaNode
  /** Its value in a record, and the first of several; null when it or a container above it is null. */
  read(record: TwinValue): TwinValue
  /** All its values: a path through arrays or maps has any number. None of them is null. */
  readAll(record: TwinValue): readonly TwinValue[]
}

/**
 * Finds a path in a schema. Null when it does not lead to a leaf: a field that this version of the schema lacks, a step
 * through something else than the step is for, or a union of several types, which only `<View>` addresses.
 */
export function findPath(root: SchemaNode, twin: Twin, path: Path): Found | null {
  const all = find(root, twin, path)
  return all === null ? null : { ...all, read: (record) => all.readAll(record)[0] ?? null }
}

type FoundAll = Pick<Found, 'node' | 'readAll'>

function find(place: SchemaNode, twin: Twin, path: Path): FoundAll | null {
  const [first, ...rest] = path
  if (first === undefined) {
    const here = presentAt(place, twin)
    return here === null ? null : { node: here.node, readAll: (value) => present(here.open(value)) }
  }
  const step = readStep(first)
  const here = step.kind === 'branch' ? branchAt(place, twin, step.name) : presentAt(place, twin)
  if (here === null) return null
  const { node } = here
  switch (step.kind) {
    case 'branch':
      return through(here, find(node, twin, rest), (value) => [value])
    case 'field': {
      const index = node.kind === 'record' ? node.fields.findIndex(({ name }) => name === step.name) : -1
      const field = node.kind === 'record' ? node.fields[index] : undefined
      if (field === undefined) return null
      return through(here, find(field.type, twin, rest), (value) => [fieldOf(value, index)])
    }
    case 'items':
      return node.kind === 'array' ? through(here, find(node.items, twin, rest), itemsOf) : null
    case 'keys':
      if (node.kind !== 'map') return null
      return through(here, find(node.values, twin, rest), (value) => {
        const entries = entriesOf(value)
        return step.keys.map((key) => lastValue(entries, key) ?? null)
      })
  }
}

function through(
  here: Present,
  inner: FoundAll | null,
  parts: (value: TwinValue) => readonly TwinValue[],
): FoundAll | null {
  if (inner === null) return null
  return {
    node: inner.node,
    readAll(place) {
      const value = here.open(place)
      return value === null ? [] : parts(value).flatMap((part) => inner.readAll(part))
    },
  }
}

function present(value: TwinValue): readonly TwinValue[] {
  return value === null ? [] : [value]
}

/** Value of a record's field, by its index. */
export function fieldOf(record: TwinValue, index: number): TwinValue {
  return isTwinRecord(record) ? (record[`f${index}`] ?? null) : null
}

/** The one type that stands at a place besides null. Null for null alone and for unions of several types. */
export function presentAt(place: SchemaNode, twin: Twin): Present | null {
  if (place.kind !== 'union') return place.kind === 'null' ? null : { node: place, open: same }
  const others = place.branches.filter((branch) => branch.kind !== 'null')
  const [other] = others
  return other === undefined || others.length > 1 ? null : inUnion(other, twin)
}

/**
 * The branch of a union by the name of its type, with or without namespace. A place that is no union is taken as one of
 * a single branch: that is what an older version of a union may be.
 */
export function branchAt(place: SchemaNode, twin: Twin, name: string): Present | null {
  if (place.kind !== 'union') return isNamed(place, name) ? { node: place, open: same } : null
  const branch = branchOf(place.branches, name)
  return branch === undefined ? null : inUnion(branch, twin)
}

function inUnion(branch: SchemaNode, twin: Twin): Present {
  const key = twin.branchKey(branch)
  return { node: branch, open: (value) => (isTwinRecord(value) ? (value[key] ?? null) : null) }
}

const same = (value: TwinValue): TwinValue => value

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
