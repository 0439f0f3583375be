import type { Node } from '../avro/node.ts'
import type { Value } from '../avro/values.ts'
import type { Verb } from '../contract/verb.ts'
import { networkOf } from './networks.ts'
import { cutTime, unitsPerMs } from './times.ts'
import { familyOf } from './user-agents.ts'

/** What a verb makes of a value that is not null: null, or a value of the clean type. */
export type Change = (value: Value) => Value

/** Null: the verb can't turn the writer's type into the clean one, and its records are quarantined. */
export function changeBy(verb: Exclude<Verb, { kind: 'pseudonymize' }>, from: Node, to: Node): Change | null {
  switch (verb.kind) {
    case 'keep':
      return kept(from, to)
    case 'hour':
    case 'day':
    case 'month':
      return cutTime(from, to, verb.kind)
    case 'set':
      return constant(to, verb.constant)
    case 'decimals':
      return decimals(from, to, verb.count)
    case 'bucket':
      return bucket(from, to, verb.bounds)
    case 'prefix':
      return ofText(from, to, (text) => networkOf(text, verb.v4, verb.v6))
    case 'family':
      return ofText(from, to, familyOf)
    case 'host':
      return ofText(from, to, hostOf)
    case 'first':
      return ofText(from, to, (text) => [...text].slice(0, verb.count).join(''))
    case 'routes':
      return ofText(from, to, (text) => verb.patterns.find((pattern) => fits(pattern, text)) ?? '(other)')
    case 'in':
      return ofText(from, to, (text) => (verb.values.has(text) ? text : null))
  }
}

/** The bytes of a value that its pseudonym is made of; null for a type that has none. */
export function canonicalOf(from: Node): ((value: Value) => Buffer) | null {
  switch (from.kind) {
    case 'string':
    case 'bytes':
    case 'fixed':
      return (value) => value as Buffer
    case 'int':
    case 'long':
      return (value) => Buffer.from(String(value))
    case 'enum':
      return (value) => Buffer.from(from.symbols[value as number] ?? '')
    default:
      return null
  }
}

function ofText(from: Node, to: Node, change: (text: string) => string | null): Change | null {
  if (from.kind !== 'string' || to.kind !== 'string') return null
  return (value) => {
    const text = change((value as Buffer).toString('utf8'))
    return text === null ? null : Buffer.from(text, 'utf8')
  }
}

/** The same type as it is; a narrower one widened as Avro does. */
function kept(from: Node, to: Node): Change | null {
  if (from.kind === 'enum' && to.kind === 'enum') {
    const indexes = from.symbols.map((symbol) =>
      to.symbols.includes(symbol) ? to.symbols.indexOf(symbol) : to.byDefault,
    )
    return (value) => {
      const index = indexes[value as number] ?? -1
      return index < 0 ? null : index
    }
  }
  if (from.kind === 'fixed' || to.kind === 'fixed') {
    return from.kind === 'fixed' && to.kind === 'fixed' && from.size === to.size ? (value) => value : null
  }
  if (unitsPerMs(from) !== unitsPerMs(to)) return null
  if (from.kind === to.kind) return 'fields' in from || 'items' in from || 'values' in from ? null : (value) => value
  switch (`${from.kind} ${to.kind}`) {
    case 'int long':
      return (value) => BigInt(value as number)
    case 'int float':
    case 'long float':
      return (value) => float(Number(value))
    case 'int double':
    case 'long double':
      return (value) => double(Number(value))
    case 'float double':
      return (value) => double((value as Buffer).readFloatLE())
    case 'string bytes':
      return (value) => value
    default:
      return null
  }
}

function decimals(from: Node, to: Node, digits: number): Change | null {
  if (from.kind !== 'float' && from.kind !== 'double') return null
  if (to.kind !== 'double' && !(to.kind === 'float' && from.kind === 'float')) return null
  const put = to.kind === 'float' ? float : double
  return (value) => {
    const number = numberOf(from, value) as number
    if (!Number.isFinite(number)) return null
    return put(cutDigits(shortest(number, from.kind === 'float'), digits))
  }
}

