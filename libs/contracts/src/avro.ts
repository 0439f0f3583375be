import { isList, isObject, type Json, type JsonObject, type Pointer } from './json.ts'
import type { Path } from './model.ts'

/**
 * An Avro schema as a tree of fields, with named references resolved. Only what a policy needs: records to walk, leaves
 * to name. Made from the JSON itself, since avsc drops custom properties such as tags.
 */
export interface AvroRecord {
  readonly kind: 'record'
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  readonly path: Path
  readonly doc: string
  /** Its own tags and those of the records around it. */
  readonly tags: readonly string[]
  readonly ownTags: readonly string[]
  /** The type is a union of null and one other. */
  readonly nullable: boolean
  /** It or a record around it may be null. */
  readonly optional: boolean
  readonly type: AvroRecord | AvroLeaf
  readonly pointer: Pointer
}

export interface AvroLeaf {
  readonly kind: 'leaf'
  /** 'string', 'long', 'enum', 'array', … */
  readonly type: string
  readonly logicalType: string | null
  /** The type's JSON, references resolved. */
  readonly schema: Json
  /** Why no policy may name it or go through it; null when it may. */
  readonly closed: string | null
  /** Tags found somewhere inside a closed leaf. */
  readonly innerTags: readonly string[]
}

export type OnAvroFault = (pointer: Pointer, what: string, mend: string) => void

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']

/** Reads a record schema. Gives null, after reporting, when it is not one. */
export function readAvro(schema: Json, onFault: OnAvroFault): AvroRecord | null {
  const walk = new Walk(onFault)
  walk.collect(schema, '', [])
  const type = walk.type(schema, { namespace: '', pointer: [], path: [], tags: [], optional: false, open: [] })
  if (type?.kind === 'record') return type
  onFault([], 'the schema of an event must be an Avro record', 'Begin with {"type": "record", …}')
  return null
}

/** A field whose type is a leaf. */
export type AvroLeafField = AvroField & { readonly type: AvroLeaf }

/** All leaves below a record, in source order. */
export function leavesOf(record: AvroRecord): AvroLeafField[] {
  return record.fields.flatMap((field) =>
    field.type.kind === 'record' ? leavesOf(field.type) : [{ ...field, type: field.type }],
  )
}

/** All records inside a record, outer ones first, each with its field. */
export function containersOf(record: AvroRecord): (AvroField & { readonly type: AvroRecord })[] {
  return record.fields.flatMap((field) =>
    field.type.kind === 'record' ? [{ ...field, type: field.type }, ...containersOf(field.type)] : [],
  )
}

interface Definition {
  readonly schema: JsonObject
  readonly fullName: string
  readonly pointer: Pointer
}

interface Place {
  readonly namespace: string
  readonly pointer: Pointer
  readonly path: Path
  readonly tags: readonly string[]
  readonly optional: boolean
  /** Full names of the records around, to notice recursion. */
  readonly open: readonly string[]
}

class Walk {
  readonly #named = new Map<string, Definition>()
  readonly #onFault: OnAvroFault

  constructor(onFault: OnAvroFault) {
    this.#onFault = onFault
  }

  /** Finds every named type first, so that a reference is resolved wherever it stands. */
  collect(schema: Json, namespace: string, pointer: Pointer): void {
    if (isList(schema)) {
      for (const [i, branch] of schema.entries()) this.collect(branch, namespace, [...pointer, i])
    }
    if (!isObject(schema)) return
    const type = schema['type']
    let inner = namespace
    if (type === 'record' || type === 'enum' || type === 'fixed') {
      const fullName = fullNameOf(schema, namespace)
      inner = fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
      this.#named.set(fullName, { schema, fullName, pointer })
    }
    if (type !== undefined && typeof type !== 'string') this.collect(type, inner, [...pointer, 'type'])
    for (const key of ['items', 'values']) {
      const part = schema[key]
      if (part !== undefined) this.collect(part, inner, [...pointer, key])
    }
    const fields = schema['fields']
    if (!isList(fields)) return
    for (const [i, field] of fields.entries()) {
      const fieldType = isObject(field) ? field['type'] : undefined
      if (fieldType !== undefined) this.collect(fieldType, inner, [...pointer, 'fields', i, 'type'])
    }
  }

  type(schema: Json, place: Place): AvroRecord | AvroLeaf | null {
    if (typeof schema === 'string') return this.#reference(schema, place)
    if (isList(schema)) return closed('union', schema, 'a union of several types', tagsInside(schema))
    if (!isObject(schema)) return this.#fault(place.pointer, 'a type is missing or is not a type', 'Write an Avro type')
    const type = schema['type']
    // {"type": {"type": …}} and {"type": ["null", …]} only wrap another type.
    if (type === undefined || typeof type !== 'string') {
      return this.type(type ?? null, { ...place, pointer: [...place.pointer, 'type'] })
    }
    if (type === 'record')
      return this.#record({ schema, fullName: fullNameOf(schema, place.namespace), pointer: place.pointer }, place)
    if (type === 'array' || type === 'map')
      return closed(type, schema, type === 'array' ? 'an array' : 'a map', tagsInside(schema))
    if (type === 'enum' || type === 'fixed' || PRIMITIVES.includes(type)) return leaf(type, schema)
    return this.#reference(type, place)
  }

