import type { Constant } from '@weir/contracts'
import { numberKind } from '../schema/number-kind.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { boxed, bytesOf, indexOf, type TwinValue } from './avro-twin.ts'
import { numberIn, numberOf } from './numbers.ts'

/** A constant as a value of the type; null when the type can't hold it. */
export function constantIn(node: SchemaNode, constant: Constant): TwinValue {
  if (node.kind === 'boolean') return typeof constant === 'boolean' ? constant : null
  if (node.kind === 'string') return typeof constant === 'string' ? boxed(Buffer.from(constant)) : null
  if (node.kind === 'enum') {
    const index = typeof constant === 'string' ? node.symbols.indexOf(constant) : -1
    return index < 0 ? null : boxed(index)
  }
  const kind = numberKind(node)
  return kind === null || typeof constant !== 'number' ? null : numberIn(kind, constant)
}

/**
 * Whether a value of the type is the constant: text and symbols letter for letter, numbers by value (a constant for a
 * float is rounded to one, -0 is 0, NaN is nothing). A constant of another kind than the type is never met.
 */
export function isConstant(node: SchemaNode, constant: Constant): (value: TwinValue) => boolean {
  const wanted = constantIn(node, constant)
  if (wanted === null) return () => false
  switch (node.kind) {
    case 'string': {
      const text = bytesOf(wanted)
      return (value) => bytesOf(value).equals(text)
    }
    case 'enum': {
      const index = indexOf(wanted)
      return (value) => indexOf(value) === index
    }
    default: {
      const kind = numberKind(node)
      if (kind === null) return (value) => value === wanted
      const number = numberOf(kind, wanted)
      return (value) => numberOf(kind, value) === number
    }
  }
}
