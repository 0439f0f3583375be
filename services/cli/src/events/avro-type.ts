/** An Avro type with its references resolved, and what completing an event needs: defaults, names, logical types. */
export type AvroType =
  | { readonly kind: Primitive; readonly logicalType: string | null }
  | {
      readonly kind: 'enum'
      readonly name: string
      readonly symbols: readonly string[]
      readonly fallback: string | null
    }
  | { readonly kind: 'fixed'; readonly name: string; readonly size: number }
  | RecordType
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | UnionType

export interface RecordType {
  readonly kind: 'record'
  readonly name: string
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  readonly type: AvroType
  /** As the schema has it; undefined: none. */
  readonly default: unknown
}

export interface UnionType {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
}

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type Primitive = (typeof PRIMITIVES)[number]

/** Reads a schema that the contract's loader has accepted (or derived), given as parsed JSON. */
export function avroType(schema: unknown): AvroType {
  return new Reader().type(schema, '')
}

class Reader {
  readonly #named = new Map<string, AvroType>()

  type(schema: unknown, namespace: string): AvroType {
    if (typeof schema === 'string') return this.#reference(schema, namespace)
    if (Array.isArray(schema)) return { kind: 'union', branches: schema.map((one) => this.type(one, namespace)) }
    if (!isObject(schema)) throw new Error('no Avro type')
    const { type } = schema
    if (typeof type !== 'string') return this.type(type, namespace)
    switch (type) {
      case 'array':
        return { kind: 'array', items: this.type(schema['items'], namespace) }
      case 'map':
        return { kind: 'map', values: this.type(schema['values'], namespace) }
      case 'record':
        return this.#record(schema, namespace)
      case 'enum':
      case 'fixed':
        return this.#leaf(type, schema, namespace)
      default: {
        const { logicalType } = schema
        const primitive = PRIMITIVES.find((one) => one === type)
        if (primitive === undefined) return this.#reference(type, namespace)
        return { kind: primitive, logicalType: typeof logicalType === 'string' ? logicalType : null }
      }
    }
  }

  #record(schema: JsonObject, namespace: string): AvroType {
    const fields: AvroField[] = []
    const name = String(schema['name'])
    const record: RecordType = { kind: 'record', name: short(name), fields }
    const fullName = this.#define(schema, namespace, record)
    const inside = fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
    for (const field of Array.isArray(schema['fields']) ? schema['fields'] : []) {
      if (!isObject(field)) continue
      fields.push({ name: String(field['name']), type: this.type(field['type'], inside), default: field['default'] })
    }
    return record
  }

  #leaf(type: 'enum' | 'fixed', schema: JsonObject, namespace: string): AvroType {
    const name = short(String(schema['name']))
    const symbols = Array.isArray(schema['symbols']) ? schema['symbols'].map(String) : []
    const fallback = typeof schema['default'] === 'string' ? schema['default'] : null
    const leaf: AvroType =
      type === 'enum'
        ? { kind: 'enum', name, symbols, fallback }
        : { kind: 'fixed', name, size: Number(schema['size']) }
    this.#define(schema, namespace, leaf)
    return leaf
  }

  #define(schema: JsonObject, namespace: string, type: AvroType): string {
    const name = String(schema['name'])
    const space = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace
    const fullName = name.includes('.') || space === '' ? name : `${space}.${name}`
    this.#named.set(fullName, type)
    return fullName
  }

  #reference(name: string, namespace: string): AvroType {
    const primitive = PRIMITIVES.find((one) => one === name)
    if (primitive !== undefined) return { kind: primitive, logicalType: null }
    const found = this.#named.get(name.includes('.') || namespace === '' ? name : `${namespace}.${name}`)
    const type = found ?? this.#named.get(name)
    if (type === undefined) throw new Error(`no Avro type is named ${name}`)
    return type
  }
}

/** Type without null, when it is a union of null and one other. */
export function withoutNull(type: AvroType): { readonly type: AvroType; readonly nullable: boolean } {
  if (type.kind !== 'union') return { type, nullable: false }
  const others = type.branches.filter((branch) => branch.kind !== 'null')
  const [only] = others
  const nullable = others.length < type.branches.length
  if (only === undefined || others.length > 1) return { type, nullable }
  return { type: only, nullable }
}

/** What a branch of a union is called: its name, or else its kind. */
export function branchName(type: AvroType): string {
  return 'name' in type ? type.name : type.kind
}

/** Any timestamp: milliseconds or microseconds, of the world's time or of some local clock. */
export function timestampUnit(type: AvroType): 'millis' | 'micros' | null {
  if (type.kind !== 'long' || type.logicalType === null) return null
  if (/^(local-)?timestamp-millis$/.test(type.logicalType)) return 'millis'
  return /^(local-)?timestamp-micros$/.test(type.logicalType) ? 'micros' : null
}

interface JsonObject {
  readonly [key: string]: unknown
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value)
}

function short(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
