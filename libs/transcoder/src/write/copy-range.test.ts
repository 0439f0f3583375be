import { expect, test } from 'vitest'
import { copyRange } from './copy-range.ts'

test('a range of any length is copied, and not a byte beside it', () => {
  const from = Buffer.from(Array.from({ length: 400 }, (_, i) => i % 251))
  const to = Buffer.alloc(400)
  const viewOf = (bytes: Buffer) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let length = 0; length < 300; length++) {
    to.fill(0xff)
    expect(copyRange(from, viewOf(from), 3, 3 + length, to, viewOf(to), 5)).toBe(5 + length)
    expect(to.subarray(5, 5 + length)).toEqual(from.subarray(3, 3 + length))
    expect(to.subarray(0, 5).every((byte) => byte === 0xff)).toBe(true)
    expect(to.subarray(5 + length).every((byte) => byte === 0xff)).toBe(true)
  }
})
