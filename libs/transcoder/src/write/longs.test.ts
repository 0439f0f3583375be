import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { long } from '../fixtures/avro-bytes.ts'
import { countBytes, readBigLong, readCount, readLong, writeBigLong, writeCount, writeLong } from './longs.ts'

/** Each number of bits is as likely. */
const anyLong = fc
  .tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat({ max: 63 }))
  .map(([value, bits]) => value >> BigInt(bits))

describe('longs', () => {
  test('are read as numbers exactly, or not at all', () => {
    fc.assert(
      fc.property(anyLong, (value) => {
        const bytes = Buffer.concat([Buffer.of(0xff), long(value), Buffer.of(0xff)])
        expect(readBigLong(bytes, 1, bytes.length - 1)).toBe(value)
        const number = readLong(bytes, 1, bytes.length - 1)
        const isExact = value >= -(2n ** 52n) && value < 2n ** 52n
        expect(number).toBe(isExact ? Number(value) : Number.NaN)
      }),
      { numRuns: 2_000 },
    )
  })

  test('are written in their shortest form', () => {
    const out = Buffer.alloc(10)
    fc.assert(
      fc.property(anyLong, (value) => {
        expect(out.subarray(0, writeBigLong(out, 0, value))).toEqual(long(value))
        if (value < -(2n ** 53n) || value > 2n ** 53n) return
        expect(out.subarray(0, writeLong(out, 0, Number(value)))).toEqual(long(value))
      }),
      { numRuns: 2_000 },
    )
    for (const value of [2n ** 53n, -(2n ** 53n), 1n - 2n ** 53n, 0n, -1n]) {
      expect(out.subarray(0, writeLong(out, 0, Number(value)))).toEqual(long(value))
    }
  })

  test('that count are written, measured and read alike', () => {
    const out = Buffer.alloc(5)
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), fc.nat({ max: 30 }), (value, bits) => {
        const count = value >> bits
        expect(out.subarray(0, writeCount(out, 0, count))).toEqual(long(count))
        expect(countBytes(count)).toBe(long(count).length)
        expect(readCount(out, 0)).toBe(count)
      }),
      { numRuns: 2_000 },
    )
  })
})
