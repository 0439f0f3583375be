/** An Avro type with its references resolved; the same named type is the same object, so recursion is a cycle. */
export type SchemaNode = PrimitiveNode | EnumNode | FixedNode | RecordNode | ArrayNode | MapNode | UnionNode

export interface PrimitiveNode {
  readonly kind: Primitive
  readonly logicalType: string | null
}

/** `name` of this and other named types is the full name, with its namespace; so are `aliases`, absent without any. */
export interface EnumNode {
  readonly kind: 'enum'
  readonly name: string
  readonly aliases?: readonly string[]
  readonly symbols: readonly string[]
  readonly defaultIndex: number
}

export interface FixedNode {
  readonly kind: 'fixed'
  readonly name: string
  readonly aliases?: readonly string[]
  readonly size: number
}

export interface RecordNode {
  readonly kind: 'record'
  readonly name: string
  readonly aliases?: readonly string[]
  readonly fields: readonly FieldNode[]
}

export interface ArrayNode {
  readonly kind: 'array'
  readonly items: SchemaNode
}

export interface MapNode {
  readonly kind: 'map'
  readonly values: SchemaNode
}

export interface FieldNode {
  readonly name: string
  /** Other names that it had; absent without any. */
  readonly aliases?: readonly string[]
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

/** Deeper than any schema is written. What walks over schemas calls itself, and the stack has an end. */
const MOST_NESTING = 256

/** The largest fixed, and the greatest offset of a byte there is. */
const MAX_SIZE = 2 ** 31 - 1

/**
 * Reads an Avro schema given as parsed JSON (Avro 1.12, "Schema Declaration"). Defaults, docs and tags are not kept:
 * records are read as they were written.
 * @throws SchemaNodeError
 */
export function readSchema(schema: unknown): SchemaNode {
  return nodeOf(schema, { namespace: '', named: new Map(), nesting: 0 })
}

/** Where in a schema a type is read. */
interface Within {
  readonly namespace: string
  /** By full name, all types defined before. */
  readonly named: Map<string, SchemaNode>
  readonly nesting: number
}

function nodeOf(schema: unknown, around: Within): SchemaNode {
  if (around.nesting === MOST_NESTING) throw new SchemaNodeError('types stand too deep in each other')
  const within = { ...around, nesting: around.nesting + 1 }
  const { namespace, named } = within
  if (typeof schema === 'string') return referenced(schema, within)
  if (Array.isArray(schema)) return unionOf(schema.map((branch) => nodeOf(branch, within)))
  if (!isObject(schema)) throw new SchemaNodeError('a type is neither a name nor an object')

  const { type } = schema
  if (typeof type !== 'string') return nodeOf(type, within)
  if (type === 'array') return { kind: 'array', items: nodeOf(schema['items'], within) }
  if (type === 'map') return { kind: 'map', values: nodeOf(schema['values'], within) }
  if (type === 'record' || type === 'error') return recordOf(schema, within)
  if (type === 'enum') return define(enumOf(schema, fullNameOf(schema, namespace)), named)
  if (type === 'fixed') return define(fixedOf(schema, fullNameOf(schema, namespace)), named)
  if (isPrimitive(type)) {
    const { logicalType } = schema
    return { kind: type, logicalType: typeof logicalType === 'string' ? logicalType : null }
  }
  return referenced(type, within)
}

/** Avro 1.12, "Unions": no union stands in another itself, and of unnamed types each stands once. */
function unionOf(branches: readonly SchemaNode[]): UnionNode {
  if (branches.length === 0) throw new SchemaNodeError('a union has no types')
  const names = branches.map((branch) => ('name' in branch ? `named ${branch.name}` : branch.kind))
  if (names.includes('union')) throw new SchemaNodeError('a union stands in a union')
  if (new Set(names).size < names.length) throw new SchemaNodeError('a union has a type twice')
  return { kind: 'union', branches }
}

function recordOf(schema: JsonObject, within: Within): RecordNode {
  const { namespace, named } = within
  const { fields } = schema
  if (!Array.isArray(fields)) throw new SchemaNodeError('a record has no list of fields')
  const read: FieldNode[] = []
  const names = new Set<string>()
  const name = fullNameOf(schema, namespace)
  // Defined before its fields are read: they may refer to it.
  const record = define<RecordNode>({ kind: 'record', name, ...typeAliases(schema, name), fields: read }, named)
  for (const field of fields) {
    const fieldName: unknown = isObject(field) ? field['name'] : undefined
    if (typeof fieldName !== 'string') throw new SchemaNodeError('a field has no name')
    if (names.has(fieldName)) throw new SchemaNodeError('a record has two fields of one name')
    names.add(fieldName)
    const type = nodeOf(field['type'], { ...within, namespace: namespaceOf(name) })
    read.push({ name: fieldName, ...aliasesOf(field), type })
  }
  return record
}

function enumOf(schema: JsonObject, name: string): EnumNode {
  const { symbols } = schema
  if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
    throw new SchemaNodeError('an enum has no list of symbols')
  }
  const fallback = schema['default']
  const defaultIndex = typeof fallback === 'string' ? symbols.indexOf(fallback) : -1
  return { kind: 'enum', name, ...typeAliases(schema, name), symbols, defaultIndex }
}

function fixedOf(schema: JsonObject, name: string): FixedNode {
  const { size } = schema
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > MAX_SIZE) {
    throw new SchemaNodeError('a fixed has no size, or none that bytes can have')
  }
  return { kind: 'fixed', name, ...typeAliases(schema, name), size }
}

/** Avro 1.12, "Aliases". What is no list of names is no alias. */
function aliasesOf({ aliases }: JsonObject): { readonly aliases?: readonly string[] } {
  const names = Array.isArray(aliases) ? aliases.filter((alias) => typeof alias === 'string') : []
  return names.length === 0 ? {} : { aliases: names }
}

/** Those of a type; without a namespace of their own they have the type's. */
function typeAliases(schema: JsonObject, name: string): { readonly aliases?: readonly string[] } {
  const { aliases } = aliasesOf(schema)
  return aliases === undefined ? {} : { aliases: aliases.map((alias) => qualified(alias, namespaceOf(name))) }
}

function fullNameOf(schema: JsonObject, namespace: string): string {
  const { name } = schema
  if (typeof name !== 'string') throw new SchemaNodeError('a record, enum or fixed has no name')
  return qualified(name, typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace)
}

function define<T extends EnumNode | FixedNode | RecordNode>(node: T, named: Map<string, SchemaNode>): T {
  if (named.has(node.name)) throw new SchemaNodeError('a named type is defined twice')
  named.set(node.name, node)
  return node
}

function referenced(name: string, { namespace, named }: Within): SchemaNode {
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

/** A type's name without its namespace; an unnamed type goes by its kind. */
export function simpleName(node: SchemaNode): string {
  return 'name' in node ? node.name.slice(node.name.lastIndexOf('.') + 1) : node.kind
}
