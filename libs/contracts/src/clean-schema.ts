import type { AvroField, AvroRecord } from './avro.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import type { Path, Verb } from './model.ts'

/** What the clean schema needs of a branch's line. */
export interface CleanLeaf {
  readonly path: Path
  readonly verb: Verb
}

export interface CleanNames {
  readonly stream: string
  readonly purpose: string
}

/**
 * Derives the schema of a clean topic: the leaves that any policy names, in source order. Every field is nullable, null
 * first, default null, so that a leaf more or a leaf less is a compatible change in both directions.
 */
export function cleanSchema(root: AvroRecord, leaves: readonly CleanLeaf[], names: CleanNames): JsonObject {
  const verbs = new Map(leaves.map((leaf) => [leaf.path.join('.'), leaf.verb]))
  return {
    type: 'record',
    name: rootName(names.stream),
    namespace: `weir.${names.stream}.${names.purpose}`,
    doc: `What the purpose "${names.purpose}" may see of the stream "${names.stream}". Derived from its policies.`,
    fields: cleanFields(root, verbs),
  }
}

/** Two paths whose types would get one name, or null. */
export function nameClash(
  root: AvroRecord,
  leaves: readonly CleanLeaf[],
  names: CleanNames,
): readonly [string, string] | null {
  const paths = new Map<string, string>([[rootName(names.stream), 'the event itself']])
  const wanted = leaves.map((leaf) => leaf.path.join('.'))
  for (const { name, path } of namedTypes(root, wanted)) {
    const other = paths.get(name)
    if (other !== undefined) return [other, path]
    paths.set(name, path)
  }
  return null
}

/**
 * Type of a leaf after a verb: a string for verbs that write text of their own, else the type it has, with its meaning
 * (logical type) but without properties of the raw schema's own.
 */
export function cleanType(field: AvroField, verb: Verb): Json {
  if (field.type.kind === 'record') throw new Error(`${field.path.join('.')} is no leaf`)
  switch (verb.kind) {
    case 'pseudonymize':
    case 'routes':
    case 'in':
      return 'string'
    case 'keep':
    case 'hour':
    case 'day':
      return bare(field.type.type, field.type.schema, field.path)
  }
}

function cleanFields(record: AvroRecord, verbs: ReadonlyMap<string, Verb>): Json[] {
  return record.fields.flatMap((field) => {
    const type = cleanFieldType(field, verbs)
    if (type === null) return []
    const doc = field.doc === '' ? {} : { doc: field.doc }
    return [{ name: field.name, ...doc, type: ['null', type], default: null }]
  })
}

/** Null when nothing of the field is named. */
function cleanFieldType(field: AvroField, verbs: ReadonlyMap<string, Verb>): Json | null {
  if (field.type.kind === 'record') {
    const fields = cleanFields(field.type, verbs)
    return fields.length === 0 ? null : { type: 'record', name: camel(field.path), fields }
  }
  const verb = verbs.get(field.path.join('.'))
  return verb === undefined ? null : cleanType(field, verb)
}

const KEPT_PROPERTIES = ['symbols', 'default', 'size', 'logicalType', 'precision', 'scale']

function bare(type: string, schema: Json, path: Path): Json {
  if (!isObject(schema)) return type
  const named = type === 'enum' || type === 'fixed' ? { name: camel(path) } : {}
  const kept = KEPT_PROPERTIES.flatMap((key) => {
    const value = schema[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  if (kept.length === 0 && !('name' in named)) return type
  return { type, ...named, ...Object.fromEntries(kept) }
}

function* namedTypes(record: AvroRecord, wanted: readonly string[]): Generator<{ name: string; path: string }> {
  for (const field of record.fields) {
    const path = field.path.join('.')
    const isNamed = field.type.kind === 'record' || field.type.type === 'enum' || field.type.type === 'fixed'
    const used = wanted.some((leaf) => leaf === path || leaf.startsWith(`${path}.`))
    if (!used) continue
    if (isNamed) yield { name: camel(field.path), path }
    if (field.type.kind === 'record') yield* namedTypes(field.type, wanted)
  }
}

/** One name a path, so that no two places ever share a type: `page.referrer` gives PageReferrer. */
function camel(path: Path): string {
  return path.map(capital).join('')
}

function rootName(stream: string): string {
  return `${capital(stream)}Event`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
