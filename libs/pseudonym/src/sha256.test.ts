import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from './hmac.ts'
import { BLOCK_BYTES, finishHash, INITIAL_STATE } from './sha256.ts'

const bytes = Buffer.from(Array.from({ length: 400 }, (_, index) => (index * 167 + 13) & 255))
const hex = (words: Int32Array): string =>
  Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('SHA-256 of "%s" is as NIST gives it for FIPS 180', (text, expected) => {
  expect(Buffer.from(sha256(Buffer.from(text))).toString('hex')).toBe(expected)
})

test('SHA-256 of every length from 0 to 300 bytes agrees with node:crypto, wherever a prefix ends', () => {
  const state = new Int32Array(INITIAL_STATE.length)
  for (let length = 0; length <= 300; length++) {
    const expected = createHash('sha256')
      .update(bytes.subarray(7, 7 + length))
      .digest('hex')
    for (const cut of new Set([0, 1, 55, 56, 63, 64, 65, length].filter((at) => at <= length))) {
      state.set(INITIAL_STATE)
      finishHash(state, 0, bytes.subarray(7, 7 + cut), bytes, 7 + cut, 7 + length)
      expect(hex(state), `${length} bytes, prefix of ${cut}`).toBe(expected)
    }
  }
})

test('SHA-256 of a million letters a is as FIPS 180 gives it', () => {
  // FIPS 180's long message: 1,000,000 bytes are 15,625 blocks exactly, so the padding stands alone behind them.
  const letters = Buffer.alloc(1_000_000, 'a')
  expect(Buffer.from(sha256(letters)).toString('hex')).toBe(
    'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
  )
})

test('the length in the padding is one of 64 bits', () => {
  // No message of half a gigabyte: the same state, finished at two lengths that differ in the upper word alone.
  const finishedAfter = (before: number): string => {
    const state = new Int32Array(INITIAL_STATE)
    finishHash(state, before, new Uint8Array(0), bytes, 0, 3)
    return hex(state)
  }
  expect(finishedAfter(0)).not.toBe(finishedAfter(0x2000_0000))
  expect(finishedAfter(BLOCK_BYTES)).not.toBe(finishedAfter(0))
})
