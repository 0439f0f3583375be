import { isList, isObject, type Json, type JsonObject } from '../json.ts'
import type { Path } from '../model.ts'
import { pathText } from '../path.ts'
import type { FilePointer } from './places.ts'

/** A field, an array's element, a map's value or a union's branch of a raw schema. */
export interface EventPart {
  readonly path: Path
  readonly kind: 'leaf' | 'record' | 'array' | 'map' | 'union'
  readonly nullable: boolean
  /** Where the field stands in event.avsc that this is, or lies in. */
  readonly pointer: FilePointer
}

/** Levels of a schema; a record inside itself ends here. */
const DEEPEST = 32

/** All parts of a raw schema, by path as text. A schema that can't be read gives what can be. */
export function eventTree(schema: unknown): Map<string, EventPart> {
  const walk = new Walk()
  const json = schema as Json
  walk.define(json, [])
  walk.type(json, [], [], [])
  return walk.parts
}

interface Definition {
  readonly schema: JsonObject
  readonly pointer: FilePointer
}

class Walk {
  readonly parts = new Map<string, EventPart>()
  /** By short name and by full name. */
  readonly #named = new Map<string, Definition>()

  define(schema: Json, pointer: FilePointer): void {
    if (isList(schema)) for (const [i, one] of schema.entries()) this.define(one, [...pointer, i])
    if (!isObject(schema)) return
    const { name, namespace } = schema
    if (typeof name === 'string' && typeof schema['type'] === 'string') {
      this.#named.set(name, { schema, pointer })
      if (typeof namespace === 'string') this.#named.set(`${namespace}.${name}`, { schema, pointer })
    }
    for (const key of ['type', 'items', 'values']) {
      const inner = schema[key]
      if (typeof inner === 'object' && inner !== null) this.define(inner, [...pointer, key])
    }
    const { fields } = schema
    if (isList(fields)) for (const [i, field] of fields.entries()) this.define(field, [...pointer, 'fields', i])
  }

  /** `at` is where the type stands, `field` where the field around it does. */
  type(schema: Json, path: Path, at: FilePointer, field: FilePointer, nullable = false): void {
    const add = (kind: EventPart['kind']) => {
      if (path.length > 0) this.parts.set(pathText(path), { path, kind, nullable, pointer: field })
    }
    if (path.length > DEEPEST) return
    if (typeof schema === 'string') {
      const known = this.#definition(schema)
      return known === undefined ? add('leaf') : this.type(known.schema, path, known.pointer, field, nullable)
    }
    if (isList(schema)) return this.#union(schema, path, at, field, add)
    if (!isObject(schema)) return
    const type = schema['type']
    if (type !== undefined && typeof type !== 'string') return this.type(type, path, [...at, 'type'], field, nullable)
    if (type === 'array') {
      add('array')
      return this.type(schema['items'] ?? null, [...path, '[]'], [...at, 'items'], field)
    }
    if (type === 'map') {
      add('map')
      return this.type(schema['values'] ?? null, [...path, '{}'], [...at, 'values'], field)
    }
    const { fields } = schema
    if (type === 'record' && isList(fields)) {
      add('record')
      for (const [i, one] of fields.entries()) {
        const name = isObject(one) ? one['name'] : undefined
        if (!isObject(one) || typeof name !== 'string') continue
        const pointer = [...at, 'fields', i]
        this.type(one['type'] ?? null, [...path, name], [...pointer, 'type'], pointer)
      }
      return
    }
    const known = type === undefined ? undefined : this.#definition(type)
    if (known !== undefined) return this.type(known.schema, path, known.pointer, field, nullable)
    add('leaf')
  }

  #union(
    branches: readonly Json[],
    path: Path,
    at: FilePointer,
    field: FilePointer,
    add: (kind: EventPart['kind']) => void,
  ): void {
    const nullable = branches.includes('null')
    const others = [...branches.entries()].filter(([, branch]) => branch !== 'null')
    const [only] = others
    if (others.length === 1 && only !== undefined) return this.type(only[1], path, [...at, only[0]], field, nullable)
    add('union')
    for (const [i, branch] of others) {
      this.type(branch, [...path, `<${branchName(branch)}>`], [...at, i], field)
    }
  }

  #definition(name: string): Definition | undefined {
    return this.#named.get(name) ?? this.#named.get(name.slice(name.lastIndexOf('.') + 1))
  }
}

function branchName(branch: Json): string {
  const name = isObject(branch) ? (branch['name'] ?? branch['type']) : branch
  const text = typeof name === 'string' ? name : ''
  return text.slice(text.lastIndexOf('.') + 1)
}
