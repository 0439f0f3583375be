import avro from 'avsc'
import type { SchemaNode } from '../schema/schema-node.ts'

/**
 * The values avsc gives and takes for a schema's twin. Every string, float, double and bytes is a Buffer of its own
 * bytes, every long a bigint, every enum its index, a record `{f0, f1, …}`, a map a list of `{f0: key, f1: value}`, a
 * union null or `{<branch>: value}`.
 */
export type TwinValue = null | boolean | number | bigint | Buffer | readonly TwinValue[] | TwinRecord
export interface TwinRecord {
  readonly [field: string]: TwinValue
}

/** A schema's twin: other types, the same bytes on the wire, nothing lost on the way. */
export interface Twin {
  decode(bytes: Buffer): TwinValue
  encode(value: TwinValue): Buffer
  /** Key under which a union's value of this branch stands; for branches of unions within the schema. */
  branchKey(branch: SchemaNode): string
}

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** Whether it fits an Avro long. */
export function isInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX
}

/**
 * Makes avsc read and write bytes as they are. By itself it refuses longs beyond 2^53, changes the payload of NaNs,
 * reorders maps with keys like integers, and reads text through UTF-16. The twin says the same layout in types that
 * have no such trouble: text and bytes are `bytes`, floats and doubles are `fixed`, enums are `int`, maps are arrays
 * of entries. Each sits in a named type of one field (no bytes of its own), so that unions tell them apart.
 * @throws Error when avsc can't read the schema
 */
export function twinOf(schema: SchemaNode): Twin {
  const names = new Map<SchemaNode, string>()
  const keys = new Map<SchemaNode, string>()
  const json = twinSchema(schema, names, keys)
  const type = avro.Type.forSchema(json as AvscSchema, {
    registry: { long: LONG },
    wrapUnions: 'always',
    omitRecordMethods: true,
  })
  return {
    decode: (bytes) => type.fromBuffer(bytes, undefined, true),
    encode: (value) => type.toBuffer(value),
    branchKey: (branch) => keys.get(branch) ?? '',
  }
}

/** Null for what avsc can't read. */
export function twinIfReadable(schema: SchemaNode): Twin | null {
  try {
    return twinOf(schema)
  } catch {
    return null
  }
}

const LONG = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer): bigint => buffer.readBigInt64LE(),
  toBuffer(value: bigint): Buffer {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown): boolean => typeof value === 'bigint' && isInt64(value),
  compare: (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0),
})

function twinSchema(node: SchemaNode, names: Map<SchemaNode, string>, keys: Map<SchemaNode, string>): unknown {
  const known = names.get(node)
  if (known !== undefined) return known
  switch (node.kind) {
    case 'null':
    case 'boolean':
    case 'int':
    case 'long':
      return plain(node, node.kind, keys)
    case 'array':
      keys.set(node, 'array')
      return { type: 'array', items: twinSchema(node.items, names, keys) }
    case 'union':
      return node.branches.map((branch) => twinSchema(branch, names, keys))
    case 'float':
      return { type: 'fixed', name: newName(node, names, keys), size: 4 }
    case 'double':
      return { type: 'fixed', name: newName(node, names, keys), size: 8 }
    case 'fixed':
      return { type: 'fixed', name: newName(node, names, keys), size: node.size }
    case 'string':
    case 'bytes':
      return one(newName(node, names, keys), 'bytes')
    case 'enum':
      return one(newName(node, names, keys), 'int')
    case 'map': {
      const name = newName(node, names, keys)
      const entry = record(`${name}_entry`, ['bytes', twinSchema(node.values, names, keys)])
      return one(name, { type: 'array', items: entry })
    }
    case 'record': {
      const name = newName(node, names, keys)
      return record(
        name,
        node.fields.map((field) => twinSchema(field.type, names, keys)),
      )
    }
  }
}

function plain(node: SchemaNode, name: string, keys: Map<SchemaNode, string>): string {
  keys.set(node, name)
  return name
}

/** Names are our own: those of the schema may be ones that avsc refuses. */
function newName(node: SchemaNode, names: Map<SchemaNode, string>, keys: Map<SchemaNode, string>): string {
  const name = `twin_${names.size}`
  names.set(node, name)
  keys.set(node, name)
  return name
}

function one(name: string, type: unknown): unknown {
  return record(name, [type])
}

function record(name: string, types: readonly unknown[]): unknown {
  return { type: 'record', name, fields: types.map((type, i) => ({ name: `f${i}`, type })) }
}

/** The bytes of a string or bytes value. */
export function bytesOf(value: TwinValue): Buffer {
  const bytes = isTwinRecord(value) ? value['f0'] : value
  if (!Buffer.isBuffer(bytes)) throw new TypeError('a twin value is no bytes')
  return bytes
}

/** The index of an enum value. */
export function indexOf(value: TwinValue): number {
  const index = isTwinRecord(value) ? value['f0'] : undefined
  if (typeof index !== 'number') throw new TypeError('a twin value is no enum')
  return index
}

/** Twin value of a string, bytes or enum. */
export function boxed(value: Buffer | number): TwinRecord {
  return { f0: value }
}

/** The elements of an array value. */
export function itemsOf(value: TwinValue): readonly TwinValue[] {
  if (!isTwinList(value)) throw new TypeError('a twin value is no array')
  return value
}

export interface MapEntry {
  /** UTF-8 of the key. */
  readonly key: Buffer
  readonly value: TwinValue
}

/** The entries of a map value, in the order in which they were written, repeated keys included. */
export function entriesOf(value: TwinValue): readonly MapEntry[] {
  if (!isTwinRecord(value)) throw new TypeError('a twin value is no map')
  return itemsOf(value['f0'] ?? null).map((entry) => {
    if (!isTwinRecord(entry)) throw new TypeError('a twin value is no map entry')
    return { key: bytesOf(entry['f0'] ?? null), value: entry['f1'] ?? null }
  })
}

/** Twin value of a map. */
export function mapOf(entries: readonly MapEntry[]): TwinRecord {
  return { f0: entries.map(({ key, value }) => ({ f0: key, f1: value })) }
}

/** The value under a key: of the last entry, when several have it. Undefined when none has. */
export function lastValue(entries: readonly MapEntry[], key: string): TwinValue | undefined {
  const bytes = Buffer.from(key)
  return entries.findLast((entry) => entry.key.equals(bytes))?.value
}

function isTwinList(value: TwinValue): value is readonly TwinValue[] {
  return Array.isArray(value)
}

export function isTwinRecord(value: TwinValue): value is TwinRecord {
  return typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && !Array.isArray(value)
}
