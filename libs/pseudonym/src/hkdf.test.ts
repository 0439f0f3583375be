import { expect, test } from 'vitest'
import { derivedKey, hkdfSha256 } from './hkdf.ts'
import { HmacKey, hmacSha256 } from './hmac.ts'

const run = (from: number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, index) => from + index))
const NONE = Buffer.alloc(0)

test.each([
  [
    '1',
    Buffer.alloc(22, 0x0b),
    run(0, 13),
    run(0xf0, 10),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ],
  [
    '2, longer inputs and output',
    run(0, 80),
    run(0x60, 80),
    run(0xb0, 80),
    'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
      '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
      'cc30c58179ec3e87c14c01d5c1f3434f1d87',
  ],
  [
    '3, neither salt nor info',
    Buffer.alloc(22, 0x0b),
    NONE,
    NONE,
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  ],
])('HKDF-SHA-256 agrees with RFC 5869, test case %s', (_case, inputKey, salt, info, expected) => {
  expect(hkdfSha256(inputKey, salt, info, expected.length / 2).toString('hex')).toBe(expected)
})

test('a derived key is extract, then one round of expand over what it is for (RFC 5869, 2.2 and 2.3)', () => {
  const root = Buffer.alloc(32, 7)
  const extracted = new HmacKey(hmacSha256(new HmacKey(NONE), root))
  const expanded = hmacSha256(extracted, Buffer.concat([Buffer.from('weir/purpose/ads/1'), Buffer.of(1)]))
  expect(derivedKey(root, 'weir/purpose/ads/1')).toEqual(Buffer.from(expanded))
})
