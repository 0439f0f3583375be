import type { AvroInner, AvroLeaf, AvroNode } from './avro.ts'
import { fullNameOf, type NamedType, namedTypes } from './avro-names.ts'
import { isList, isObject, type Json, type JsonObject, type Pointer } from './json.ts'
import type { Path } from './model.ts'
import { ANY_KEY, EACH } from './path.ts'

export type OnAvroFault = (pointer: Pointer, what: string, mend: string) => void

/** The property under which Confluent's tools keep tags inside a schema. */
const TAGS = 'confluent:tags'

const PRIMITIVES = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']

/** A type used in many places is a leaf in each; a schema that multiplies beyond this is a mistake. */
const MOST_PLACES = 10_000

/** Reads the record schema of an event. Gives null, after reporting, when it is not one. */
export function readAvro(schema: Json, onFault: OnAvroFault): AvroInner | null {
  const walk = new Walk(namedTypes(schema), onFault)
  const place = {
    step: '',
    path: [],
    doc: '',
    tags: [],
    ownTags: [],
    optional: false,
    pointer: [],
    namespace: '',
    open: [],
  }
  const root = walk.type(schema, place)
  if (root?.kind === 'record') return root
  if (root !== null) onFault([], 'the schema of an event must be an Avro record', 'Begin with {"type": "record", …}')
  return null
}

interface Place {
  readonly step: string
  readonly path: Path
  readonly doc: string
  readonly tags: readonly string[]
  readonly ownTags: readonly string[]
  readonly optional: boolean
  /** Of the field: where faults and tags are reported. */
  readonly pointer: Pointer
  readonly namespace: string
  /** Full names of the records around, to notice recursion. */
  readonly open: readonly string[]
}

class Walk {
  readonly #named: ReadonlyMap<string, NamedType>
  readonly #onFault: OnAvroFault
  #places = 0

  constructor(named: ReadonlyMap<string, NamedType>, onFault: OnAvroFault) {
    this.#named = named
    this.#onFault = onFault
  }

  type(schema: Json, place: Place): AvroNode | null {
    if (++this.#places > MOST_PLACES) return this.#tooMany(place)
    if (typeof schema === 'string') return this.#reference(schema, place)
    if (isList(schema)) return this.#union(schema, place)
    if (!isObject(schema)) return this.#fault(place.pointer, 'a type is missing or is not a type', 'Write an Avro type')
    const type = schema['type']
    // {"type": {"type": …}} and {"type": ["null", …]} only wrap another type.
    if (type === undefined || typeof type !== 'string') return this.type(type ?? null, place)
    if (type === 'record') return this.#record({ schema, fullName: fullNameOf(schema, place.namespace) }, place)
    if (type === 'array') return this.#inner('array', schema['items'] ?? null, EACH, place)
    if (type === 'map') return this.#inner('map', schema['values'] ?? null, ANY_KEY, place)
    if (type === 'enum' || type === 'fixed' || PRIMITIVES.includes(type)) return leaf(type, schema, place)
    return this.#reference(type, place)
  }

  #reference(name: string, place: Place): AvroNode | null {
    if (PRIMITIVES.includes(name)) return leaf(name, name, place)
    const definition = this.#definition(name, place)
    if (definition === null) {
      const mend = 'Define it before it is used, or correct its name'
      return this.#fault(place.pointer, `the type "${name}" is defined nowhere`, mend)
    }
    if (definition.schema['type'] === 'record') return this.#record(definition, place)
    return leaf(String(definition.schema['type']), definition.schema, place)
  }

