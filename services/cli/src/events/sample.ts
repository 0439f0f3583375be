import { type AvroField, type AvroType, timestampUnit, withoutNull } from './avro-type.ts'
import type { Value } from './value.ts'

/** When sample events happen: Thursday, 15 January 2026, 10:20:30 UTC. */
const SAMPLE_TIME_MS = 1_768_472_430_000n

/** How much a sample holds. `plain`: what a producer may leave out is left out. `full`: everything is there once. */
export type Fullness = 'plain' | 'full'

/** What stands in a field that nobody filled: the schema's default where `plain`, else a value one recognises. */
export function sampleOf(field: AvroField, fullness: Fullness): Value {
  if (fullness === 'plain' && field.default !== undefined) return ofDefault(field.type, field.default)
  return sample(field.type, field.name, fullness)
}

export function sample(type: AvroType, name: string, fullness: Fullness): Value {
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return false
    case 'int':
      return 1
    case 'long': {
      const unit = timestampUnit(type)
      return unit === null ? 1n : unit === 'millis' ? SAMPLE_TIME_MS : SAMPLE_TIME_MS * 1000n
    }
    case 'float':
    case 'double':
      return 1.5
    case 'string':
      return type.logicalType === 'uuid' ? '00000000-0000-4000-8000-000000000001' : `sample ${name}`
    case 'bytes':
      return Buffer.from([1])
    case 'fixed':
      return Buffer.alloc(type.size)
    case 'enum':
      return (fullness === 'plain' ? type.fallback : null) ?? type.symbols[0] ?? ''
    case 'array':
      return fullness === 'full' ? [sample(type.items, name, fullness)] : []
    case 'map': {
      const entries: [string, Value][] = fullness === 'full' ? [['key', sample(type.values, name, fullness)]] : []
      return { is: 'map', entries: new Map(entries) }
    }
    case 'record': {
      const fields = type.fields.map((field) => [field.name, sampleOf(field, fullness)] as const)
      return { is: 'record', fields: new Map(fields) }
    }
    case 'union': {
      const inner = withoutNull(type)
      if (inner.nullable && fullness === 'plain') return null
      if (inner.type.kind !== 'union') return sample(inner.type, name, fullness)
      const branch = type.branches.findIndex((one) => one.kind !== 'null')
      const chosen = type.branches[branch]
      return chosen === undefined ? null : { is: 'union', branch, value: sample(chosen, name, fullness) }
    }
  }
}

/** A default as Avro writes it: of a union, a value of the first branch. */
function ofDefault(type: AvroType, written: unknown): Value {
  switch (type.kind) {
    case 'union': {
      const [first] = type.branches
      if (first === undefined || first.kind === 'null') return null
      const value = ofDefault(first, written)
      return withoutNull(type).type.kind === 'union' ? { is: 'union', branch: 0, value } : value
    }
    case 'long':
      return BigInt(Number(written))
    case 'bytes':
    case 'fixed':
      return Buffer.from(String(written), 'latin1')
    case 'array':
      return Array.isArray(written) ? written.map((item) => ofDefault(type.items, item)) : []
    case 'map': {
      const entries = Object.entries(written ?? {}).map(([key, item]) => [key, ofDefault(type.values, item)] as const)
      return { is: 'map', entries: new Map(entries) }
    }
    case 'record': {
      const given = Object(written)
      const fields = type.fields.map((field) => {
        const value: unknown = Object.hasOwn(given, field.name) ? Reflect.get(given, field.name) : field.default
        return [field.name, value === undefined ? sampleOf(field, 'plain') : ofDefault(field.type, value)] as const
      })
      return { is: 'record', fields: new Map(fields) }
    }
    case 'boolean':
      return written === true
    case 'int':
    case 'float':
    case 'double':
      return Number(written)
    case 'string':
    case 'enum':
      return String(written)
    case 'null':
      return null
  }
}
