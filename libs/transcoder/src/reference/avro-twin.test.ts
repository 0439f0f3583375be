import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSchema } from '../schema/schema-node.ts'
import { type TwinValue, twinOf } from './avro-twin.ts'

const twin = (schema: unknown) => twinOf(readSchema(schema))

/** A canonical varint, written apart from avsc and from the twin. */
function long(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}

describe('twin', () => {
  test('reads and writes every 64-bit long exactly', () => {
    const { decode, encode } = twin('long')
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(decode(long(value))).toBe(value)
        expect(encode(value)).toEqual(long(value))
      }),
      {
        numRuns: 1000,
        examples: [[-(2n ** 63n)], [2n ** 63n - 1n], [2n ** 53n + 1n], [-(2n ** 53n) - 1n], [0n], [-1n]],
      },
    )
  })

  test('gives back the bytes of text, numbers, maps and unions as they were', () => {
    const schema = {
      type: 'record',
      name: 'R',
      fields: [
        { name: 'text', type: 'string' },
        { name: 'bytes', type: 'bytes' },
        { name: 'float', type: 'float' },
        { name: 'double', type: 'double' },
        { name: 'flags', type: { type: 'map', values: 'string' } },
        {
          name: 'choice',
          type: ['string', 'bytes', 'double', { type: 'enum', name: 'E', symbols: ['x', 'not a name'] }],
        },
      ],
    }
    const { decode, encode } = twin(schema)
    const record = Buffer.concat([
      Buffer.from([6, 0xef, 0xbb, 0xbf]),
      Buffer.from([4, 0xff, 0x00]),
      Buffer.from([1, 0, 0xa0, 0x7f]), // a signalling NaN
      Buffer.from([1, 0, 0, 0, 0, 0, 0xf4, 0x7f]),
      Buffer.from([6, 4, 0x31, 0x30, 2, 0x61, 2, 0x32, 0, 4, 0x31, 0x30, 2, 0x62, 0]), // keys 10, 2, 10
      Buffer.from([6, 2]),
    ])
    expect(encode(decode(record))).toEqual(record)
  })

  test('writes padded varints in their shortest form', () => {
    const { decode, encode } = twin('long')
    expect(encode(decode(Buffer.from([0x82, 0x80, 0x00])))).toEqual(Buffer.of(2))
  })

  test('reads a type that refers to itself', () => {
    const chain = { type: 'record', name: 'a.R', fields: [{ name: 'next', type: ['null', 'R'] }] }
    const { decode, encode } = twin(chain)
    const value: TwinValue = decode(Buffer.of(2, 2, 0))
    expect(encode(value)).toEqual(Buffer.of(2, 2, 0))
  })
})
