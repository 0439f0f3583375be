import type { Branch, Verb } from '@weir/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { double, float, join, long, text } from '../fixtures/avro-bytes.ts'
import { SideBySide } from '../fixtures/side-by-side.ts'

const timestamp = (logicalType: string) => ({ type: 'long', logicalType })
const DATE = { type: 'int', logicalType: 'date' }
const ENUM = { type: 'enum', name: 'E', symbols: ['a', 'é', 'c'] }
const fixed = (size: number) => ({ type: 'fixed', name: 'F', size })

const INTS = [0n, 1n, -1n, 2n, 10n, 11n, 63n, 64n, -64n, -65n, 8_191n, -(2n ** 31n), 2n ** 31n - 1n]
const LONGS = [
  ...INTS,
  ...[31n, 33n, 34n, 48n, 49n, 51n, 52n, 53n, 54n, 62n].flatMap((bit) => [
    2n ** bit - 1n,
    2n ** bit,
    -(2n ** bit),
    1n - 2n ** bit,
  ]),
  1_700_000_123_456n,
  2n ** 63n - 1n,
  -(2n ** 63n),
]
const DOUBLES = [0, -0, 0.29, 0.5, 0.7, -0.04, 2, 10.06, 1e21, 1e300, 5e-324, Number.NaN, Infinity, -Infinity]
const TEXTS = ['', 'a', 'bad', 'bé👍x', 'x'.repeat(63), 'x'.repeat(64), 'ü'.repeat(300), '\ufeffa', '\ufffd']
const PATHS = [
  '/',
  '/p/',
  '/p/1',
  '/p/1/',
  '/p/1?a/b',
  '/p/1#x',
  '/cart',
  '/cartx',
  '/Cart',
  '',
  '/p',
  'p/1',
  '/ü/2/z',
  '/ü//z',
]
const URLS = [
  'https://shop.example/a',
  'https://anna@SHOP.example:8443/b',
  'mailto:a@b.example',
  'no url',
  'http://[2001:db8::1]:1/',
  'http://1',
  'https://xn--a/',
  'https://a.xn--bcher-kva.example/x',
  `http://${'ﷺ'.repeat(40)}.example/`,
  `http://${'bücher.'.repeat(20)}example/`,
]
const IPS = [
  '203.0.113.77',
  '2001:db8:1:2::9',
  '::ffff:203.0.113.9',
  'fe80::1%é',
  '2002:cb00:7109::1',
  '203.0.113.1:80',
  '203.0.113.07',
  '0.0.0.0',
  '',
]
const AGENTS = [
  'Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0',
  'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
  'curl/8.1',
]

/** Verb, the writer's type, the clean type, values in Avro; `unusable` when it can't be done. */
type Case = readonly [verb: Verb, from: unknown, to: unknown, values: readonly Buffer[] | 'unusable']

const KEEP: Verb = { kind: 'keep' }
const PSEUDONYMIZE: Verb = { kind: 'pseudonymize' }
const HOUR: Verb = { kind: 'hour' }
const MONTH: Verb = { kind: 'month' }
const BUCKET: Verb = { kind: 'bucket', bounds: [-5, 0, 0.5, 0.7, 10] }
const WHOLE_BUCKET: Verb = { kind: 'bucket', bounds: [-1_000, 0, 2, 2 ** 53 - 1] }

