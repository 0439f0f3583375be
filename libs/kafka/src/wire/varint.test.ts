import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readVarint, varintSize, writeVarint } from './varint.ts'

/** Zig-zag base-128 by the book, on bigints. */
function reference(value: number): number[] {
  let rest = value >= 0 ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n
  const bytes: number[] = []
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  return [...bytes, Number(rest)]
}

const edges = [0, -1, 1, 63, -64, 64, 8191, 8192, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 31, 2 ** 52]
const value = fc.oneof(
  fc.constantFrom(...edges),
  fc.integer(),
  fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  fc.integer({ min: -200, max: 200 }),
)

test('A varint is written as zig-zag base 128, in the size foretold, and reads back', () => {
  fc.assert(
    fc.property(value, (n) => {
      const bytes = Buffer.alloc(12)
      const end = writeVarint(bytes, 1, n)
      expect([...bytes.subarray(1, end)]).toEqual(reference(n))
      expect(varintSize(n)).toBe(end - 1)
      const cursor = { at: 1 }
      expect(readVarint(bytes, cursor)).toBe(n)
      expect(cursor.at).toBe(end)
    }),
  )
})

test('A varint that is cut short or never ends reads as not a number', () => {
  expect(readVarint(Buffer.from([0x80]), { at: 0 })).toBeNaN()
  expect(readVarint(Buffer.from([]), { at: 0 })).toBeNaN()
  expect(readVarint(Buffer.alloc(20, 0xff), { at: 0 })).toBeNaN()
})
