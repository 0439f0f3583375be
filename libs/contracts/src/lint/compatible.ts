import { isList, isObject, type Json, type JsonObject } from '../json.ts'

/** Where and why data written with one schema can't be read with another. */
export interface Incompatibility {
  /** Names of fields from the root. */
  readonly path: readonly string[]
  /** Follows the path in a sentence. */
  readonly why: string
}

/**
 * Why a reader's schema can't read what a writer's schema wrote; null when it can. Avro 1.12, "Schema Resolution":
 * what a registry checks for BACKWARD, and the other way round for FORWARD. Like the registries' own check, names are
 * compared without their namespace.
 */
export function incompatibility(reader: unknown, writer: unknown): Incompatibility | null {
  const [r, w] = [new Names(reader as Json), new Names(writer as Json)]
  return new Resolution(r, w).between(reader as Json, writer as Json, [])
}

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  long: ['int'],
  float: ['int', 'long'],
  double: ['int', 'long', 'float'],
  string: ['bytes'],
  bytes: ['string'],
}

class Resolution {
  readonly #reader: Names
  readonly #writer: Names
  /** Pairs of records that are being compared, so that a record inside itself comes to an end. */
  readonly #open = new Set<string>()

  constructor(reader: Names, writer: Names) {
    this.#reader = reader
    this.#writer = writer
  }

  between(readerType: Json, writerType: Json, path: readonly string[]): Incompatibility | null {
    const reader = this.#reader.resolve(readerType)
    const writer = this.#writer.resolve(writerType)
    if (isList(writer)) {
      for (const branch of writer) {
        const broken = this.between(reader, branch, path)
        if (broken !== null) return broken
      }
      return null
    }
    if (isList(reader)) {
      const tried = reader.map((branch) => this.between(branch, writer, path))
      if (tried.includes(null)) return null
      // What lies deeper says more than "no branch fits".
      const deeper = tried.find((broken) => broken !== null && broken.path.length > path.length)
      return deeper ?? { path, why: `was ${nameOf(writer)}, and its type is now ${reader.map(nameOf).join(' or ')}` }
    }
    return this.#single(reader, writer, path)
  }

  #single(reader: Json, writer: Json, path: readonly string[]): Incompatibility | null {
    const [r, w] = [kindOf(reader), kindOf(writer)]
    if (r !== w) {
      if (PROMOTIONS[r]?.includes(w) === true) return null
      return { path, why: `is ${nameOf(reader)} on one side and ${nameOf(writer)} on the other` }
    }
    if (!isObject(reader) || !isObject(writer)) return null
    if ((r === 'record' || r === 'enum' || r === 'fixed') && shortName(reader) !== shortName(writer)) {
      return { path, why: `is named ${shortName(reader)} on one side and ${shortName(writer)} on the other` }
    }
    switch (r) {
      case 'record':
        return this.#records(reader, writer, path)
      case 'enum':
        return enums(reader, writer, path)
      case 'fixed':
        return reader['size'] === writer['size'] ? null : { path, why: 'has another size' }
      case 'array':
        return this.between(reader['items'] ?? null, writer['items'] ?? null, path)
      case 'map':
        return this.between(reader['values'] ?? null, writer['values'] ?? null, path)
      default:
        return null
    }
  }

  #records(reader: JsonObject, writer: JsonObject, path: readonly string[]): Incompatibility | null {
    const pair = `${shortName(reader)} ${path.length > 20 ? '' : path.join('.')}`
    if (this.#open.has(pair) || path.length > 40) return null
    this.#open.add(pair)
    const written = fieldsOf(writer)
    for (const field of fieldsOf(reader)) {
      const name = String(field['name'])
      const names = [name, ...(isList(field['aliases']) ? field['aliases'].map(String) : [])]
      const other = written.find((one) => names.includes(String(one['name'])))
      if (other === undefined) {
        if ('default' in field) continue
        return { path: [...path, name], why: 'has no default, and one side does not have it' }
      }
      const broken = this.between(field['type'] ?? null, other['type'] ?? null, [...path, name])
      if (broken !== null) return broken
    }
    return null
  }
}

function enums(reader: JsonObject, writer: JsonObject, path: readonly string[]): Incompatibility | null {
  if (typeof reader['default'] === 'string') return null
  const known = symbolsOf(reader)
  const unknown = symbolsOf(writer).find((symbol) => !known.includes(symbol))
  return unknown === undefined ? null : { path, why: `has no default, and one side does not know "${unknown}"` }
}

/** Named types of one schema, by short name. */
class Names {
  readonly #types = new Map<string, JsonObject>()

  constructor(schema: Json) {
    this.#collect(schema)
  }

  /** The type itself, without wrappers and references. */
  resolve(schema: Json): Json {
    if (typeof schema === 'string') return this.#types.get(short(schema)) ?? schema
    if (!isObject(schema)) return schema
    const { type } = schema
    if (typeof type === 'object') return this.resolve(type)
    if (typeof type === 'string' && !('fields' in schema) && this.#types.has(short(type))) return this.resolve(type)
    return schema
  }

  #collect(schema: Json): void {
    if (isList(schema)) for (const one of schema) this.#collect(one)
    if (!isObject(schema)) return
    if (typeof schema['name'] === 'string' && ['record', 'enum', 'fixed'].includes(String(schema['type']))) {
      this.#types.set(short(schema['name']), schema)
    }
    for (const key of ['type', 'items', 'values', 'fields']) {
      const inner = schema[key]
      if (typeof inner === 'object') this.#collect(inner)
    }
  }
}

function kindOf(schema: Json): string {
  return isObject(schema) ? String(schema['type']) : String(schema)
}

function nameOf(schema: Json): string {
  return isObject(schema) && typeof schema['name'] === 'string' ? short(schema['name']) : kindOf(schema)
}

function shortName(schema: JsonObject): string {
  return short(String(schema['name']))
}

function short(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function fieldsOf(record: JsonObject): JsonObject[] {
  const { fields } = record
  return isList(fields) ? fields.filter(isObject) : []
}

function symbolsOf(schema: JsonObject): readonly string[] {
  const { symbols } = schema
  return isList(symbols) ? symbols.map(String) : []
}
