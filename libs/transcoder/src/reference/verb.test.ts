import type { Constant, Verb } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSchema } from '../schema/schema-node.ts'
import { routeOf } from '../verbs/route.ts'
import { boxed, bytesOf, type TwinValue } from './avro-twin.ts'
import { compileVerb } from './verb.ts'

const MILLIS = { type: 'long', logicalType: 'timestamp-millis' }
const MICROS = { type: 'long', logicalType: 'timestamp-micros' }
const NANOS = { type: 'long', logicalType: 'timestamp-nanos' }
const LOCAL = { type: 'long', logicalType: 'local-timestamp-millis' }
const DATE = { type: 'int', logicalType: 'date' }

function apply(verb: Verb, from: unknown, to: unknown, value: TwinValue): TwinValue {
  const compiled = compileVerb(verb, ['x'], readSchema(from), readSchema(to))
  if (compiled === null) throw new Error('not for these types')
  return compiled(value, (path, bytes) => `${path.join('.')}=${Buffer.from(bytes).toString()}`)
}

const text = (value: string): TwinValue => boxed(Buffer.from(value))

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return bytes
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return bytes
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
    expect(() => apply({ kind: 'hour' }, DATE, DATE, 1)).toThrow('not for these types')
  })

  test('take a leap second as the second it is written as', () => {
    // 2016-12-31T23:59:60Z has the Unix time of the second after it; smeared clocks put it before.
    const after = BigInt(Date.UTC(2017, 0, 1))
    expect(apply({ kind: 'day' }, MILLIS, MILLIS, after)).toBe(after)
    expect(apply({ kind: 'day' }, MILLIS, MILLIS, after - 1n)).toBe(BigInt(Date.UTC(2016, 11, 31)))
    expect(apply({ kind: 'month' }, MILLIS, MILLIS, after - 1n)).toBe(BigInt(Date.UTC(2016, 11)))
  })

  test('cut nanoseconds, and local times by their own clock', () => {
    expect(apply({ kind: 'hour' }, NANOS, NANOS, at * 1_000_000n + 1n)).toBe(
      BigInt(Date.UTC(2024, 1, 29, 13)) * 1_000_000n,
    )
    expect(apply({ kind: 'day' }, LOCAL, LOCAL, at)).toBe(BigInt(Date.UTC(2024, 1, 29)))
  })

  test('leave a date as it is, since it is a day', () => {
    expect(apply({ kind: 'day' }, DATE, DATE, -1)).toBe(-1)
  })
})

describe('month', () => {
  const month: Verb = { kind: 'month' }
  const dayOf = (year: number, monthIndex: number, day: number) => Date.UTC(year, monthIndex, day) / 86_400_000

  test.each([
    [2024, 1, 29],
    [2024, 1, 1],
    [2023, 1, 28],
    [2000, 1, 29],
    [1900, 1, 28],
    [1900, 2, 1],
    [1969, 11, 31],
    [1970, 0, 1],
    [2026, 11, 31],
    [1601, 0, 31],
  ])('of %i-%i-%i is its first day', (year, monthIndex, day) => {
    const first = dayOf(year, monthIndex, 1)
    expect(apply(month, DATE, DATE, dayOf(year, monthIndex, day))).toBe(first)
    const noon = BigInt(Date.UTC(year, monthIndex, day, 12))
    expect(apply(month, MILLIS, MILLIS, noon)).toBe(BigInt(first) * 86_400_000n)
    expect(apply(month, MICROS, MICROS, noon * 1000n)).toBe(BigInt(first) * 86_400_000_000n)
  })

  test('agrees with Date on every day that Date knows', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (day) => {
        const date = new Date(day * 86_400_000)
        const first = day - date.getUTCDate() + 1
        expect(apply(month, DATE, DATE, day)).toBe(first)
      }),
      { numRuns: 2000 },
    )
  })

  test('goes on beyond the days that Date knows, and is null where the result does not fit', () => {
    const last = apply(month, MILLIS, MILLIS, 2n ** 63n - 1n)
    expect(typeof last === 'bigint' && last % 86_400_000n).toBe(0n)
    expect(2n ** 63n - 1n - (last as bigint)).toBeLessThan(31n * 86_400_000n)
    expect(apply(month, MILLIS, MILLIS, -(2n ** 63n))).toBeNull()
    expect(apply(month, DATE, DATE, -(2 ** 31))).toBeNull()
  })
})

