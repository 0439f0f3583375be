/** An Avro type with its references resolved; the same named type is the same object, so recursion is a cycle. */
export type SchemaNode =
  | { readonly kind: Primitive; readonly logicalType: string | null }
  | { readonly kind: 'enum'; readonly symbols: readonly string[]; readonly defaultIndex: number }
  | { readonly kind: 'fixed'; readonly size: number }
  | RecordNode
  | { readonly kind: 'array'; readonly items: SchemaNode }
  | { readonly kind: 'map'; readonly values: SchemaNode }
  | UnionNode

export interface RecordNode {
  readonly kind: 'record'
  readonly fields: readonly FieldNode[]
}

export interface FieldNode {
  readonly name: string
  readonly type: SchemaNode
}

export interface UnionNode {
  readonly kind: 'union'
  readonly branches: readonly SchemaNode[]
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type Primitive = (typeof PRIMITIVES)[number]

/** The schema is no Avro that can be read. Caught where a locator or rewriter is compiled. */
class SchemaNodeError extends Error {
  override readonly name = 'SchemaNodeError'
}

/**
 * Reads an Avro schema given as parsed JSON (Avro 1.12, "Schema Declaration"). Defaults, aliases, docs and tags are
 * not kept: records are read as they were written.
 * @throws SchemaNodeError
 */
export function readSchema(schema: unknown): SchemaNode {
  return nodeOf(schema, '', new Map())
}

function nodeOf(schema: unknown, namespace: string, named: Map<string, SchemaNode>): SchemaNode {
  if (typeof schema === 'string') return referenced(schema, namespace, named)
  if (Array.isArray(schema)) {
    if (schema.length === 0) throw new SchemaNodeError('a union has no types')
    return { kind: 'union', branches: schema.map((branch) => nodeOf(branch, namespace, named)) }
  }
  if (!isObject(schema)) throw new SchemaNodeError('a type is neither a name nor an object')

  const { type } = schema
  if (typeof type !== 'string') return nodeOf(type, namespace, named)
  if (type === 'array') return { kind: 'array', items: nodeOf(schema['items'], namespace, named) }
  if (type === 'map') return { kind: 'map', values: nodeOf(schema['values'], namespace, named) }
  if (type === 'record' || type === 'error') return recordOf(schema, namespace, named)
  if (type === 'enum') return define(schema, namespace, named, enumOf(schema))
  if (type === 'fixed') return define(schema, namespace, named, fixedOf(schema))
  if (isPrimitive(type)) {
    const { logicalType } = schema
    return { kind: type, logicalType: typeof logicalType === 'string' ? logicalType : null }
  }
  return referenced(type, namespace, named)
}

function recordOf(schema: JsonObject, namespace: string, named: Map<string, SchemaNode>): RecordNode {
  const { fields } = schema
  if (!Array.isArray(fields)) throw new SchemaNodeError('a record has no list of fields')
  const read: FieldNode[] = []
  const record: RecordNode = { kind: 'record', fields: read }
  // Defined before its fields are read: they may refer to it.
  const inside = namespaceOf(define(schema, namespace, named, record, true))
  for (const field of fields) {
    const name: unknown = isObject(field) ? field['name'] : undefined
    if (typeof name !== 'string') throw new SchemaNodeError('a field has no name')
    if (read.some((other) => other.name === name)) throw new SchemaNodeError('a record has two fields of one name')
    read.push({ name, type: nodeOf(field['type'], inside, named) })
  }
  return record
}

function enumOf(schema: JsonObject): SchemaNode {
  const { symbols } = schema
  if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
    throw new SchemaNodeError('an enum has no list of symbols')
  }
  const fallback = schema['default']
  return { kind: 'enum', symbols, defaultIndex: typeof fallback === 'string' ? symbols.indexOf(fallback) : -1 }
}

function fixedOf(schema: JsonObject): SchemaNode {
  const { size } = schema
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw new SchemaNodeError('a fixed has no size')
  return { kind: 'fixed', size }
}

function define(schema: JsonObject, namespace: string, named: Map<string, SchemaNode>, node: SchemaNode): SchemaNode
function define(
  schema: JsonObject,
  namespace: string,
  named: Map<string, SchemaNode>,
  node: SchemaNode,
  wantName: true,
): string
function define(
  schema: JsonObject,
  namespace: string,
  named: Map<string, SchemaNode>,
  node: SchemaNode,
  wantName?: true,
): SchemaNode | string {
  const { name } = schema
  if (typeof name !== 'string') throw new SchemaNodeError('a record, enum or fixed has no name')
  const space = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace
  const fullName = qualified(name, space)
  if (named.has(fullName)) throw new SchemaNodeError('a named type is defined twice')
  named.set(fullName, node)
  return wantName === true ? fullName : node
}

function referenced(name: string, namespace: string, named: Map<string, SchemaNode>): SchemaNode {
  if (isPrimitive(name)) return { kind: name, logicalType: null }
  const node = named.get(qualified(name, namespace)) ?? named.get(name)
  if (node === undefined) throw new SchemaNodeError('a type is used that is defined nowhere before')
  return node
}

function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function namespaceOf(fullName: string): string {
  return fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
}

function isPrimitive(name: string): name is Primitive {
  return PRIMITIVES.some((primitive) => primitive === name)
}

type JsonObject = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