/** Toward zero, of the number as people see it; what is cut to nothing is +0. */
function cutDigits(text: string, digits: number): number {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:e([+-]\d+))?$/.exec(text) ?? []
  const point = whole.length + Number(exponent)
  const kept = (whole + fraction).slice(0, Math.max(0, point + digits))
  const cut = kept === '' ? 0 : Number(`${sign}${kept}e${point - kept.length}`)
  return cut === 0 ? 0 : cut
}

function shortest(value: number, isFloat: boolean): string {
  if (!isFloat) return String(value)
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return text
  }
  return value.toPrecision(9)
}

/** The greatest bound that is reached. A bound for a float is rounded to one before it is compared. */
function bucket(from: Node, to: Node, bounds: readonly number[]): Change | null {
  const put = numberPut(to)
  if (put === null || !isNumber(from)) return null
  const clean = bounds.map(put)
  if (clean.includes(null)) return null
  return (value) => {
    const number = numberOf(from, value)
    const reached = bounds.findLastIndex((bound) => number >= (from.kind === 'float' ? Math.fround(bound) : bound))
    return clean[reached] ?? null
  }
}

function constant(to: Node, text: string): Change | null {
  const value = constantOf(to, text)
  return value === null ? null : () => value
}

function constantOf(to: Node, text: string): Value {
  if (to.kind === 'string') return Buffer.from(text)
  if (to.kind === 'boolean') return text === 'true'
  if (to.kind === 'enum') return to.symbols.includes(text) ? to.symbols.indexOf(text) : null
  return numberPut(to)?.(Number(text)) ?? null
}

/** Whether a value is one of the constants of a condition. */
export function isOneOf(node: Node, constants: readonly (string | number | boolean)[]): (value: Value) => boolean {
  return (value) =>
    constants.some((wanted) => {
      switch (node.kind) {
        case 'string':
          return typeof wanted === 'string' && (value as Buffer).equals(Buffer.from(wanted))
        case 'enum':
          return typeof wanted === 'string' && node.symbols[value as number] === wanted
        case 'boolean':
          return value === wanted
        default:
          if (!isNumber(node) || typeof wanted !== 'number') return false
          // Loosely, since a long is a bigint.
          return Number(wanted) === Number(numberOf(node, value)) && (node.kind !== 'long' || BigInt(wanted) === value)
      }
    })
}

function isNumber(node: Node): boolean {
  return node.kind === 'int' || node.kind === 'long' || node.kind === 'float' || node.kind === 'double'
}

function numberOf(node: Node, value: Value): number | bigint {
  if (node.kind === 'float') return (value as Buffer).readFloatLE()
  if (node.kind === 'double') return (value as Buffer).readDoubleLE()
  return value as number | bigint
}

function numberPut(node: Node): ((value: number) => Value) | null {
  switch (node.kind) {
    case 'int':
      return (value) => (Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31 ? value : null)
    case 'long':
      return (value) => (Number.isInteger(value) ? BigInt(value) : null)
    case 'float':
      return float
    case 'double':
      return double
    default:
      return null
  }
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

const SITES: ReadonlySet<string> = new Set(['http:', 'https:', 'ws:', 'wss:', 'ftp:'])
const LONGEST_HOST = 255

function hostOf(text: string): string | null {
  const written = /^[^:]*:[/\\\t\r\n]*([^/\\?#]*)/.exec(text)?.[1] ?? ''
  if (written.slice(written.lastIndexOf('@') + 1).length > LONGEST_HOST) return null
  const url = URL.parse(text)
  if (url === null || url.hostname === '' || !SITES.has(url.protocol)) return null
  return url.hostname
}

/** `:name` stands for one part that is not empty, everything else for itself; from `?` or `#` on nothing counts. */
function fits(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const parts = path.replace(/[?#].*$/s, '').split('/')
  return (
    wanted.length === parts.length &&
    wanted.every((part, i) => (part.startsWith(':') ? parts[i] !== '' : part === parts[i]))
  )
}