const CASES: readonly Case[] = [
  [KEEP, 'boolean', 'boolean', [Buffer.of(0), Buffer.of(1)]],
  [KEEP, 'int', 'int', INTS.map((value) => long(value))],
  [KEEP, 'int', 'long', INTS.map((value) => long(value))],
  [KEEP, 'int', 'float', INTS.map((value) => long(value))],
  [KEEP, 'int', 'double', INTS.map((value) => long(value))],
  [KEEP, 'long', 'long', LONGS.map((value) => long(value))],
  [KEEP, 'long', 'float', LONGS.map((value) => long(value))],
  [KEEP, 'long', 'double', LONGS.map((value) => long(value))],
  [KEEP, 'float', 'float', [...DOUBLES.map(float), Buffer.from('0100a07f', 'hex')]],
  [KEEP, 'float', 'double', DOUBLES.map(float)],
  [KEEP, 'double', 'double', [...DOUBLES.map(double), Buffer.from('010000000000f47f', 'hex')]],
  [KEEP, 'string', 'string', TEXTS.map(text)],
  [KEEP, 'string', 'bytes', TEXTS.map(text)],
  [KEEP, 'bytes', 'bytes', TEXTS.map(text)],
  [KEEP, ENUM, ENUM, [0n, 1n, 2n].map((value) => long(value))],
  [
    KEEP,
    ENUM,
    { type: 'enum', name: 'T', symbols: ['c', 'x', 'a'], default: 'x' },
    [0n, 1n, 2n].map((value) => long(value)),
  ],
  [KEEP, ENUM, { type: 'enum', name: 'T', symbols: ['c', 'a'] }, [0n, 1n, 2n].map((value) => long(value))],
  ...[1, 3, 4, 5, 8, 200].map((size): Case => [KEEP, fixed(size), fixed(size), [Buffer.alloc(size, 'fixed')]]),
  [KEEP, fixed(3), fixed(4), 'unusable'],
  [KEEP, 'long', 'int', 'unusable'],
  [KEEP, 'bytes', 'string', 'unusable'],
  [KEEP, 'double', 'float', 'unusable'],
  [KEEP, 'string', ENUM, 'unusable'],
  [KEEP, timestamp('timestamp-millis'), 'long', 'unusable'],
  [KEEP, timestamp('timestamp-millis'), timestamp('timestamp-micros'), 'unusable'],
  [KEEP, { type: 'array', items: 'int' }, 'string', 'unusable'],
  [KEEP, { type: 'record', name: 'R', fields: [] }, 'string', 'unusable'],
  [PSEUDONYMIZE, 'string', 'string', TEXTS.map(text)],
  [PSEUDONYMIZE, 'bytes', 'string', TEXTS.map(text)],
  [PSEUDONYMIZE, 'int', 'string', INTS.map((value) => long(value))],
  [PSEUDONYMIZE, 'long', 'string', LONGS.map((value) => long(value))],
  [PSEUDONYMIZE, fixed(5), 'string', [Buffer.from('fixed')]],
  [PSEUDONYMIZE, ENUM, 'string', [0n, 1n, 2n].map((value) => long(value))],
  [PSEUDONYMIZE, 'double', 'string', 'unusable'],
  [PSEUDONYMIZE, 'string', 'bytes', 'unusable'],
  [{ kind: 'day' }, DATE, DATE, INTS.map((value) => long(value))],
  [MONTH, DATE, DATE, INTS.map((value) => long(value))],
  [HOUR, DATE, DATE, 'unusable'],
  [HOUR, 'long', 'long', 'unusable'],
  [HOUR, timestamp('timestamp-micros'), timestamp('timestamp-millis'), 'unusable'],
  [{ kind: 'prefix', v4: 24, v6: 48 }, 'string', 'string', IPS.map(text)],
  [{ kind: 'prefix', v4: 32, v6: 128 }, 'string', 'string', IPS.map(text)],
  [{ kind: 'prefix', v4: 24, v6: 48 }, 'bytes', 'string', 'unusable'],
  [{ kind: 'decimals', digits: 1 }, 'double', 'double', DOUBLES.map(double)],
  [{ kind: 'decimals', digits: 1 }, 'float', 'double', DOUBLES.map(float)],
  [{ kind: 'decimals', digits: 0 }, 'float', 'float', DOUBLES.map(float)],
  [{ kind: 'decimals', digits: 0 }, 'double', 'float', 'unusable'],
  [BUCKET, 'double', 'double', DOUBLES.map(double)],
  [BUCKET, 'float', 'double', [...DOUBLES, 0.7].map(float)],
  [BUCKET, 'float', 'float', [...DOUBLES, 0.7].map(float)],
  [WHOLE_BUCKET, 'long', 'long', LONGS.map((value) => long(value))],
  [WHOLE_BUCKET, 'int', 'long', INTS.map((value) => long(value))],
  [WHOLE_BUCKET, 'long', 'double', LONGS.map((value) => long(value))],
  [WHOLE_BUCKET, 'string', 'double', 'unusable'],
  [{ kind: 'family' }, 'string', 'string', AGENTS.map(text)],
  [{ kind: 'host' }, 'string', 'string', URLS.map(text)],
  [{ kind: 'first', characters: 2 }, 'string', 'string', TEXTS.map(text)],
  [{ kind: 'first', characters: 100 }, 'string', 'string', TEXTS.map(text)],
  [{ kind: 'routes', patterns: ['/p/:sku', '/cart', '/ü/:a/z', '/'] }, 'string', 'string', PATHS.map(text)],
  [
    { kind: 'in', file: 'f', values: new Set(['', 'a', 'ü'.repeat(300), '\ud800']) },
    'string',
    'string',
    TEXTS.map(text),
  ],
  [{ kind: 'in', file: 'f', values: new Set() }, 'string', 'string', TEXTS.map(text)],
  [{ kind: 'in', file: 'f', values: new Set(['a']) }, ENUM, 'string', 'unusable'],
  [{ kind: 'set', constant: 'said, at length: é' }, 'string', 'string', TEXTS.map(text)],
  [{ kind: 'set', constant: 'c' }, 'bytes', ENUM, TEXTS.map(text)],
  [{ kind: 'set', constant: true }, 'string', 'boolean', TEXTS.map(text)],
  [{ kind: 'set', constant: -7 }, 'string', 'long', TEXTS.map(text)],
  [{ kind: 'set', constant: 1.5 }, 'double', 'float', DOUBLES.map(double)],
]