  #reference(name: string, place: Place): AvroRecord | AvroLeaf | null {
    if (PRIMITIVES.includes(name)) return leaf(name, name)
    const qualified = name.includes('.') || place.namespace === '' ? name : `${place.namespace}.${name}`
    const definition = this.#named.get(qualified) ?? this.#named.get(name)
    if (definition === undefined) {
      return this.#fault(
        place.pointer,
        `the type "${name}" is defined nowhere`,
        'Define it before it is used, or correct its name',
      )
    }
    if (definition.schema['type'] === 'record') return this.#record(definition, place)
    return leaf(String(definition.schema['type']), definition.schema)
  }

  #record(definition: Definition, place: Place): AvroRecord | AvroLeaf | null {
    const { schema, fullName, pointer } = definition
    if (place.open.includes(fullName)) return closed('record', schema, 'a record inside itself', tagsInside(schema))
    const fields = schema['fields']
    if (!isList(fields)) return this.#fault(pointer, 'a record has no list of fields', 'Add "fields": […]')
    const namespace = fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
    const inner = { ...place, namespace, open: [...place.open, fullName] }
    const read = fields.map((field, i) => this.#field(field, { ...inner, pointer: [...pointer, 'fields', i] }))
    return { kind: 'record', fields: read.filter((field) => field !== null) }
  }

  #field(field: Json, place: Place): AvroField | null {
    const name = isObject(field) ? field['name'] : undefined
    if (!isObject(field) || typeof name !== 'string')
      return this.#fault(place.pointer, 'a field has no name', 'Add "name": "…"')
    const { pointer } = place
    const path = [...place.path, name]
    const ownTags = this.#tags(field, pointer)
    const tags = [...new Set([...place.tags, ...ownTags])]
    const { nullable, schema, step } = withoutNull(field['type'] ?? null)
    const optional = place.optional || nullable
    const type = this.type(schema, { ...place, pointer: [...pointer, 'type', ...step], path, tags, optional })
    if (type === null) return null
    return { name, path, doc: textOf(field['doc']), tags, ownTags, nullable, optional, type, pointer }
  }

  #tags(field: JsonObject, pointer: Pointer): string[] {
    const tags = field[TAGS]
    if (tags === undefined) return []
    if (isList(tags)) {
      const words = tags.filter((tag) => typeof tag === 'string')
      if (words.length === tags.length) return words
    }
    this.#onFault([...pointer, TAGS], `"${TAGS}" must be a list of words`, `Write "${TAGS}": ["…"]`)
    return []
  }

  #fault(pointer: Pointer, what: string, mend: string): null {
    this.#onFault(pointer, what, mend)
    return null
  }
}

/** The property under which Confluent's tools keep tags inside a schema. */
const TAGS = 'confluent:tags'

function withoutNull(type: Json): { nullable: boolean; schema: Json; step: Pointer } {
  if (!isList(type) || type.length !== 2) return { nullable: false, schema: type, step: [] }
  const at = type.findIndex((branch) => branch !== 'null')
  const other = type[at]
  if (at === -1 || other === undefined || !type.includes('null')) return { nullable: false, schema: type, step: [] }
  return { nullable: true, schema: other, step: [at] }
}

function leaf(type: string, schema: Json): AvroLeaf {
  if (type === 'null') return closed(type, schema, 'always null', [])
  const logicalType = isObject(schema) && typeof schema['logicalType'] === 'string' ? schema['logicalType'] : null
  return { kind: 'leaf', type, logicalType, schema, closed: null, innerTags: [] }
}

function closed(type: string, schema: Json, why: string, innerTags: readonly string[]): AvroLeaf {
  return { kind: 'leaf', type, logicalType: null, schema, closed: why, innerTags }
}

function fullNameOf(schema: JsonObject, namespace: string): string {
  const name = textOf(schema['name'])
  if (name.includes('.')) return name
  const own = typeof schema['namespace'] === 'string' ? schema['namespace'] : namespace
  return own === '' ? name : `${own}.${name}`
}

function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json.trim() : ''
}

function tagsInside(json: Json): string[] {
  if (isList(json)) return json.flatMap(tagsInside)
  if (!isObject(json)) return []
  return Object.entries(json).flatMap(([key, value]) =>
    key === TAGS && isList(value) ? value.filter((tag) => typeof tag === 'string') : tagsInside(value),
  )
}
