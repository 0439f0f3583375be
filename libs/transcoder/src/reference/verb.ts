import { type Path, pathText, type Verb } from '@weir/contracts'
import type { SchemaNode } from '../schema/schema-node.ts'
import { cutDecimals } from '../verbs/decimals.ts'
import { firstCharacters } from '../verbs/first-characters.ts'
import { networkOf } from '../verbs/ip-prefix.ts'
import { routeOf } from '../verbs/route.ts'
import { hostOf } from '../verbs/url-host.ts'
import { familyOf } from '../verbs/user-agent-family.ts'
import { boxed, bytesOf, indexOf, type TwinValue } from './avro-twin.ts'
import { bucketing } from './bucket.ts'
import { truncation } from './calendar.ts'
import { constantIn } from './constant.ts'
import { conversion } from './conversion.ts'
import { numberIn, numberOf } from './numbers.ts'
import type { Pseudonymize } from './port.ts'

/** What a verb makes of a leaf's value, which is not null; the result is null or a value of the clean type. */
export type ApplyVerb = (value: TwinValue, pseudonymize: Pseudonymize | null) => TwinValue

/**
 * The exact meaning of each verb is in this library's README.
 * @returns null when the verb can't turn the writer's type into the clean one: the writer schema is unusable for it
 */
export function compileVerb(verb: Verb, path: Path, from: SchemaNode, to: SchemaNode): ApplyVerb | null {
  switch (verb.kind) {
    case 'keep':
      return conversion(from, to)
    case 'pseudonymize':
      return to.kind === 'string' ? pseudonymization(path, from) : null
    case 'hour':
    case 'day':
    case 'month':
      return truncation(from, to, verb.kind)
    case 'prefix':
      return ofText(from, to, (text) => networkOf(text, verb.v4, verb.v6))
    case 'decimals':
      return decimals(from, to, verb.digits)
    case 'bucket':
      return bucketing(from, to, verb.bounds)
    case 'family':
      return ofText(from, to, familyOf)
    case 'host':
      return ofText(from, to, hostOf)
    case 'first':
      if (from.kind !== 'string' || to.kind !== 'string') return null
      return (value) => boxed(firstCharacters(bytesOf(value), verb.characters))
    case 'routes':
      return ofText(from, to, (text) => routeOf(text, verb.patterns))
    case 'in':
      return ofText(from, to, (text) => (verb.values.has(text) ? text : null))
    case 'set': {
      const constant = constantIn(to, verb.constant)
      return constant === null ? null : () => constant
    }
  }
}

function ofText(from: SchemaNode, to: SchemaNode, change: (text: string) => string | null): ApplyVerb | null {
  if (from.kind !== 'string' || to.kind !== 'string') return null
  return (value) => {
    const text = change(bytesOf(value).toString())
    return text === null ? null : boxed(Buffer.from(text))
  }
}

function decimals(from: SchemaNode, to: SchemaNode, digits: number): ApplyVerb | null {
  if ((from.kind !== 'float' && from.kind !== 'double') || (to.kind !== 'float' && to.kind !== 'double')) return null
  const { kind } = from
  const target = to.kind
  if (kind === 'double' && target === 'float') return null
  return (value) => {
    const cut = cutDecimals(Number(numberOf(kind, value)), digits, kind === 'float')
    return cut === null ? null : numberIn(target, cut)
  }
}

function pseudonymization(path: Path, from: SchemaNode): ApplyVerb | null {
  const canonical = canonicalValue(from)
  if (canonical === null) return null
  return (value, pseudonymize) => {
    if (pseudonymize === null) throw new TypeError(`${pathText(path)} needs a grant's key, and there is none`)
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
