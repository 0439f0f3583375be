import type { SchemaNode } from '../schema/schema-node.ts'
import { unitsPerMs } from '../schema/timestamps.ts'
import { boxed, bytesOf, indexOf, type TwinValue } from './avro-twin.ts'

export type Convert = (value: TwinValue) => TwinValue

/**
 * How a kept leaf becomes its clean type. The same type passes as it is; an older writer schema may have it in one
 * that Avro promotes ("Schema Resolution"). Null when the clean type can't hold it.
 */
export function conversion(from: SchemaNode, to: SchemaNode): Convert | null {
  if (from.kind === 'enum' && to.kind === 'enum') return enumConversion(from.symbols, to)
  if (from.kind === 'fixed' && to.kind === 'fixed') return from.size === to.size ? same : null
  if (unitsPerMs(from) !== unitsPerMs(to)) return null
  if (from.kind === to.kind) return PASSED_AS_THEY_ARE.has(from.kind) ? same : null
  return PROMOTIONS[`${from.kind} ${to.kind}`] ?? null
}

const PASSED_AS_THEY_ARE: ReadonlySet<SchemaNode['kind']> = new Set<SchemaNode['kind']>([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])

const same: Convert = (value) => value

const PROMOTIONS: Readonly<Record<string, Convert>> = {
  'int long': (value) => BigInt(value as number),
  'int float': (value) => floatOf(Number(value)),
  'int double': (value) => doubleOf(Number(value)),
  'long float': (value) => floatOf(Number(value)),
  'long double': (value) => doubleOf(Number(value)),
  'float double': (value) => doubleOf(bytesOf(value).readFloatLE()),
  'string bytes': same,
}

function floatOf(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function doubleOf(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

/** By name; a symbol that the clean schema doesn't know becomes its default symbol, or null without one. */
function enumConversion(symbols: readonly string[], to: SchemaNode & { kind: 'enum' }): Convert {
  const indexes = symbols.map((symbol) => {
    const index = to.symbols.indexOf(symbol)
    return index >= 0 ? index : to.defaultIndex
  })
  return (value) => {
    const index = indexes[indexOf(value)] ?? -1
    return index < 0 ? null : boxed(index)
  }
}