/** Where a leaf of a type may stand: the writer's place, the clean one, the line's path, and the bytes around a value. */
interface Form {
  readonly from: (type: unknown) => unknown
  readonly to: (type: unknown) => unknown
  readonly path: readonly string[]
  readonly bytes: (value: Buffer) => Buffer
}

const KEY = 'a key'
const nullable = (type: unknown) => ['null', type]

const FORMS: Readonly<Record<string, Form>> = {
  plain: { from: (type) => type, to: nullable, path: ['x'], bytes: (value) => value },
  nullable: { from: nullable, to: nullable, path: ['x'], bytes: (value) => join(long(1n), value) },
  'null as such': { from: nullable, to: nullable, path: ['x'], bytes: () => long(0n) },
  'null last': { from: (type) => [type, 'null'], to: nullable, path: ['x'], bytes: (value) => join(long(0n), value) },
  'a union of one': { from: (type) => [type], to: nullable, path: ['x'], bytes: (value) => join(long(0n), value) },
  'in an array': {
    from: (items) => ({ type: 'array', items }),
    to: (type) => nullable({ type: 'array', items: nullable(type) }),
    path: ['x', '[]'],
    bytes: (value) => join(long(3n), value, value, value, long(0n)),
  },
  'in an array, nullable': {
    from: (type) => nullable({ type: 'array', items: nullable(type) }),
    to: (type) => nullable({ type: 'array', items: nullable(type) }),
    path: ['x', '[]'],
    bytes: (value) => join(long(1n), long(3n), long(1n), value, long(0n), long(1n), value, long(0n)),
  },
  'in a map': {
    from: (values) => ({ type: 'map', values }),
    to: (type) => nullable({ type: 'map', values: nullable(type) }),
    path: ['x', `{${KEY},none}`],
    bytes: (value) => join(long(3n), text(KEY), value, text('other'), value, text(KEY), value, long(0n)),
  },
  'in a record of a union': {
    from: (type) => ['null', 'long', { type: 'record', name: 'View', fields: [{ name: 'y', type }] }],
    to: (type) => nullable(record('Union', 'View', nullable(record('View', 'y', nullable(type))))),
    path: ['x', '<View>', 'y'],
    bytes: (value) => join(long(2n), value),
  },
}

