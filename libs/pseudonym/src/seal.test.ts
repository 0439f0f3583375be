import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyEpochMissingError, KeyMaterialError, SealError } from './errors.ts'
import { KeyRing } from './key-ring.ts'
import { padded, unpadded } from './padding.ts'
import { sealer } from './seal.ts'

const ROOT = Buffer.alloc(32, 6)
const OTHER = Buffer.alloc(32, 7)
const both = [
  [3, ROOT],
  [4, OTHER],
] as const
const NONCE = Buffer.from('0102030405060708090a0b0c', 'hex')
const seals = sealer(new KeyRing([[3, ROOT]], 3))

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

  test('has a key of its topic: one text under one nonce gives other bytes in another topic', () => {
    const [one, other] = ['t', 'u'].map((topic) => seals.seal(topic, Buffer.from('payload'), NONCE).subarray(14, 21))
    expect(one).not.toEqual(other)
  })

  test('does not open for another topic, with another root key, or after any bit was changed', () => {
    const sealed = seals.seal('t', Buffer.from('payload'), NONCE)
    expect(() => seals.open('u', sealed)).toThrow(SealError)
    expect(() => sealer(new KeyRing([[3, Buffer.alloc(32, 7)]], 3)).open('t', sealed)).toThrow(SealError)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const epochChanged = bit >> 3 === 1
      expect(() => seals.open('t', changed)).toThrow(epochChanged ? KeyEpochMissingError : SealError)
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(() => seals.open('t', sealed.subarray(0, length))).toThrow(SealError)
    }
  })

  test('opens as long as its key epoch is in the ring, while new ones are sealed under the current one', () => {
    const turned = sealer(new KeyRing([...both], 4))
    const old = seals.seal('t', Buffer.from('payload'), NONCE)
    const young = turned.seal('t', Buffer.from('payload'), NONCE)
    expect(young[1]).toBe(4)
    expect(turned.open('t', old)).toEqual(turned.open('t', young))
    expect(() => seals.open('t', young)).toThrow(KeyEpochMissingError)
    expect(() => sealer(new KeyRing([[4, OTHER]], 4)).open('t', old)).toThrow('no root key of epoch 3')
  })

  test('does not open under a key of the ring that is not its own, though its epoch byte was changed to it', () => {
    const changed = Buffer.from(seals.seal('t', Buffer.from('payload'), NONCE))
    changed[1] = 4
    expect(() => sealer(new KeyRing([...both], 4)).open('t', changed)).toThrow(SealError)
  })

  test('needs a nonce of 12 bytes', () => {
    expect(() => seals.seal('t', Buffer.alloc(1), Buffer.alloc(11))).toThrow(KeyMaterialError)
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