describe('prefix, host and family', () => {
  test('are for text, and null where there is none of it', () => {
    expect(textOf(apply({ kind: 'prefix', v4: 24, v6: 48 }, 'string', 'string', text('203.0.113.9')))).toBe(
      '203.0.113.0/24',
    )
    expect(apply({ kind: 'prefix', v4: 24, v6: 48 }, 'string', 'string', text('anna'))).toBeNull()
    expect(textOf(apply({ kind: 'family' }, 'string', 'string', text('anna')))).toBe('(other)')
    expect(() => apply({ kind: 'host' }, 'bytes', 'string', text(''))).toThrow('not for these types')
    expect(() => apply({ kind: 'prefix', v4: 24, v6: 48 }, 'bytes', 'string', text(''))).toThrow('not for these types')
  })

  test.each<[string, string | null]>([
    ['https://shop.example/p/17?q=secret#top', 'shop.example'],
    ['HTTPS://anna:secret@Shop.Example:8443/', 'shop.example'],
    ['https://größe.example/', 'xn--gre-6ka8i.example'],
    ['http://203.0.113.9/', '203.0.113.9'],
    ['http://0xcb.0.0x71.9/', '203.0.113.9'],
    ['http://[2001:DB8::1]:80/', '[2001:db8::1]'],
    ['android-app://com.example.shop/', null],
    ['tel://+4712345678', null],
    ['myapp://user-4711/orders', null],
    ['wss://live.example/feed', 'live.example'],
    ['  https://shop.example  ', 'shop.example'],
    ['mailto:anna@mail.example', null],
    ['data:text/plain,anna', null],
    ['file:///home/anna', null],
    ['about:blank', null],
    ['/p/17', null],
    ['//shop.example/p', null],
    ['shop.example', null],
    ['https://', null],
    ['https://shop example/', null],
    ['https://shop.example:99999/', null],
    ['', null],
  ])('the host of %s is %s', (url, host) => {
    const found = apply({ kind: 'host' }, 'string', 'string', text(url))
    expect(found === null ? null : textOf(found)).toBe(host)
  })
})

describe('first', () => {
  test.each([
    ['größe', 3, 'grö'],
    ['größe', 9, 'größe'],
    ['größe', 5, 'größe'],
    ['', 2, ''],
    ['👩‍👩‍👧', 1, '👩'],
    ['a👍b', 2, 'a👍'],
    ['e\u0301a', 1, 'e'],
    ['\uFEFFab', 2, '\uFEFFa'],
    ['\u0000ab', 2, '\u0000a'],
    ['𝒳𝒴', 1, '𝒳'],
  ])('of %s, %i characters, are %s', (whole, characters, first) => {
    expect(textOf(apply({ kind: 'first', characters }, 'string', 'string', text(whole)))).toBe(first)
  })

  test('are those that iterating over the text gives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 20 }), (whole, characters) => {
        const first = textOf(apply({ kind: 'first', characters }, 'string', 'string', text(whole)))
        expect(first).toBe([...whole].slice(0, characters).join(''))
      }),
    )
  })
})

