import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EmptyIdError, KeyMaterialError } from './errors.ts'
import { referenceHasher } from './reference.ts'

const KEY = Buffer.alloc(32, 3)
const hasher = referenceHasher(KEY)

describe('a ref', () => {
  test('is the first 16 bytes of HMAC-SHA-256 over kind, a zero byte and the exact UTF-8', () => {
    const expected = createHmac('sha256', KEY).update('user\0Jörg ').digest().toString('hex', 0, 16)
    expect(hasher.ref('user', 'Jörg ')).toBe(expected)
  })

  test('is the same from bytes in the middle of a record', () => {
    const record = Buffer.from('xxJörgyy')
    const out = Buffer.alloc(20, 0xff)
    hasher.refInto('device', record, 2, 7, out, 2)
    expect(out.toString('hex')).toBe(`ffff${hasher.ref('device', 'Jörg')}ffff`)
  })

  test('differs for a user and a device of one id, for two spellings, and for another key', () => {
    const refs = [
      hasher.ref('user', 'a'),
      hasher.ref('device', 'a'),
      hasher.ref('user', 'A'),
      hasher.ref('user', 'a '),
      referenceHasher(Buffer.alloc(32, 4)).ref('user', 'a'),
    ]
    expect(new Set(refs).size).toBe(refs.length)
  })

  test('is of nobody when the id is empty, and then written nowhere', () => {
    const out = Buffer.alloc(16)
    expect(() => hasher.ref('user', '')).toThrow(EmptyIdError)
    expect(() => hasher.refInto('user', Buffer.from('abc'), 1, 1, out, 0)).toThrow(EmptyIdError)
    expect(out).toEqual(Buffer.alloc(16))
  })

  test('is refused for text that has no UTF-8, for a place too small and for a key of another size', () => {
    expect(() => hasher.ref('user', 'a\ud800')).toThrow(KeyMaterialError)
    expect(() => hasher.refInto('user', Buffer.from('a'), 0, 1, Buffer.alloc(16), 1)).toThrow(RangeError)
    expect(() => referenceHasher(Buffer.alloc(16))).toThrow(KeyMaterialError)
  })
})
