import type { Constant } from '@weir/contracts'
import { type NumberKind, numberKind } from '../schema/number-kind.ts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { writeBigLong, writeCount } from './longs.ts'

/** Avro of constants, made once. A value of these types is the constant when its bytes are, since they are canonical. */

/** A constant as a value of the type; null when the type can't hold it. */
export function encodeConstant(node: SchemaNode, constant: Constant): Buffer | null {
  switch (node.kind) {
    case 'boolean':
      return typeof constant === 'boolean' ? Buffer.of(constant ? 1 : 0) : null
    case 'string':
      return typeof constant === 'string' ? encodeText(constant) : null
    case 'enum': {
      const index = typeof constant === 'string' ? node.symbols.indexOf(constant) : -1
      return index < 0 ? null : encodeLong(BigInt(index))
    }
    default: {
      const kind = numberKind(node)
      return kind === null || typeof constant !== 'number' ? null : encodeNumber(kind, constant)
    }
  }
}

/** Null when the type can't hold it (1.5 in a long). Floats are rounded. */
export function encodeNumber(kind: NumberKind, value: number): Buffer | null {
  switch (kind) {
    case 'int':
      return isWhole(value, 31) ? encodeLong(BigInt(value)) : null
    case 'long':
      return isWhole(value, 63) ? encodeLong(BigInt(value)) : null
    case 'float': {
      const bytes = Buffer.alloc(4)
      bytes.writeFloatLE(value)
      return bytes
    }
    case 'double': {
      const bytes = Buffer.alloc(8)
      bytes.writeDoubleLE(value)
      return bytes
    }
  }
}

function isWhole(value: number, bits: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** bits) && value < 2 ** bits
}

export function encodeLong(value: bigint): Buffer {
  const bytes = Buffer.alloc(10)
  return bytes.subarray(0, writeBigLong(bytes, 0, value))
}

export function encodeText(text: string): Buffer {
  const utf8 = Buffer.from(text)
  return Buffer.concat([encodeCount(utf8.length), utf8])
}

export function encodeCount(count: number): Buffer {
  const bytes = Buffer.alloc(5)
  return bytes.subarray(0, writeCount(bytes, 0, count))
}
