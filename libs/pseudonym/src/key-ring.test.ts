import { describe, expect, test } from 'vitest'
import { KeyEpochMissingError, KeyMaterialError } from './errors.ts'
import { KeyRing } from './key-ring.ts'
import { purposeKeys } from './purpose-keys.ts'

const FIRST = Buffer.alloc(32, 0xa1)
const SECOND = Buffer.alloc(32, 0xb2)
const SALT = '0f'.repeat(16)
const VALUE = Buffer.from('session-7')

const before = new KeyRing([[1, FIRST]], 1)
const overlap = new KeyRing(new Map([[1, FIRST] as const, [2, SECOND] as const]), 2)
const after = new KeyRing([[2, SECOND]], 2)

const pseudonymUnder = (ring: KeyRing, epoch: number): string =>
  purposeKeys(ring).grantKey('ads', epoch, SALT).pseudonym('s/sessionId', VALUE)

describe('a key ring', () => {
  test('keeps the pseudonyms of grants that began under an older epoch, whichever is current', () => {
    expect(pseudonymUnder(overlap, 1)).toBe(pseudonymUnder(before, 1))
    expect(pseudonymUnder(after, 2)).toBe(pseudonymUnder(overlap, 2))
  })

  test('has one current epoch, under which new grants get pseudonyms of their own', () => {
    expect([before.current, overlap.current, after.current]).toEqual([1, 2, 2])
    expect(pseudonymUnder(overlap, 2)).toMatch(/^2\./)
    expect(pseudonymUnder(overlap, 2).slice(2)).not.toBe(pseudonymUnder(overlap, 1).slice(2))
  })

  test('says which epoch is retired and how it comes back, and nothing of a key', () => {
    const missing = (): unknown => pseudonymUnder(after, 1)
    expect(missing).toThrow(KeyEpochMissingError)
    expect(missing).toThrow(expect.objectContaining({ code: 'WEIR_KEY_EPOCH_MISSING', epoch: 1 }))
    expect(missing).toThrow(/no root key of epoch 1: put its file 1\.key back/)
    expect(missing).not.toThrow(/a1a1|b2b2|0f0f/)
  })

  test('is not changed by who gave the key and uses its bytes for something else', () => {
    const given = Buffer.from(FIRST)
    const ring = new KeyRing([[1, given]], 1)
    given.fill(0)
    expect(pseudonymUnder(ring, 1)).toBe(pseudonymUnder(before, 1))
  })

  test('is refused without its current key, with two keys of one epoch, and with keys or epochs of the wrong form', () => {
    expect(() => new KeyRing([[1, FIRST]], 2)).toThrow(KeyEpochMissingError)
    expect(() => new KeyRing([], 1)).toThrow(KeyEpochMissingError)
    for (const [epoch, key] of [
      [0, FIRST],
      [256, FIRST],
      [1.5, FIRST],
      [1, FIRST.subarray(1)],
      [1, Buffer.alloc(33)],
    ] as const) {
      expect(() => new KeyRing([[epoch, key]], epoch)).toThrow(KeyMaterialError)
    }
    const twice = [
      [1, FIRST],
      [1, SECOND],
    ] as const
    expect(() => new KeyRing([...twice], 1)).toThrow(KeyMaterialError)
  })
})
