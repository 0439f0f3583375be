import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyMaterialError } from './errors.ts'
import { purposeKeys, SUBJECT_DOMAIN, subjectPseudonym } from './grant-keys.ts'
import { derivedKey } from './hkdf.ts'
import { hmacSha256 } from './hmac.ts'

const ROOT = Buffer.alloc(32, 5)
const SALT = '0f'.repeat(16)
const REF = Buffer.alloc(16, 9)
const keys = purposeKeys(ROOT)

describe('a pseudonym', () => {
  test('is HMAC under the key of purpose, epoch and grant, over domain, a zero byte and value', () => {
    const grantKey = hmacSha256(derivedKey(ROOT, 'weir/purpose/ads/2'), Buffer.from(SALT, 'hex'))
    const digest = hmacSha256(grantKey, Buffer.from('clickstream/page.id\0é'))
    expect(keys.grantKey('ads', 2, SALT).pseudonym('clickstream/page.id', Buffer.from('é'))).toBe(
      `2.${digest.toString('hex', 0, 16)}`,
    )
  })

  test('of the subject is made of its ref, in the domain that all subject leaves share', () => {
    const grant = keys.grantKey('ads', 1, SALT)
    expect(subjectPseudonym(grant, REF)).toBe(grant.pseudonym(SUBJECT_DOMAIN, REF))
    expect(subjectPseudonym(grant, REF)).toMatch(/^1\.[0-9a-f]{32}$/)
    expect(() => subjectPseudonym(grant, Buffer.alloc(15))).toThrow(KeyMaterialError)
  })

  test('does not join: another purpose, grant, epoch, field or value gives another one', () => {
    const salts = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((salt) => Buffer.from(salt).toString('hex'))
    const where = fc.tuple(
      fc.constantFrom('ads', 'news', 'ads/1'),
      fc.constantFrom(1, 2, 11),
      salts,
      fc.constantFrom('subject', 's/a', 's/a.b'),
      fc.uint8Array({ maxLength: 4 }),
    )
    fc.assert(
      fc.property(where, where, (one, other) => {
        const make = ([purpose, epoch, salt, domain, value]: typeof one): string =>
          keys.grantKey(purpose, epoch, salt).pseudonym(domain, value)
        expect(make(one) === make(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
        expect(make(one)).toBe(make(one))
      }),
    )
  })

  test('never comes of a salt, epoch, root key or domain of the wrong form', () => {
    expect(() => keys.grantKey('ads', 1, 'xyz')).toThrow(KeyMaterialError)
    expect(() => keys.grantKey('ads', 1, SALT.toUpperCase())).toThrow(KeyMaterialError)
    expect(() => keys.grantKey('ads', 0, SALT)).toThrow(KeyMaterialError)
    expect(() => purposeKeys(Buffer.alloc(31))).toThrow(KeyMaterialError)
    expect(() => keys.grantKey('ads', 1, SALT).pseudonym('a\0b', REF)).toThrow(KeyMaterialError)
  })
})