describe('a compiled branch writes as the reference does', () => {
  test.each(
    CASES.map((one): [string, Case] => [
      `${JSON.stringify(one[0])} from ${JSON.stringify(one[1])} to ${JSON.stringify(one[2])}`,
      one,
    ]),
  )('%s', (_, [verb, from, to, values]) => {
    for (const form of Object.values(FORMS)) {
      const both = sideBySide(form, verb, from, to)
      expect(both.isUsable).toBe(values !== 'unusable')
      for (const value of values === 'unusable' ? [Buffer.of(0)] : values) compare(both, form, value)
    }
  })

  test.each([
    'timestamp-millis',
    'timestamp-micros',
    'timestamp-nanos',
    'local-timestamp-millis',
    'local-timestamp-micros',
    'local-timestamp-nanos',
  ])('hours, days and months of %s, in all of 64 bits', (logicalType) => {
    const form = FORMS['plain'] as Form
    for (const kind of ['hour', 'day', 'month'] as const) {
      const both = sideBySide(form, { kind }, timestamp(logicalType), timestamp(logicalType))
      for (const value of LONGS) compare(both, form, long(value))
      const any = fc.oneof(
        fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        fc.bigInt(-(2n ** 53n), 2n ** 53n),
        fc.bigInt(-(2n ** 42n), 2n ** 42n),
      )
      fc.assert(
        fc.property(any, (value) => compare(both, form, long(value))),
        { numRuns: 300 },
      )
    }
  })

  test('longs of any size, kept, in buckets and as pseudonyms', () => {
    const form = FORMS['plain'] as Form
    const all = [
      sideBySide(form, WHOLE_BUCKET, 'long', 'long'),
      sideBySide(form, PSEUDONYMIZE, 'long', 'string'),
      sideBySide(form, KEEP, 'long', 'double'),
      sideBySide(form, KEEP, 'long', 'float'),
    ]
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat({ max: 62 }), (value, bits) => {
        for (const both of all) compare(both, form, long(value >> BigInt(bits)))
      }),
    )
  })

  test('URLs of any kind, however much longer their hosts become', () => {
    const form = FORMS['in an array'] as Form
    const both = sideBySide(form, { kind: 'host' }, 'string', 'string')
    const parts = [
      'a',
      'b.',
      'xn--',
      'x',
      '-',
      '.',
      '1',
      '0x1',
      '.1',
      '/',
      '?',
      '#',
      ':',
      ':8',
      '@',
      '%41',
      'B',
      'é',
      '_',
      ' ',
      '\t',
    ]
    const host = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.constantFrom(...parts), { maxLength: 7 }).map((some) => some.join('')),
    )
    const scheme = fc.constantFrom('http://', 'https://', 'https:/', 'HTTP://', 'ftp://', '')
    fc.assert(
      fc.property(scheme, host, (before, after) => compare(both, form, text(`${before}${after}`))),
      { numRuns: 2_000 },
    )
  })

  test('addresses of any kind, cut to any network', () => {
    const form = FORMS['plain'] as Form
    const part = fc.oneof(
      { weight: 8, arbitrary: fc.nat({ max: 299 }).map(String) },
      fc.constantFrom('01', '0', '', ' 1', '1e1', '1111'),
    )
    const address = fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(fc.nat({ max: 32 }), fc.oneof(address, fc.ipV4(), fc.ipV6()), (v4, one) => {
        compare(sideBySide(form, { kind: 'prefix', v4, v6: 48 }, 'string', 'string'), form, text(one))
      }),
      { numRuns: 300 },
    )
  })

  test('decimals of numbers of few digits, and of their neighbours', () => {
    const form = FORMS['plain'] as Form
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
        fc.nat({ max: 12 }),
        fc.nat({ max: 15 }),
        fc.integer({ min: -2, max: 2 }),
        (whole, places, digits, ulps) => {
          const bytes = double(whole / 10 ** places)
          bytes.writeBigInt64LE(bytes.readBigInt64LE() + BigInt(ulps))
          const both = sideBySide(form, { kind: 'decimals', digits }, 'double', 'double')
          compare(both, form, bytes)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('paths of any kind by their routes', () => {
    const form = FORMS['plain'] as Form
    const segment = fc.constantFrom('', 'a', 'ab', ':x', 'é', '?', '#a')
    const path = fc.array(segment, { maxLength: 4 }).map((segments) => segments.join('/'))
    fc.assert(
      fc.property(
        fc.array(path, { minLength: 1, maxLength: 4 }),
        fc.array(path, { minLength: 1, maxLength: 8 }),
        (patterns, paths) => {
          const both = sideBySide(form, { kind: 'routes', patterns }, 'string', 'string')
          for (const one of paths) compare(both, form, text(one))
        },
      ),
    )
  })
})

function sideBySide({ from: fromForm, to: toForm, path }: Form, verb: Verb, from: unknown, to: unknown): SideBySide {
  const writer = {
    type: 'record',
    name: 'Raw',
    fields: [
      { name: 'before', type: 'string' },
      { name: 'x', type: fromForm(from) },
      { name: 'after', type: 'string' },
    ],
  }
  const branch: Branch = { leaves: [{ path, verb }], events: [], only: [], sensitive: null }
  return new SideBySide(writer, record('Clean', 'x', toForm(to)), branch)
}

/** Values between others, which must not matter: a slash after a path, a digit after a number. */
function compare(both: SideBySide, { bytes }: Form, value: Buffer): void {
  const event = join(text('before'), bytes(value), text('/'.repeat(47)))
  expect(both.compiled(event, true, false)).toEqual(both.reference(event, true, false))
}

function record(name: string, field: string, type: unknown): object {
  return { type: 'record', name, fields: [{ name: field, type }] }
}
