/** A field of a raw schema that holds leaves itself: text, numbers, enums, or lists, maps and unions of them. */
export interface SchemaField {
  /** The field in the schema's JSON: tags and doc are written into it. */
  readonly json: JsonObject
  /** As a policy writes it: `items[].size`, `flags{}`. */
  readonly path: string
  readonly name: string
  /** Avro type without null, of the value itself or of each element. */
  readonly type: string
  readonly logicalType: string | null
  readonly nullable: boolean
  /** It lies in plain records alone, in no list, map or union of several types. */
  readonly plain: boolean
  /** An enum with a default symbol. */
  readonly hasDefaultSymbol: boolean
}

export interface JsonObject {
  [key: string]: unknown
}

/** All fields of a schema that hold leaves, in source order; a type that is used twice counts once. */
export function schemaFields(schema: unknown): SchemaField[] {
  const walk = new Walk()
  walk.define(schema)
  walk.type(schema, { path: '', plain: true, nullable: false, field: null })
  return walk.fields
}

interface Place {
  readonly path: string
  readonly plain: boolean
  readonly nullable: boolean
  readonly field: { readonly json: JsonObject; readonly name: string } | null
}

class Walk {
  readonly fields: SchemaField[] = []
  readonly #named = new Map<string, JsonObject>()
  readonly #seen = new Set<JsonObject>()

  define(schema: unknown): void {
    if (Array.isArray(schema)) for (const one of schema) this.define(one)
    if (!isJsonObject(schema)) return
    const { name, type } = schema
    if (typeof name === 'string' && (type === 'record' || type === 'enum' || type === 'fixed')) {
      this.#named.set(short(name), schema)
    }
    for (const key of ['type', 'items', 'values', 'fields']) this.define(schema[key])
  }

  type(schema: unknown, place: Place): void {
    if (typeof schema === 'string') {
      const named = this.#named.get(short(schema))
      return named === undefined ? this.#leaf(schema, {}, place) : this.type(named, place)
    }
    if (Array.isArray(schema)) return this.#union(schema, place)
    if (!isJsonObject(schema)) return
    const { type } = schema
    if (type === 'array') return this.type(schema['items'], { ...place, path: `${place.path}[]`, plain: false })
    if (type === 'map') return this.type(schema['values'], { ...place, path: `${place.path}{}`, plain: false })
    if (type === 'record') return this.#record(schema, place)
    if (typeof type !== 'string') return this.type(type, place)
    const named = 'name' in schema ? undefined : this.#named.get(short(type))
    return named === undefined ? this.#leaf(type, schema, place) : this.type(named, place)
  }

  #union(branches: readonly unknown[], place: Place): void {
    const others = branches.filter((branch) => branch !== 'null')
    const nullable = place.nullable || others.length < branches.length
    if (others.length === 1) return this.type(others[0], { ...place, nullable })
    for (const branch of others) {
      const name = isJsonObject(branch) ? (branch['name'] ?? branch['type']) : branch
      this.type(branch, { ...place, path: `${place.path}<${short(String(name))}>`, plain: false, nullable })
    }
  }

  #record(schema: JsonObject, place: Place): void {
    if (this.#seen.has(schema) || !Array.isArray(schema['fields'])) return
    this.#seen.add(schema)
    for (const field of schema['fields']) {
      if (!isJsonObject(field) || typeof field['name'] !== 'string') continue
      const path = place.path === '' ? field['name'] : `${place.path}.${field['name']}`
      this.type(field['type'], { ...place, path, field: { json: field, name: field['name'] } })
    }
  }

  #leaf(type: string, schema: JsonObject, { field, ...place }: Place): void {
    if (field === null || type === 'null' || this.fields.some((one) => one.json === field.json)) return
    const logical = schema['logicalType']
    this.fields.push({
      ...place,
      ...field,
      type,
      logicalType: typeof logical === 'string' ? logical : null,
      hasDefaultSymbol: type === 'enum' && typeof schema['default'] === 'string',
    })
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function short(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}
