import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HmacKey, hmacSha256 } from './hmac.ts'

const bytes = (byte: number, count: number): Buffer => Buffer.alloc(count, byte)
const hmac = (key: Uint8Array, data: Uint8Array): string =>
  Buffer.from(hmacSha256(new HmacKey(key), data)).toString('hex')

describe('HMAC-SHA-256', () => {
  test.each([
    ['1', bytes(0x0b, 20), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      '2, a key shorter than the digest',
      Buffer.from('Jefe'),
      Buffer.from('what do ya want for nothing?'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['3', bytes(0xaa, 20), bytes(0xdd, 50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      '4',
      Buffer.from('0102030405060708090a0b0c0d0e0f10111213141516171819', 'hex'),
      bytes(0xcd, 50),
      '82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b',
    ],
    [
      '5, truncated to 128 bits as a pseudonym is',
      bytes(0x0c, 20),
      Buffer.from('Test With Truncation'),
      'a3b6167473100ee06e0c796c2955552b',
    ],
    [
      '6, a key longer than a block',
      bytes(0xaa, 131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
    [
      '7, key and data longer than a block',
      bytes(0xaa, 131),
      Buffer.from(
        'This is a test using a larger than block-size key and a larger than block-size data. ' +
          'The key needs to be hashed before being used by the HMAC algorithm.',
      ),
      '9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2',
    ],
  ])('agrees with RFC 4231, test case %s', (_case, key, data, expected) => {
    expect(hmac(key, data).slice(0, expected.length)).toBe(expected)
  })

  test('agrees with node:crypto for keys and messages of any length, given as a prefix and a range of larger bytes', () => {
    const keys = fc.oneof(fc.uint8Array({ maxLength: 63 }), ...[64, 65, 200].map((length) => exactly(length)))
    const piece = fc.uint8Array({ maxLength: 140 })
    fc.assert(
      fc.property(keys, piece, piece, piece, piece, (key, prefix, before, value, behind) => {
        const larger = Buffer.concat([before, value, behind])
        const words = new HmacKey(key).digest(prefix, larger, before.length, before.length + value.length)
        const made = Buffer.alloc(32)
        words.forEach((word, index) => {
          made.writeInt32BE(word, 4 * index)
        })
        expect(made).toEqual(createHmac('sha256', key).update(prefix).update(value).digest())
      }),
      { numRuns: 1000 },
    )
  })

  test('of one key does not depend on what another key made between', () => {
    const key = new HmacKey(bytes(1, 32))
    const once = Buffer.from(hmacSha256(key, bytes(2, 100)))
    new HmacKey(bytes(9, 80)).digest(bytes(3, 3), bytes(4, 77), 5, 77)
    expect(Buffer.from(hmacSha256(key, bytes(2, 100)))).toEqual(once)
  })

  test('is refused for a range outside the bytes', () => {
    const key = new HmacKey(bytes(1, 32))
    for (const [start, end] of [
      [-1, 2],
      [2, 1],
      [0, 5],
      [Number.NaN, 2],
    ] as const) {
      expect(() => key.digest(bytes(0, 0), bytes(0, 4), start, end)).toThrow(RangeError)
    }
  })
})

function exactly(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}
