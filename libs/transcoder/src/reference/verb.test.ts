import type { Verb } from '@weir/contracts'
import { describe, expect, test } from 'vitest'
import { boxed, bytesOf, type TwinValue } from './avro-twin.ts'
import { routeOf } from './route.ts'
import { readSchema } from './schema-node.ts'
import { compileVerb } from './verb.ts'

const MILLIS = { type: 'long', logicalType: 'timestamp-millis' }
const MICROS = { type: 'long', logicalType: 'timestamp-micros' }

function apply(verb: Verb, from: unknown, to: unknown, value: TwinValue): TwinValue {
  const compiled = compileVerb(verb, ['x'], readSchema(from), readSchema(to))
  if (compiled === null) throw new Error('not for these types')
  return compiled(value, (path, bytes) => `${path.join('.')}=${Buffer.from(bytes).toString()}`)
}

const textOf = (value: TwinValue): string => bytesOf(value).toString()

describe('hour and day', () => {
  const at = BigInt(Date.UTC(2024, 1, 29, 13, 59, 59, 999))

  test('cut down in UTC', () => {
    expect(apply({ kind: 'hour' }, MILLIS, MILLIS, at)).toBe(BigInt(Date.UTC(2024, 1, 29, 13)))
    expect(apply({ kind: 'day' }, MILLIS, MILLIS, at)).toBe(BigInt(Date.UTC(2024, 1, 29)))
    expect(apply({ kind: 'hour' }, MICROS, MICROS, at * 1000n + 999n)).toBe(BigInt(Date.UTC(2024, 1, 29, 13)) * 1000n)
  })

  test('cut downwards before 1970 too', () => {
    expect(apply({ kind: 'hour' }, MILLIS, MILLIS, -1n)).toBe(BigInt(Date.UTC(1969, 11, 31, 23)))
    expect(apply({ kind: 'day' }, MICROS, MICROS, -1n)).toBe(BigInt(Date.UTC(1969, 11, 31)) * 1000n)
    expect(apply({ kind: 'day' }, MILLIS, MILLIS, -86_400_000n)).toBe(-86_400_000n)
  })

  test('give null for a time that lies too early to be cut', () => {
    expect(apply({ kind: 'day' }, MILLIS, MILLIS, -(2n ** 63n))).toBeNull()
  })

  test('are for timestamps only', () => {
    expect(() => apply({ kind: 'hour' }, 'long', 'long', 1n)).toThrow('not for these types')
    expect(() => apply({ kind: 'hour' }, MILLIS, MICROS, 1n)).toThrow('not for these types')
  })
})

describe('in', () => {
  const verb: Verb = { kind: 'in', file: 'list.txt', values: new Set(['größe 42']) }

  test('passes a listed value and nothing like it', () => {
    expect(textOf(apply(verb, 'string', 'string', boxed(Buffer.from('größe 42'))))).toBe('größe 42')
    expect(apply(verb, 'string', 'string', boxed(Buffer.from('größe 42 ')))).toBeNull()
    expect(apply(verb, 'string', 'string', boxed(Buffer.from('Größe 42')))).toBeNull()
  })
})

describe('pseudonymize', () => {
  const verb: Verb = { kind: 'pseudonymize' }

  test.each<[string, unknown, TwinValue, string]>([
    ['text', 'string', boxed(Buffer.from('é')), 'x=é'],
    ['a long beyond 2^53', 'long', 9_007_199_254_740_993n, 'x=9007199254740993'],
    ['an int', 'int', -7, 'x=-7'],
    ['a symbol', { type: 'enum', name: 'E', symbols: ['a', 'b'] }, boxed(1), 'x=b'],
    ['fixed bytes', { type: 'fixed', name: 'F', size: 2 }, Buffer.from('hi'), 'x=hi'],
  ])('is given the canonical bytes of %s', (_what, from, value, expected) => {
    expect(textOf(apply(verb, from, 'string', value))).toBe(expected)
  })

  test('is not for numbers with fractions or for truth values', () => {
    expect(() => apply(verb, 'double', 'string', Buffer.alloc(8))).toThrow('not for these types')
    expect(() => apply(verb, 'boolean', 'string', true)).toThrow('not for these types')
  })
})

describe('keep', () => {
  test('widens numbers, and refuses what would narrow them', () => {
    const keep: Verb = { kind: 'keep' }
    expect(apply(keep, 'int', 'long', -3)).toBe(-3n)
    expect(bytesOf(apply(keep, 'long', 'double', 5n)).readDoubleLE()).toBe(5)
    expect(() => apply(keep, 'long', 'int', 5n)).toThrow('not for these types')
    expect(() => apply(keep, 'string', 'long', boxed(Buffer.of()))).toThrow('not for these types')
  })
})

describe('routes', () => {
  const patterns = ['/p/:sku', '/p/:sku/reviews', '/', '/p/new']

  test.each([
    ['/p/17', '/p/:sku'],
    ['/p/new', '/p/:sku'],
    ['/p/17?token=secret', '/p/:sku'],
    ['/p/17#/p/17/reviews', '/p/:sku'],
    ['/p/17/reviews?x=/y', '/p/:sku/reviews'],
    ['/', '/'],
    ['/p/', '(other)'],
    ['/p/17/', '(other)'],
    ['/P/17', '(other)'],
    ['p/17', '(other)'],
    ['', '(other)'],
    ['/secret/17', '(other)'],
    ['/p/:sku/x', '(other)'],
  ])('turns %s into %s', (path, route) => {
    expect(routeOf(path, patterns)).toBe(route)
  })
})
