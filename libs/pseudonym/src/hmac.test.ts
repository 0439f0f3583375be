import { expect, test } from 'vitest'
import { derivedKey, hkdfSha256 } from './hkdf.ts'
import { hmacSha256 } from './hmac.ts'

const bytes = (byte: number, count: number): Buffer => Buffer.alloc(count, byte)

test.each([
  ['1', bytes(0x0b, 20), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    '2',
    Buffer.from('Jefe'),
    Buffer.from('what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  ['3', bytes(0xaa, 20), bytes(0xdd, 50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  [
    '6',
    bytes(0xaa, 131),
    Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('HMAC-SHA-256 agrees with RFC 4231, test case %s', (_case, key, data, expected) => {
  expect(hmacSha256(key, data).toString('hex')).toBe(expected)
  expect(hmacSha256(key, data.subarray(0, 3), data.subarray(3)).toString('hex')).toBe(expected)
})

test('HKDF-SHA-256 agrees with RFC 5869, test case 3', () => {
  expect(hkdfSha256(bytes(0x0b, 22), Buffer.alloc(0), 42).toString('hex')).toBe(
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  )
})

test('a derived key is extract, then one round of expand over what it is for (RFC 5869, 2.2 and 2.3)', () => {
  const root = bytes(7, 32)
  const pseudorandom = hmacSha256(bytes(0, 32), root)
  expect(derivedKey(root, 'weir/purpose/ads/1')).toEqual(
    hmacSha256(pseudorandom, Buffer.from('weir/purpose/ads/1'), Buffer.of(1)),
  )
})
