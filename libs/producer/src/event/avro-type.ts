import avro from 'avsc'
import type { SchemaNode } from '../schema/node.ts'
import { fieldKey, type WireValue } from './wire-value.ts'

/** A schema as avsc's type, and the keys under which values of a union's branches stand. */
export interface AvroType {
  encode(value: WireValue): Buffer
  branchKey(branch: SchemaNode): string
}

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]

/**
 * Hands avsc a schema of the same layout under names of our own, without defaults and docs: avsc refuses some names that
 * others take, puts defaults through its own number types, and by itself has no longs beyond 2^53.
 */
export function avroType(root: SchemaNode): AvroType {
  const names = new Map<SchemaNode, string>()
  const type = avro.Type.forSchema(schemaOf(root, names) as AvscSchema, {
    registry: { long: LONG },
    wrapUnions: 'always',
    omitRecordMethods: true,
  })
  return {
    encode: (value) => type.toBuffer(value),
    branchKey: (branch) => names.get(branch) ?? branch.kind,
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
  isValid: (value: unknown): boolean => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
  compare: (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0),
})

function schemaOf(node: SchemaNode, names: Map<SchemaNode, string>): unknown {
  const known = names.get(node)
  if (known !== undefined) return known
  switch (node.kind) {
    case 'record':
      return {
        type: 'record',
        name: newName(node, names),
        fields: node.fields.map((field, i) => ({ name: fieldKey(i), type: schemaOf(field.node, names) })),
      }
    case 'enum':
      return { type: 'enum', name: newName(node, names), symbols: node.symbols }
    case 'fixed':
      return { type: 'fixed', name: newName(node, names), size: node.size }
    case 'array':
      return { type: 'array', items: schemaOf(node.items, names) }
    case 'map':
      return { type: 'map', values: schemaOf(node.values, names) }
    case 'optional': {
      const other = schemaOf(node.node, names)
      return node.nullFirst ? ['null', other] : [other, 'null']
    }
    case 'union':
      return node.branches.map((branch) => schemaOf(branch.node, names))
    default:
      return node.kind
  }
}

function newName(node: SchemaNode, names: Map<SchemaNode, string>): string {
  const name = `t${names.size}`
  names.set(node, name)
  return name
}
