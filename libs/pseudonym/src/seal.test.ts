import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyMaterialError, SealError } from './errors.ts'
import { padded, unpadded } from './padding.ts'
import { sealer } from './seal.ts'

const ROOT = Buffer.alloc(32, 6)
const NONCE = Buffer.from('0102030405060708090a0b0c', 'hex')
const seals = sealer(ROOT, 3)

describe('a sealed record', () => {
  test('opens to what was sealed, whatever it was', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array({ minLength: 12, maxLength: 12 }), (plaintext, nonce) => {
        const sealed = seals.seal('a.quarantine', plaintext, nonce)
        expect(sealed.length).toBe(2 + 12 + plaintext.length + 16)
        expect(seals.open('a.quarantine', sealed)).toEqual(Buffer.from(plaintext))
      }),
    )
  })

  test('begins with version, key epoch and nonce', () => {
    expect(seals.seal('t', Buffer.from('x'), NONCE).toString('hex', 0, 14)).toBe(`0103${NONCE.toString('hex')}`)
  })

  test('does not open for another topic, with another root key, or after any bit was changed', () => {
    const sealed = seals.seal('t', Buffer.from('payload'), NONCE)
    expect(() => seals.open('u', sealed)).toThrow(SealError)
    expect(() => sealer(Buffer.alloc(32, 7), 3).open('t', sealed)).toThrow(SealError)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => seals.open('t', changed)).toThrow(SealError)
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => seals.open('t', sealed.subarray(0, length))).toThrow(SealError)
    }
  })

  test('says which key epoch it needs, and never what it holds', () => {
    const sealed = seals.seal('t', Buffer.from('payload'), NONCE)
    expect(() => sealer(ROOT, 4).open('t', sealed)).toThrow('needs key epoch 3')
    expect(() => seals.open('u', sealed)).not.toThrow('payload')
  })

  test('needs a nonce of 12 bytes, a root key of 32 and an epoch of one byte', () => {
    expect(() => seals.seal('t', Buffer.alloc(1), Buffer.alloc(11))).toThrow(KeyMaterialError)
    expect(() => sealer(Buffer.alloc(33), 1)).toThrow(KeyMaterialError)
    expect(() => sealer(ROOT, 256)).toThrow(KeyMaterialError)
  })
})

describe('padding', () => {
  test.each([
    [0, 1024],
    [1020, 1024],
    [1021, 2048],
    [5000, 8192],
  ])('makes %i bytes %i long', (length, size) => {
    const bytes = Buffer.alloc(length, 0xee)
    expect(padded(bytes)).toHaveLength(size)
    expect(unpadded(padded(bytes))).toEqual(bytes)
  })

  test('is not taken from bytes that were never padded', () => {
    expect(() => unpadded(Buffer.alloc(10))).toThrow(SealError)
    expect(() => unpadded(Buffer.alloc(1024, 0xff))).toThrow(SealError)
  })
})
