import { UnusableSchema } from '../errors.ts'
import {
  type Branch,
  type Field,
  isNamed,
  type Primitive,
  type RecordNode,
  type SchemaNode,
  shortName,
} from './node.ts'

/**
 * Reads a record's Avro schema (Avro 1.12, "Schema Declaration"), given as parsed JSON with docs, defaults and tags.
 * @throws UnusableSchema
 */
export function readSchema(schema: unknown): RecordNode {
  const node = new Reader().read(schema, '')
  if (node.kind !== 'record') throw new UnusableSchema('the schema of an event must be a record')
  return node
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const

type JsonObject = Readonly<Record<string, unknown>>

class Reader {
  readonly #named = new Map<string, SchemaNode>()

  read(schema: unknown, namespace: string): SchemaNode {
    if (typeof schema === 'string') return this.#reference(schema, namespace)
    if (Array.isArray(schema)) return this.#union(schema, namespace)
    if (!isObject(schema)) throw new UnusableSchema('a type is missing or is not a type')
    const { type } = schema
    switch (type) {
      case 'array':
        return { kind: 'array', items: this.read(schema['items'], namespace) }
      case 'map':
        return { kind: 'map', values: this.read(schema['values'], namespace) }
      case 'record':
        return this.#record(schema, namespace)
      case 'enum':
        return this.#define({ kind: 'enum', ...named(schema, namespace), symbols: texts(schema['symbols']) })
      case 'fixed':
        return this.#define({ kind: 'fixed', ...named(schema, namespace), size: sizeOf(schema['size']) })
    }
    if (typeof type === 'string' && isPrimitive(type))
      return { kind: type, logicalType: optionalText(schema, 'logicalType') }
    // {"type": {"type": …}} and {"type": ["null", …]} only wrap another type.
    return this.read(type, namespace)
  }

  #reference(name: string, namespace: string): SchemaNode {
    if (isPrimitive(name)) return { kind: name, logicalType: null }
    const node = this.#named.get(qualified(name, namespace)) ?? this.#named.get(name)
    if (node === undefined) throw new UnusableSchema(`the type ${name} is used and not defined before`)
    return node
  }

  #union(types: readonly unknown[], namespace: string): SchemaNode {
    const nodes = types.map((type) => this.read(type, namespace))
    const [first, second] = nodes
    if (first !== undefined && second !== undefined && nodes.length === 2) {
      if (first.kind === 'null') return { kind: 'optional', node: second, nullFirst: true }
      if (second.kind === 'null') return { kind: 'optional', node: first, nullFirst: false }
    }
    return { kind: 'union', branches: nodes.map((node): Branch => ({ name: branchName(node, nodes), node })) }
  }

  #record(schema: JsonObject, namespace: string): SchemaNode {
    const { fields } = schema
    if (!Array.isArray(fields)) throw new UnusableSchema('a record has no list of fields')
    const read: Field[] = []
    const record: RecordNode = { kind: 'record', ...named(schema, namespace), fields: read }
    // Defined before its fields are read: they may refer to it.
    this.#define(record)
    const inside = record.fullName.slice(0, Math.max(0, record.fullName.lastIndexOf('.')))
    for (const field of fields) {
      const name = isObject(field) ? field['name'] : undefined
      if (!isObject(field) || typeof name !== 'string') throw new UnusableSchema('a field has no name')
      const tags = field['confluent:tags']
      read.push({
        name,
        node: this.read(field['type'], inside),
        doc: optionalText(field, 'doc') ?? '',
        tags: Array.isArray(tags) ? tags.map(String) : [],
        byDefault: Object.hasOwn(field, 'default') ? { json: field['default'] } : null,
      })
    }
    return record
  }

  #define<N extends SchemaNode & { readonly fullName: string }>(node: N): N {
    if (this.#named.has(node.fullName)) throw new UnusableSchema(`the type ${node.fullName} is defined twice`)
    this.#named.set(node.fullName, node)
    return node
  }
}

function branchName(node: SchemaNode, all: readonly SchemaNode[]): string {
  if (!isNamed(node)) return node.kind
  const short = shortName(node.fullName)
  const shared = all.some((other) => other !== node && isNamed(other) && shortName(other.fullName) === short)
  return shared ? node.fullName : short
}

function named(schema: JsonObject, namespace: string): { fullName: string; doc: string } {
  const { name } = schema
  if (typeof name !== 'string') throw new UnusableSchema('a record, enum or fixed has no name')
  return {
    fullName: qualified(name, optionalText(schema, 'namespace') ?? namespace),
    doc: optionalText(schema, 'doc') ?? '',
  }
}

function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function texts(symbols: unknown): string[] {
  if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
    throw new UnusableSchema('an enum has no list of symbols')
  }
  return symbols
}

function sizeOf(size: unknown): number {
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size
  throw new UnusableSchema('a fixed has no size')
}

function optionalText(schema: JsonObject, key: string): string | null {
  const text = schema[key]
  return typeof text === 'string' ? text.trim() : null
}

function isPrimitive(name: string): name is Primitive {
  return PRIMITIVES.some((primitive) => primitive === name)
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
