import type { Path } from '@weir/contracts'
import { isMentioned } from '../schema/present.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { bytesOf, indexOf, type Twin, type TwinValue } from './avro-twin.ts'
import { findPath } from './leaf-path.ts'

/** Whether a value at the place has, at a path below it, a listed value: one of them, where the path leads to several. */
export type IsListed = (value: TwinValue) => boolean

/**
 * Compares text and symbols letter for letter, whole numbers by their decimal text. Null is not listed, and so is a leaf
 * that the writer schema lacks. A leaf that is there in a form that can't be compared gives null: passing it over would
 * let something through that is to be left out, so the writer schema is unusable.
 */
export function compileListed(place: SchemaNode, twin: Twin, path: Path, values: ReadonlySet<string>): IsListed | null {
  const found = findPath(place, twin, path)
  if (found === null) return isMentioned(place, path) ? null : () => false
  const text = textOf(found.node)
  if (text === null) return null
  return (value) => found.readAll(value).some((one) => values.has(text(one)))
}

function textOf(node: SchemaNode): ((value: TwinValue) => string) | null {
  switch (node.kind) {
    case 'string':
      return (value) => bytesOf(value).toString()
    case 'enum':
      return (value) => node.symbols[indexOf(value)] ?? ''
    case 'int':
    case 'long':
      return String
    default:
      return null
  }
}
