import { readFileSync } from 'node:fs'
import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { everything, least } from '../../fixtures/everything.ts'
import { InvalidEvent, UnusableSchema } from '../errors.ts'
import { eventEncoder } from './event-encoder.ts'

const sample = JSON.parse(
  readFileSync(new URL('../../../../infra/contracts/clickstream/event.avsc', import.meta.url), 'utf8'),
)
const encoder = eventEncoder(everything)
/** avsc by itself is the judge of what was written. */
const judge = avro.Type.forSchema(everything as avro.Schema, { wrapUnions: 'always' })

function decoded(event: unknown): Record<string, unknown> {
  const { value } = encoder.encode(event, 1)
  return judge.fromBuffer(value.subarray(5)) as Record<string, unknown>
}

function refusal(event: unknown): { path: string; expected: string } {
  try {
    encoder.encode(event, 1)
  } catch (error) {
    if (error instanceof InvalidEvent) return { path: error.path, expected: error.expected }
    throw error
  }
  throw new Error('it was taken')
}

describe('an event on the wire', () => {
  it('is a zero byte, the schema id, then Avro, under the subject as key', () => {
    const { key, value } = encoder.encode({ ...least, subjectId: 'Zoë' }, 0x01020304)
    expect(key).toEqual(Buffer.from('Zoë', 'utf8'))
    expect([...value.subarray(0, 5)]).toEqual([0, 1, 2, 3, 4])
  })

  it('has the defaults of what was left out, and null where null is allowed', () => {
    const event = JSON.parse(JSON.stringify(decoded(least)))
    expect(event).toEqual({
      ...least,
      deviceId: null,
      id: null,
      yes: true,
      small: 7,
      large: 9,
      micros: null,
      single: 1.5,
      double: 2.5,
      bytes: { type: 'Buffer', data: [255, 1] },
      hash: null,
      kind: 'B',
      lastNull: { array: [1, 2] },
      noDefault: null,
      products: [],
      flags: {},
      action: null,
      twins: { int: 3 },
      tree: null,
    })
  })

  it('takes lists, maps, bytes, Dates and branches of unions by name', () => {
    const products = [{ sku: 'a', tags: { x: 1, y: null } }, { sku: 'b' }]
    const event = decoded({
      ...least,
      at: new Date(5),
      hash: Uint8Array.of(1, 2, 3, 4),
      lastNull: null,
      products,
      flags: JSON.parse('{"b": true, "__proto__": false}'),
      action: { Buy: { product: { sku: 'c' } } },
      twins: { Hash: Buffer.from('four') },
      tree: { next: { leaf: 'y' } },
    })
    expect(event['at']).toBe(5)
    expect(event['hash']).toEqual({ 'weir.test.Hash': Buffer.from([1, 2, 3, 4]) })
    expect(event['lastNull']).toBeNull()
    expect(JSON.stringify(event['products'])).toBe(
      '[{"sku":"a","tags":{"x":{"double":1},"y":null}},{"sku":"b","tags":{}}]',
    )
    expect(JSON.stringify(event['action'])).toBe('{"weir.test.Buy":{"product":{"sku":"c","tags":{}}}}')
    expect(JSON.stringify(event['tree'])).toBe(
      '{"weir.test.Tree":{"leaf":"x","next":{"weir.test.Tree":{"leaf":"y","next":null}}}}',
    )
  })

  it('keeps a map key that is special to JavaScript', () => {
    const { value } = encoder.encode({ ...least, flags: JSON.parse('{"__proto__": true}') }, 1)
    expect(value.includes('__proto__')).toBe(true)
  })

  it('has longs to the last of 64 bits, given as bigint', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (large) => {
        const { value } = encoder.encode({ ...least, large }, 1)
        expect(value.includes(zigzag(large))).toBe(true)
      }),
    )
    expect(refusal({ ...least, large: 2n ** 63n }).path).toBe('large')
  })

  it('is byte for byte what avsc makes of a complete event of the sample contract', () => {
    const type = avro.Type.forSchema(sample)
    const event = {
      eventId: '0e3d5b9a-1f2c-4d5e-8f90-a1b2c3d4e5f6',
      eventType: 'search',
      occurredAt: 1_700_000_000_000,
      subjectId: 'u',
      sessionId: 's',
      anonymousId: null,
      deviceId: 'd',
      page: { url: 'https://shop.example/', path: '/', referrer: null, title: 't' },
      device: { userAgent: 'x', ip: '::1', language: 'en', viewport: null },
      geo: { country: 'DE', region: 'HH', city: 'HH', latitude: 53.5, longitude: 10 },
      product: null,
      searchQuery: 'lamp',
      email: null,
      phone: null,
      experiments: { a: 'b' },
      context: { gpc: null },
    }
    const { value } = eventEncoder(sample).encode(event, 9)
    expect(value.subarray(5)).toEqual(type.toBuffer(event))
  })

  it('does not change the event, nor change with it later', () => {
    const event = { ...least, products: [{ sku: 'a' }], hash: Buffer.from('four') }
    const copy = structuredClone({ ...event, hash: [...event.hash] })
    const { value } = encoder.encode(event, 1)
    const before = Buffer.from(value)
    expect({ ...event, hash: [...event.hash] }).toEqual(copy)
    event.hash.fill(0)
    expect(value).toEqual(before)
  })
})

