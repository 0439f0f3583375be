import type { SchemaNode } from './schema-node.ts'

export type NumberKind = 'int' | 'long' | 'float' | 'double'

/** Null for a type that is no number. */
export function numberKind(node: SchemaNode): NumberKind | null {
  switch (node.kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return node.kind
    default:
      return null
  }
}
