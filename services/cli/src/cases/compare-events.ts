import { type AvroType, withoutNull } from '../events/avro-type.ts'
import { plain } from '../events/plain.ts'
import { isPart, type Value } from '../events/value.ts'
import { SOME_PSEUDONYM } from './pass-event.ts'

/** How a case writes a pseudonym, whichever it is. */
const PSEUDONYM_WORD = 'pseudonym'

export interface Difference {
  /** `products[0].sku`; empty: the event as a whole. */
  readonly path: string
  /** As a case writes them. */
  readonly expected: unknown
  readonly actual: unknown
}

/** Where two events of one clean schema differ. Exact: null, an empty list and a record of nulls are three things. */
export function compareEvents(union: AvroType, expected: Value, actual: Value, path = ''): Difference[] {
  const { type } = withoutNull(union)
  if (expected === null || actual === null) {
    return expected === actual ? [] : [difference(type, expected, actual, path)]
  }
  if (type.kind === 'record' && isPart(expected, 'record') && isPart(actual, 'record')) {
    return type.fields.flatMap(({ name, type: field }) => {
      const below = path === '' ? name : `${path}.${name}`
      return compareEvents(field, expected.fields.get(name) ?? null, actual.fields.get(name) ?? null, below)
    })
  }
  if (type.kind === 'array' && Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return [difference(type, expected, actual, path)]
    return expected.flatMap((item, i) => compareEvents(type.items, item, actual[i] ?? null, `${path}[${i}]`))
  }
  if (type.kind === 'map' && isPart(expected, 'map') && isPart(actual, 'map')) {
    const [a, b] = [expected.entries, actual.entries]
    if (a.size !== b.size || [...a.keys()].some((key) => !b.has(key))) return [difference(type, expected, actual, path)]
    return [...a].flatMap(([key, item]) => compareEvents(type.values, item, b.get(key) ?? null, `${path}{${key}}`))
  }
  return sameLeaf(expected, actual) ? [] : [difference(type, expected, actual, path)]
}

function sameLeaf(expected: Value, actual: Value): boolean {
  if (expected === PSEUDONYM_WORD || actual === SOME_PSEUDONYM) {
    return expected === PSEUDONYM_WORD && actual === SOME_PSEUDONYM
  }
  if (Buffer.isBuffer(expected) && Buffer.isBuffer(actual)) return expected.equals(actual)
  return expected === actual || (Number.isNaN(expected) && Number.isNaN(actual))
}

function difference(type: AvroType, expected: Value, actual: Value, path: string): Difference {
  return { path, expected: plain(type, expected), actual: withPseudonyms(plain(type, actual), expected) }
}

/** A pseudonym as the word for it; the word itself as a value is told apart. */
export function withPseudonyms(written: unknown, expected: Value = null): unknown {
  if (written === SOME_PSEUDONYM) return PSEUDONYM_WORD
  if (written === PSEUDONYM_WORD && expected === PSEUDONYM_WORD) return 'the text "pseudonym" itself'
  if (Array.isArray(written)) return written.map((item) => withPseudonyms(item))
  if (typeof written !== 'object' || written === null) return written
  return Object.fromEntries(Object.entries(written).map(([key, item]) => [key, withPseudonyms(item)]))
}