describe('an event that does not fit', () => {
  it.each<[what: string, leaves: Record<string, unknown>, path: string, expected: RegExp]>([
    ['a required leaf missing', { at: undefined }, 'at', /Unix milliseconds/],
    ['null where null is not allowed', { subjectId: null }, 'subjectId', /^text$/],
    ['an empty subject', { subjectId: '' }, 'subjectId', /not empty/],
    ['an empty device', { deviceId: '' }, 'deviceId', /not empty/],
    ['a time as text', { at: '2026-01-01' }, 'at', /or a Date/],
    ['a Date that is none', { at: new Date(Number.NaN) }, 'at', /or a Date/],
    ['a fraction of a long', { large: 1.5 }, 'large', /whole number/],
    ['a number too large to be exact', { large: 2 ** 53 }, 'large', /bigint beyond/],
    ['an int beyond 32 bits', { small: 2 ** 31 }, 'small', /32 bits/],
    ['a float beyond its range', { single: 1e39 }, 'single', /32 bits/],
    ['a number as text', { double: '1' }, 'double', /a number/],
    ['a truth as number', { yes: 1 }, 'yes', /true or false/],
    ['half a surrogate pair', { noDefault: '\ud800' }, 'noDefault', /text/],
    ['a UUID that is none', { id: '123' }, 'id', /a UUID/],
    ['a symbol that the enum has not', { kind: 'C' }, 'kind', /^one of A, B$/],
    ['too few fixed bytes', { hash: Buffer.alloc(3) }, 'hash', /exactly 4 bytes/],
    ['text for bytes', { bytes: 'ab' }, 'bytes', /Uint8Array/],
    ['an item of a list', { products: [{ sku: 'a' }, { sku: 5 }] }, 'products[1].sku', /^text$/],
    ['a hole in a list', { products: [{ sku: 'a' }, undefined] }, 'products[1]', /an object/],
    ['a list for a map', { flags: [] }, 'flags', /keys and values/],
    ['an entry of a map, by its place', { flags: { a: true, b: 'no' } }, 'flags{#1}', /true or false/],
    ['a branch that is not there', { action: { Sell: {} } }, 'action', /one key.*View, Buy, string, array, or null/],
    ['two branches at once', { action: { View: { dwell: 1 }, string: 'x' } }, 'action', /one key/],
    ['a value without its branch', { action: 'x' }, 'action', /one key/],
    ['a leaf inside a branch', { action: { View: { dwell: 'long' } } }, 'action<View>.dwell', /32 bits/],
  ])('%s is refused where it is, with what would be right', (_, leaves, path, expected) => {
    const refused = refusal({ ...least, ...leaves })
    expect(refused.path).toBe(path)
    expect(refused.expected).toMatch(expected)
  })

  it.each([null, undefined, 'text', [], 5, new Date()])('that is no object is refused as such: %s', (event) => {
    expect(refusal(event)).toEqual({ path: '', expected: 'an object' })
  })

  it('tells the field that a misspelt one was meant to be, and does not call that one missing too', () => {
    const { subjectId, ...rest } = least
    expect(encoder.problems({ ...rest, subjectID: subjectId })).toEqual([
      { path: 'subjectID', expected: 'subjectId', found: 'an unknown field' },
    ])
    expect(encoder.problems({ ...least, products: [{ sku: 'a', tgas: {} }] })).toEqual([
      { path: 'products[0].tgas', expected: 'products[0].tags', found: 'an unknown field' },
    ])
  })

  it('tells all fields when an unknown one is like none, and not its name, which may be anybody’s value', () => {
    const [problem] = encoder.problems({ ...least, action: { View: { dwell: 1, 'anna@mail.example': 1 } } })
    expect(problem?.expected).toBe('one of the fields dwell')
    expect(problem?.path).toBe('action<View>.{#2}')
  })

  it('takes a field set to undefined for one that was left out', () => {
    expect(encoder.problems({ ...least, kind: undefined, internal: undefined })).toEqual([])
  })

  it('tells all that is wrong, within a bound, and a message of one line', () => {
    const many = { ...least, products: Array.from({ length: 30 }, () => ({ sku: 1 })) }
    expect(encoder.problems(many)).toHaveLength(20)
    const message = new InvalidEvent(encoder.problems(many)).message
    expect(message).toMatch(
      /^The event does not fit its contract: products\[0\]\.sku is a whole number, expected text; /,
    )
    expect(message).toMatch(/; and 15 more\. Nothing was sent\.$/)
  })

  it('is never quoted: no value and no key of a map is in the error', () => {
    const secret = 'Sb7mq'
    const event = {
      subjectId: { secret },
      at: secret,
      id: secret,
      kind: secret,
      hash: Buffer.from(secret),
      flags: { [secret]: secret },
      products: [{ sku: [secret] }],
      action: { string: { secret } },
      large: Number.NaN,
    }
    try {
      encoder.encode(event, 1)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidEvent)
      const { message, stack, problems } = error as InvalidEvent
      expect(problems.length).toBeGreaterThan(7)
      expect(JSON.stringify([message, stack, problems])).not.toContain(secret)
    }
  })

  it('nests deeper than the sanitizer takes, and is refused instead of quarantined', () => {
    const nested = (levels: number): unknown => (levels === 0 ? null : { next: nested(levels - 1) })
    expect(encoder.problems({ ...least, tree: nested(60) })).toEqual([])
    expect(refusal({ ...least, tree: nested(90) }).expected).toMatch(/128 levels/)
    const circle: Record<string, unknown> = {}
    circle['next'] = circle
    expect(refusal({ ...least, tree: circle }).expected).toMatch(/128 levels/)
  })

  it('does not find fields on the prototype', () => {
    const schema = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'subjectId', type: 'string', 'confluent:tags': ['subject'] },
        { name: 'constructor', type: 'string' },
      ],
    }
    expect(eventEncoder(schema).problems({ subjectId: 'u' })).toMatchObject([{ path: 'constructor', found: 'missing' }])
  })
})

