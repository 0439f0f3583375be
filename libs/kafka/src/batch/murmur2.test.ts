import { expect, test } from 'vitest'
import { murmur2, partitionOf } from './murmur2.ts'

// From Apache Kafka's own UtilsTest.
const known: readonly (readonly [text: string, hash: number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

test('murmur2 gives what Kafka’s Java client gives', () => {
  for (const [text, hash] of known) expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('murmur2 of a part of a buffer is that of the part alone', () => {
  for (const [text, hash] of known) {
    const bytes = Buffer.from(`--${text}--`)
    expect(murmur2(bytes, 2, bytes.length - 2)).toBe(hash)
  }
})

test('The partition of a key is never negative', () => {
  expect(partitionOf(Buffer.from('21'), 16)).toBe((-973932308 & 0x7fffffff) % 16)
  expect(partitionOf(Buffer.from('abc'), 7)).toBe(479470107 % 7)
})
