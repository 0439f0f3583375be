import type { Constant } from '@weir/contracts'
import type { SchemaNode } from './schema-node.ts'

/** Whether a type can hold a constant. Floats take any number, rounded. */
export function holds(node: SchemaNode, constant: Constant): boolean {
  switch (node.kind) {
    case 'boolean':
      return typeof constant === 'boolean'
    case 'string':
      return typeof constant === 'string'
    case 'enum':
      return typeof constant === 'string' && node.symbols.includes(constant)
    case 'int':
      return isWhole(constant, 31)
    case 'long':
      return isWhole(constant, 63)
    case 'float':
    case 'double':
      return typeof constant === 'number'
    default:
      return false
  }
}

function isWhole(constant: Constant, bits: number): boolean {
  return typeof constant === 'number' && Number.isInteger(constant) && constant >= -(2 ** bits) && constant < 2 ** bits
}
