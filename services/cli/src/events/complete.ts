import {
  type AvroType,
  branchName,
  isObject,
  type RecordType,
  timestampUnit,
  type UnionType,
  withoutNull,
} from './avro-type.ts'
import { sampleOf } from './sample.ts'
import type { Value } from './value.ts'

/** Something in a written event that does not fit its schema. */
export interface Problem {
  /** Keys and indexes to where it stands. */
  readonly at: readonly (string | number)[]
  /** Sentences without a final full stop. */
  readonly what: string
  readonly mend: string
}

/** `products[0].sku` */
export function problemPath({ at }: Problem): string {
  return at.map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`)).join('')
}

/** What becomes of fields that are left out. `sample`: the schema's default, else a plain value. `null`: null. */
export type Missing = 'sample' | 'null'

/**
 * An event as people write it (YAML or JSON) as a value of its type. Timestamps may be ISO 8601 text; a value of a union
 * of several types is written `{Branch: …}`. Nothing is guessed beyond that: what does not fit goes to `problems`, and
 * null stands in its place.
 */
export function complete(type: AvroType, written: unknown, missing: Missing, problems: Problem[]): Value {
  return new Completion(missing, problems).value(type, written, [])
}

class Completion {
  readonly #missing: Missing
  readonly #problems: Problem[]

  constructor(missing: Missing, problems: Problem[]) {
    this.#missing = missing
    this.#problems = problems
  }

  value(type: AvroType, written: unknown, at: Problem['at']): Value {
    switch (type.kind) {
      case 'null':
        return written === null ? null : this.#wrong(at, 'null', written)
      case 'boolean':
        return typeof written === 'boolean' ? written : this.#wrong(at, 'true or false', written)
      case 'int':
      case 'long':
        return this.#integer(type, written, at)
      case 'float':
      case 'double':
        if (typeof written === 'bigint') return Number(written)
        return typeof written === 'number' ? written : this.#wrong(at, 'a number', written)
      case 'string':
        return typeof written === 'string' ? written : this.#wrong(at, 'text', written)
      case 'bytes':
      case 'fixed':
        return this.#bytes(type, written, at)
      case 'enum':
        if (typeof written === 'string' && type.symbols.includes(written)) return written
        return this.#wrong(at, `one of ${type.symbols.join(', ')}`, written)
      case 'array':
        if (!Array.isArray(written)) return this.#wrong(at, 'a list', written)
        return written.map((item, i) => this.value(type.items, item, [...at, i]))
      case 'map': {
        if (!isObject(written)) return this.#wrong(at, 'keys and values', written)
        const entries = Object.entries(written).map(
          ([key, item]) => [key, this.value(type.values, item, [...at, key])] as const,
        )
        return { is: 'map', entries: new Map(entries) }
      }
      case 'record':
        return this.#record(type, written, at)
      case 'union':
        return this.#union(type, written, at)
    }
  }

  #record(type: RecordType, written: unknown, at: Problem['at']): Value {
    if (!isObject(written)) return this.#wrong(at, 'fields and values', written)
    const names = type.fields.map((field) => field.name)
    for (const key of Object.keys(written)) {
      if (names.includes(key)) continue
      const like = names.find((name) => name.toLowerCase() === key.toLowerCase())
      const mend = like === undefined ? `Fields are: ${names.join(', ')}` : `Did you mean ${like}?`
      this.#problems.push({ at: [...at, key], what: `there is no field "${key}"`, mend })
    }
    const fields = type.fields.map((field) => {
      if (Object.hasOwn(written, field.name)) {
        return [field.name, this.value(field.type, written[field.name], [...at, field.name])] as const
      }
      return [field.name, this.#missing === 'null' ? null : sampleOf(field, 'plain')] as const
    })
    return { is: 'record', fields: new Map(fields) }
  }

  #union(union: UnionType, written: unknown, at: Problem['at']): Value {
    const { type, nullable } = withoutNull(union)
    if (written === null && nullable) return null
    if (type.kind !== 'union') return this.value(type, written, at)
    const names = type.branches.filter((branch) => branch.kind !== 'null').map(branchName)
    const [key, more] = isObject(written) ? Object.keys(written) : []
    if (isObject(written) && key !== undefined && more === undefined) {
      const branch = type.branches.findIndex((one) => branchName(one) === key)
      const chosen = type.branches[branch]
      if (chosen !== undefined) return { is: 'union', branch, value: this.value(chosen, written[key], [...at, key]) }
    }
    const plain = type.branches.findIndex((one) => fitsPlainly(one, written))
    const chosen = type.branches[plain]
    if (chosen !== undefined) return { is: 'union', branch: plain, value: this.value(chosen, written, at) }
    return this.#wrong(at, `one of ${names.map((name) => `{${name}: …}`).join(', ')}`, written)
  }

  #integer(type: AvroType, written: unknown, at: Problem['at']): Value {
    const unit = timestampUnit(type)
    if (unit !== null && typeof written === 'string') {
      const ms = /^\d{4}-\d{2}-\d{2}/.test(written) ? Date.parse(written) : Number.NaN
      if (!Number.isNaN(ms)) return BigInt(ms) * (unit === 'micros' ? 1000n : 1n)
      return this.#wrong(at, 'a time such as 2026-01-15T10:20:30Z', written)
    }
    const whole = typeof written === 'number' && Number.isSafeInteger(written) ? BigInt(written) : written
    const bits = type.kind === 'int' ? 32 : 64
    if (typeof whole !== 'bigint' || BigInt.asIntN(bits, whole) !== whole) {
      return this.#wrong(at, unit === null ? 'a whole number' : 'a time such as 2026-01-15T10:20:30Z', written)
    }
    return type.kind === 'int' ? Number(whole) : whole
  }

  /** Avro's own way of writing bytes in JSON: one character a byte (U+0000 to U+00FF). */
  #bytes(type: AvroType, written: unknown, at: Problem['at']): Value {
    if (typeof written !== 'string' || ![...written].every((one) => one.charCodeAt(0) <= 0xff)) {
      return this.#wrong(at, 'bytes, one character each', written)
    }
    const bytes = Buffer.from(written, 'latin1')
    if (type.kind === 'fixed' && bytes.length !== type.size) return this.#wrong(at, `${type.size} bytes`, written)
    return bytes
  }

  #wrong(at: Problem['at'], wanted: string, written: unknown): null {
    const what = written === undefined ? 'nothing is written' : `${short(written)} is written`
    this.#problems.push({ at, what, mend: `Write ${wanted}` })
    return null
  }
}

/** Branches that a plain value can only mean itself: text for a string, a number for a number. */
function fitsPlainly(type: AvroType, written: unknown): boolean {
  switch (type.kind) {
    case 'string':
      return typeof written === 'string'
    case 'boolean':
      return typeof written === 'boolean'
    case 'int':
    case 'long':
      return typeof written === 'bigint' || Number.isSafeInteger(written)
    case 'float':
    case 'double':
      return typeof written === 'number' || typeof written === 'bigint'
    case 'array':
      return Array.isArray(written)
    default:
      return false
  }
}

const LONGEST = 60

function short(written: unknown): string {
  const text = JSON.stringify(written, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? 'nothing'
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}
