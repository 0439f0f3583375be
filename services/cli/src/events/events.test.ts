import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AvroType, avroType } from './avro-type.ts'
import { complete, type Problem, problemPath } from './complete.ts'
import { decode } from './decode.ts'
import { encode } from './encode.ts'
import { plain } from './plain.ts'
import { sample } from './sample.ts'

function completed(type: AvroType, written: unknown) {
  const problems: Problem[] = []
  return {
    value: complete(type, written, 'sample', problems),
    problems: problems.map((one) => `${problemPath(one)}: ${one.what}`),
  }
}

const record = (...fields: object[]) => avroType({ type: 'record', name: 'R', fields })

/** Examples of the Avro specification, "Binary Encoding". */
test.each([
  { name: 'a long of -64', schema: 'long', written: -64, hex: '7f' },
  { name: 'a long of 64', schema: 'long', written: 64, hex: '8001' },
  { name: 'the text foo', schema: 'string', written: 'foo', hex: '06666f6f' },
  {
    name: 'a record',
    schema: {
      type: 'record',
      name: 'test',
      fields: [
        { name: 'a', type: 'long' },
        { name: 'b', type: 'string' },
      ],
    },
    written: { a: 27, b: 'foo' },
    hex: '3606666f6f',
  },
  { name: 'an array', schema: { type: 'array', items: 'long' }, written: [3, 27], hex: '04063600' },
  { name: 'null in a union', schema: ['null', 'string'], written: null, hex: '00' },
  { name: 'text in a union', schema: ['null', 'string'], written: 'a', hex: '020261' },
])('$name is encoded as the specification has it, and decoded', ({ schema, written, hex }) => {
  const type = avroType(schema)
  const { value } = completed(type, written)
  expect(encode(type, value).toString('hex')).toBe(hex)
  expect(plain(type, decode(type, Buffer.from(hex, 'hex')))).toEqual(written)
})

const everything = avroType({
  type: 'record',
  name: 'All',
  fields: [
    { name: 'int', type: 'int' },
    { name: 'long', type: 'long' },
    { name: 'double', type: 'double' },
    { name: 'text', type: 'string' },
    { name: 'list', type: { type: 'array', items: ['null', 'int'] } },
    { name: 'map', type: { type: 'map', values: 'string' } },
    { name: 'one', type: ['null', { type: 'record', name: 'A', fields: [{ name: 'x', type: 'int' }] }, 'string'] },
  ],
})

test('what is encoded is decoded again', () => {
  const event = fc.record({
    int: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    double: fc.double({ noNaN: true }),
    text: fc.string({ unit: 'grapheme' }),
    list: fc.array(fc.option(fc.integer({ min: 0, max: 99 }))),
    map: fc.dictionary(fc.string(), fc.string()),
    one: fc.oneof(fc.constant(null), fc.record({ A: fc.record({ x: fc.integer({ min: 0, max: 9 }) }) }), fc.string()),
  })
  fc.assert(
    fc.property(event, (written) => {
      const { value, problems } = completed(everything, written)
      expect(problems).toEqual([])
      expect(decode(everything, encode(everything, value))).toEqual(value)
    }),
  )
})

describe('an event as people write it', () => {
  const type = record(
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'kind', type: { type: 'enum', name: 'K', symbols: ['a', 'b'], default: 'b' }, default: 'a' },
    {
      name: 'items',
      type: { type: 'array', items: { type: 'record', name: 'I', fields: [{ name: 'n', type: 'int' }] } },
    },
    { name: 'note', type: ['null', 'string'] },
  )

  test('takes defaults, else plain values, for what is left out', () => {
    const { value, problems } = completed(type, { items: [{}] })
    expect(problems).toEqual([])
    expect(plain(type, value)).toEqual({ at: '2026-01-15T10:20:30.000Z', kind: 'a', items: [{ n: 1 }], note: null })
  })

  test('may have times as text', () => {
    expect(plain(type, completed(type, { at: '2026-02-03T04:05:06.007+01:00' }).value)).toMatchObject({
      at: '2026-02-03T03:05:06.007Z',
    })
  })

  test.each([
    [{ att: 1 }, 'att: there is no field "att"'],
    [{ at: 'soon' }, 'at: "soon" is written'],
    [{ kind: 'c' }, 'kind: "c" is written'],
    [{ items: [{ n: 1.5 }] }, 'items[0].n: 1.5 is written'],
    [{ items: [{ n: 2 ** 31 }] }, 'items[0].n: 2147483648 is written'],
    [{ note: 7 }, 'note: 7 is written'],
    [[], ': [] is written'],
  ])('is refused when it does not fit: %j', (written, problem) => {
    expect(completed(type, written).problems).toEqual([problem])
  })
})

test('a full sample has everything once', () => {
  const type = record(
    { name: 'list', type: { type: 'array', items: 'int' } },
    { name: 'maybe', type: ['null', 'string'], default: null },
  )
  expect(plain(type, sample(type, 'event', 'full'))).toEqual({ list: [1], maybe: 'sample maybe' })
})
