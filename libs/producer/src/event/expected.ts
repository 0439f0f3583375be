import type { Primitive, PrimitiveNode, SchemaNode } from '../schema/node.ts'

const PRIMITIVE: Readonly<Record<Primitive, string>> = {
  null: 'null',
  boolean: 'true or false',
  int: 'a whole number of 32 bits',
  long: 'a whole number (a bigint beyond 2^53)',
  float: 'a number of 32 bits',
  double: 'a number',
  bytes: 'bytes (a Uint8Array)',
  string: 'text',
}

const MILLIS = 'a time: Unix milliseconds as a whole number, or a Date'
const MICROS = 'a time: Unix microseconds as a whole number or bigint'
const LOGICAL: Readonly<Record<string, string>> = {
  'long timestamp-millis': MILLIS,
  'long local-timestamp-millis': MILLIS,
  'long timestamp-micros': MICROS,
  'long local-timestamp-micros': MICROS,
  'string uuid': 'a UUID as text, of the form 123e4567-e89b-12d3-a456-426614174000',
  'int date': 'a day: whole days since 1970-01-01',
}

/** What a type takes, in words for whoever sends it. */
export function expectedWords(node: SchemaNode): string {
  switch (node.kind) {
    case 'record':
      return 'an object'
    case 'enum':
      return `one of ${node.symbols.join(', ')}`
    case 'fixed':
      return `exactly ${node.size} bytes (a Uint8Array)`
    case 'array':
      return 'a list'
    case 'map':
      return 'an object of keys and values'
    case 'optional':
      return `${expectedWords(node.node)}, or null`
    case 'union': {
      const names = node.branches.filter((branch) => branch.node.kind !== 'null').map((branch) => branch.name)
      const orNull = names.length < node.branches.length ? ', or null' : ''
      return `an object with one key, which of the types it is: ${names.join(', ')}${orNull}`
    }
    default:
      return primitiveWords(node)
  }
}

function primitiveWords({ kind, logicalType }: PrimitiveNode): string {
  return LOGICAL[`${kind} ${logicalType}`] ?? PRIMITIVE[kind]
}

/** What kind of thing a value is; never the value. */
export function foundWords(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Date) return 'a Date'
  if (value instanceof Uint8Array) return 'bytes'
  switch (typeof value) {
    case 'string':
      return value === '' ? 'empty text' : 'text'
    case 'number':
      return Number.isSafeInteger(value) ? 'a whole number' : 'a number that is not whole, or not exact'
    case 'bigint':
      return 'a bigint'
    case 'boolean':
      return 'a boolean'
    case 'object':
      return 'an object'
    default:
      return `a ${typeof value}`
  }
}
