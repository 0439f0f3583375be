/**
 * An Avro type as a producer needs it, references resolved: the same named type is the same object, so a record inside
 * itself is a cycle.
 */
export type SchemaNode =
  | PrimitiveNode
  | EnumNode
  | FixedNode
  | RecordNode
  | ArrayNode
  | MapNode
  | OptionalNode
  | UnionNode

export type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

export interface PrimitiveNode {
  readonly kind: Primitive
  readonly logicalType: string | null
}

export interface Named {
  /** With namespace. */
  readonly fullName: string
  readonly doc: string
}

export interface EnumNode extends Named {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
}

export interface FixedNode extends Named {
  readonly kind: 'fixed'
  readonly size: number
}

export interface RecordNode extends Named {
  readonly kind: 'record'
  readonly fields: readonly Field[]
}

export interface Field {
  readonly name: string
  readonly node: SchemaNode
  readonly doc: string
  readonly tags: readonly string[]
  /** The default as the schema writes it; null when there is none. */
  readonly byDefault: { readonly json: unknown } | null
}

export interface ArrayNode {
  readonly kind: 'array'
  readonly items: SchemaNode
}

export interface MapNode {
  readonly kind: 'map'
  readonly values: SchemaNode
}

/** A union of null and one other type: its values are those of the other type, or null. */
export interface OptionalNode {
  readonly kind: 'optional'
  readonly node: SchemaNode
  readonly nullFirst: boolean
}

/** A union of several types: a value is an object with one key, the branch's name. */
export interface UnionNode {
  readonly kind: 'union'
  /** In the order of the schema; null is one of them where null is allowed. */
  readonly branches: readonly Branch[]
}

export interface Branch {
  /** As policies write it: the type's name without namespace, unless two branches share that. */
  readonly name: string
  readonly node: SchemaNode
}

export function isNamed(node: SchemaNode): node is EnumNode | FixedNode | RecordNode {
  return node.kind === 'enum' || node.kind === 'fixed' || node.kind === 'record'
}

/** A name without its namespace. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1)
}

/** Whether null is a value of the type. */
export function allowsNull(node: SchemaNode): boolean {
  if (node.kind === 'null' || node.kind === 'optional') return true
  return node.kind === 'union' && node.branches.some((branch) => branch.node.kind === 'null')
}