  #definition(name: string, place: Place): NamedType | null {
    const qualified = name.includes('.') || place.namespace === '' ? name : `${place.namespace}.${name}`
    return this.#named.get(qualified) ?? this.#named.get(name) ?? null
  }

  #record({ schema, fullName }: NamedType, place: Place): AvroNode | null {
    if (place.open.includes(fullName)) {
      return closed('record', schema, 'a record inside itself, so a path through it would have no end', place)
    }
    const fields = schema['fields']
    if (!isList(fields)) return this.#fault(place.pointer, 'a record has no list of fields', 'Add "fields": […]')
    const namespace = fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
    const inner = { ...place, namespace, open: [...place.open, fullName] }
    const pointer = this.#named.get(fullName)?.pointer ?? place.pointer
    const children = fields.map((field, i) => this.#field(field, [...pointer, 'fields', i], inner))
    return { ...kept(place), kind: 'record', children: children.filter((child) => child !== null) }
  }

  #field(field: Json, pointer: Pointer, around: Place): AvroNode | null {
    const name = isObject(field) ? field['name'] : undefined
    if (!isObject(field) || typeof name !== 'string')
      return this.#fault(pointer, 'a field has no name', 'Add "name": "…"')
    const ownTags = this.#tags(field, pointer)
    const tags = [...new Set([...around.tags, ...ownTags])]
    const place = {
      ...around,
      step: name,
      path: [...around.path, name],
      doc: textOf(field['doc']),
      tags,
      ownTags,
      pointer,
    }
    return this.type(field['type'] ?? null, place)
  }

  #inner(kind: 'array' | 'map', schema: Json, step: string, place: Place): AvroNode | null {
    const child = this.type(schema, { ...place, step, path: [...place.path, step] })
    return child === null ? null : { ...kept(place), kind, children: [child] }
  }

  #union(branches: readonly Json[], around: Place): AvroNode | null {
    const others = branches.filter((branch) => !isNull(branch))
    const place = { ...around, optional: around.optional || others.length < branches.length }
    const [only] = others
    if (only === undefined) return closed('null', 'null', 'always null', place)
    if (others.length === 1) return this.type(only, place)
    const names = others.map((branch) => this.#branchName(branch, place))
    const children = others.map((branch, i) => {
      const step = `<${shortest(names[i] ?? '', names)}>`
      return this.type(branch, { ...place, step, path: [...place.path, step], optional: true })
    })
    return { ...kept(place), kind: 'union', children: children.filter((child) => child !== null) }
  }

  /** Full name of a named type, else the type's word. */
  #branchName(branch: Json, place: Place): string {
    if (typeof branch === 'string') return this.#definition(branch, place)?.fullName ?? branch
    if (!isObject(branch)) return ''
    const type = branch['type']
    if (type === 'record' || type === 'enum' || type === 'fixed') return fullNameOf(branch, place.namespace)
    return type === undefined ? '' : this.#branchName(type, place)
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

  #tooMany(place: Place): null {
    if (this.#places > MOST_PLACES + 1) return null
    const mend = 'Use fewer types inside types'
    return this.#fault(place.pointer, `the schema unfolds into more than ${MOST_PLACES} places`, mend)
  }

  #fault(pointer: Pointer, what: string, mend: string): null {
    this.#onFault(pointer, what, mend)
    return null
  }
}

function leaf(type: string, schema: Json, place: Place): AvroLeaf {
  if (type === 'null') return closed(type, schema, 'always null', place)
  const logicalType = isObject(schema) && typeof schema['logicalType'] === 'string' ? schema['logicalType'] : null
  return { ...kept(place), kind: 'leaf', type, logicalType, schema, closed: null, innerTags: [] }
}

function closed(type: string, schema: Json, why: string, place: Place): AvroLeaf {
  return { ...kept(place), kind: 'leaf', type, logicalType: null, schema, closed: why, innerTags: tagsInside(schema) }
}

function kept({ step, path, doc, tags, ownTags, optional, pointer }: Place) {
  return { step, path, doc, tags, ownTags, optional, pointer }
}

/** Without its namespace, where no other branch is called the same. */
function shortest(name: string, all: readonly string[]): string {
  const short = simple(name)
  return all.filter((other) => simple(other) === short).length > 1 ? name : short
}

function simple(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function isNull(branch: Json): boolean {
  return branch === 'null' || (isObject(branch) && branch['type'] === 'null')
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
