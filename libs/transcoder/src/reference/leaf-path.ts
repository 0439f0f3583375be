import type { Path } from '@weir/contracts'
import { readStep } from '../schema/path-step.ts'
import {
  type Present as SchemaPresent,
  branchAt as schemaBranchAt,
  presentAt as schemaPresentAt,
} from '../schema/present.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
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

/** The one type that stands at a place besides null. */
export function presentAt(place: SchemaNode, twin: Twin): Present | null {
  return openable(schemaPresentAt(place), twin)
}

/** The branch of a union by the name of its type. */
export function branchAt(place: SchemaNode, twin: Twin, name: string): Present | null {
  return openable(schemaBranchAt(place, name), twin)
}

function openable(present: SchemaPresent | null, twin: Twin): Present | null {
  if (present === null) return null
  const { node, index } = present
  if (index === null) return { node, open: (value) => value }
  const key = twin.branchKey(node)
  return { node, open: (value) => (isTwinRecord(value) ? (value[key] ?? null) : null) }
}
