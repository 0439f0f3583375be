import type { Path, Verb } from '@weir/contracts'
import type { Pseudonymize } from '../port.ts'
import { boxed, bytesOf, indexOf, isInt64, type TwinValue } from './avro-twin.ts'
import { conversion } from './conversion.ts'
import { routeOf } from './route.ts'
import type { SchemaNode } from './schema-node.ts'
import { floorTo, unitsPerMs } from './timestamps.ts'

/** What a verb makes of a leaf's value, which is not null; the result is null or a value of the clean type. */
export type ApplyVerb = (value: TwinValue, pseudonymize: Pseudonymize | null) => TwinValue

const HOUR_MS = 3_600_000n
const DAY_MS = 86_400_000n

/** Null when the verb can't turn the writer's type into the clean one: the writer schema is unusable for it. */
export function compileVerb(verb: Verb, path: Path, from: SchemaNode, to: SchemaNode): ApplyVerb | null {
  switch (verb.kind) {
    case 'keep':
      return conversion(from, to)
    case 'pseudonymize':
      return to.kind === 'string' ? pseudonymization(path, from) : null
    case 'hour':
      return truncation(from, to, HOUR_MS)
    case 'day':
      return truncation(from, to, DAY_MS)
    case 'routes':
      if (from.kind !== 'string' || to.kind !== 'string') return null
      return (value) => boxed(Buffer.from(routeOf(bytesOf(value).toString(), verb.patterns)))
    case 'in':
      if (from.kind !== 'string' || to.kind !== 'string') return null
      return (value) => (verb.values.has(bytesOf(value).toString()) ? value : null)
  }
}

function pseudonymization(path: Path, from: SchemaNode): ApplyVerb | null {
  const canonical = canonicalValue(from)
  if (canonical === null) return null
  return (value, pseudonymize) => {
    if (pseudonymize === null) throw new TypeError(`${path.join('.')} needs a grant's key, and there is none`)
    return boxed(Buffer.from(pseudonymize(path, canonical(value))))
  }
}

/** One byte string for a value, whatever schema version it was written with: an id that became a long stays itself. */
function canonicalValue(from: SchemaNode): ((value: TwinValue) => Buffer) | null {
  switch (from.kind) {
    case 'string':
    case 'bytes':
    case 'fixed':
      return bytesOf
    case 'int':
    case 'long':
      return (value) => Buffer.from(String(value))
    case 'enum':
      return (value) => Buffer.from(from.symbols[indexOf(value)] ?? '')
    default:
      return null
  }
}

/** UTC, rounded down. A time so early that the result is no long any more is null. */
function truncation(from: SchemaNode, to: SchemaNode, unitMs: bigint): ApplyVerb | null {
  const perMs = unitsPerMs(from)
  if (perMs === null || perMs !== unitsPerMs(to)) return null
  const unit = unitMs * perMs
  return (value) => {
    const cut = typeof value === 'bigint' ? floorTo(value, unit) : null
    return cut !== null && isInt64(cut) ? cut : null
  }
}