describe('decimals', () => {
  const verb: Verb = { kind: 'decimals', digits: 2 }

  test('keep the type, or widen a float', () => {
    expect(apply(verb, 'double', 'double', double(9.999))).toEqual(double(9.99))
    expect(apply(verb, 'float', 'float', float(0.29))).toEqual(float(0.29))
    expect(apply(verb, 'float', 'double', float(0.299))).toEqual(double(0.29))
    expect(() => apply(verb, 'double', 'float', double(1))).toThrow('not for these types')
    expect(() => apply(verb, 'long', 'long', 1n)).toThrow('not for these types')
  })

  test('give null for what has no digits, whatever bits a NaN hides', () => {
    expect(apply(verb, 'double', 'double', Buffer.from('010000000000f47f', 'hex'))).toBeNull()
    expect(apply(verb, 'float', 'float', float(Number.NEGATIVE_INFINITY))).toBeNull()
  })
})

describe('bucket', () => {
  const verb: Verb = { kind: 'bucket', bounds: [0, 10, 100] }

  test.each<[string, TwinValue, TwinValue]>([
    ['long', 9n, 0n],
    ['long', 10n, 10n],
    ['long', 2n ** 63n - 1n, 100n],
    ['long', -1n, null],
    ['long', -(2n ** 63n), null],
    ['int', 99, 10],
    ['int', -7, null],
    ['double', double(9.999999), double(0)],
    ['double', double(-0), double(0)],
    ['double', double(-5e-324), null],
    ['double', double(Number.POSITIVE_INFINITY), double(100)],
    ['double', double(Number.NEGATIVE_INFINITY), null],
    ['double', double(Number.NaN), null],
    ['float', float(100.5), float(100)],
    ['float', float(Number.NaN), null],
  ])('of a %s %s is %s', (type, value, bound) => {
    expect(apply(verb, type, type, value)).toEqual(bound)
  })

  test('of a float reaches a bound that reads like it', () => {
    const tenths: Verb = { kind: 'bucket', bounds: [0.3, 0.7] }
    expect(apply(tenths, 'float', 'float', float(0.7))).toEqual(float(0.7))
    expect(apply(tenths, 'float', 'double', float(0.7))).toEqual(double(0.7))
  })

  test('is exact beyond 2^53', () => {
    const huge: Verb = { kind: 'bucket', bounds: [2 ** 53] }
    expect(apply(huge, 'long', 'long', 2n ** 53n - 1n)).toBeNull()
    expect(apply(huge, 'long', 'long', 2n ** 53n + 1n)).toBe(2n ** 53n)
  })

  test('is not for text, nor for bounds that the clean type cannot hold', () => {
    expect(() => apply(verb, 'string', 'string', text('1'))).toThrow('not for these types')
    expect(() => apply({ kind: 'bucket', bounds: [0.5] }, 'long', 'long', 1n)).toThrow('not for these types')
    expect(() => apply({ kind: 'bucket', bounds: [2 ** 31] }, 'long', 'int', 1n)).toThrow('not for these types')
  })
})

describe('set', () => {
  test.each<[Constant, unknown, TwinValue]>([
    ['yes', 'string', text('yes')],
    ['', 'string', text('')],
    [true, 'boolean', true],
    [false, 'boolean', false],
    [7, 'int', 7],
    [-0, 'int', 0],
    [7, 'long', 7n],
    [7.5, 'double', double(7.5)],
    ['b', { type: 'enum', name: 'E', symbols: ['a', 'b'] }, boxed(1)],
  ])('writes %j as %j, whatever the leaf holds', (constant, type, written) => {
    const verb: Verb = { kind: 'set', constant }
    for (const [from, value] of [
      ['string', text('x')],
      ['boolean', false],
      ['long', 9n],
    ] as const) {
      expect(apply(verb, from, type, value)).toEqual(written)
    }
  })

  test.each<[Constant, unknown]>([
    ['yes', 'boolean'],
    [1, 'string'],
    [1.5, 'long'],
    [2 ** 31, 'int'],
    ['c', { type: 'enum', name: 'E', symbols: ['a', 'b'] }],
    ['x', 'bytes'],
  ])('does not write %j as %j', (constant, type) => {
    expect(() => apply({ kind: 'set', constant }, 'string', type, text('x'))).toThrow('not for these types')
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