describe('a schema', () => {
  const leaf = (name: string, type: unknown, ...tags: string[]) => ({ name, type, 'confluent:tags': tags })
  const record = (...fields: unknown[]) => ({ type: 'record', name: 'R', fields })

  it('may have its subject inside a record, tagged there', () => {
    const inner = { type: 'record', name: 'Who', fields: [leaf('id', 'string', 'subject')] }
    const { key } = eventEncoder(record(leaf('n', 'int'), { name: 'who', type: inner })).encode(
      { n: 1, who: { id: 'u-7' } },
      1,
    )
    expect(key.toString()).toBe('u-7')
  })

  it.each<[string, unknown]>([
    ['no subject', record(leaf('a', 'string'))],
    ['two subjects', record(leaf('a', 'string', 'subject'), leaf('b', 'string', 'subject'))],
    ['a subject that may be null', record(leaf('a', ['null', 'string'], 'subject'))],
    ['a subject that is no text', record(leaf('a', 'int', 'subject'))],
    ['no record', { type: 'enum', name: 'E', symbols: ['A'] }],
    ['a type that is not defined', record(leaf('a', 'Nowhere', 'subject'))],
  ])('with %s can not be used', (_, schema) => {
    expect(() => eventEncoder(schema)).toThrow(UnusableSchema)
  })
})

function zigzag(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  do {
    const more = rest > 0x7fn ? 0x80 : 0
    bytes.push(Number(rest & 0x7fn) | more)
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}
