import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyMaterialError } from './errors.ts'
import { FieldDomain, fieldDomain, SUBJECT_DOMAIN } from './field-domain.ts'
import { subjectPseudonym } from './grant-key.ts'
import { derivedKey } from './hkdf.ts'
import { KeyRing } from './key-ring.ts'
import { purposeKeys } from './purpose-keys.ts'

const ROOT = Buffer.alloc(32, 5)
const SALT = '0f'.repeat(16)
const REF = Buffer.from(Array.from({ length: 16 }, (_, index) => 240 - index))
const keys = purposeKeys(
  new KeyRing(
    [1, 2, 11, 255].map((epoch) => [epoch, ROOT] as const),
    1,
  ),
)

/** The formula of the README, by node:crypto. */
function expected(purpose: string, epoch: number, salt: string, domain: string, value: Uint8Array): string {
  const purposeKey = derivedKey(ROOT, `weir/purpose/${purpose}/${epoch}`)
  const grantKey = createHmac('sha256', purposeKey).update(Buffer.from(salt, 'hex')).digest()
  const digest = createHmac('sha256', grantKey).update(`${domain}\0`).update(value).digest('hex')
  return `${epoch}.${digest.slice(0, 32)}`
}

const salts = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((salt) => Buffer.from(salt).toString('hex'))
const epochs = fc.constantFrom(1, 2, 11, 255)
const values = fc.uint8Array({ maxLength: 150 })
const names = fc.string({ minLength: 1, maxLength: 70, unit: 'grapheme' }).filter((name) => !name.includes('\0'))

describe('a pseudonym', () => {
  test('is HMAC under the key of purpose, epoch and grant, over domain, a zero byte and value', () => {
    fc.assert(
      fc.property(fc.string(), epochs, salts, names, values, (purpose, epoch, salt, name, value) => {
        const made = keys.grantKey(purpose, epoch, salt).pseudonym(name, value)
        expect(made).toBe(expected(purpose, epoch, salt, name, value))
      }),
    )
  })

  test('is written between other bytes, from a range of a record, and they stay as they are', () => {
    const piece = fc.uint8Array({ maxLength: 70 })
    fc.assert(
      fc.property(epochs, piece, values, piece, fc.nat({ max: 9 }), (epoch, before, value, behind, at) => {
        const record = Buffer.concat([before, value, behind])
        const out = Buffer.alloc(at + 40, 0xff)
        const key = keys.grantKey('ads', epoch, SALT)
        const length = key.writePseudonym(
          fieldDomain('s', 'a.b'),
          record,
          before.length,
          before.length + value.length,
          out,
          at,
        )
        const text = key.pseudonym('s/a.b', value)
        expect(length).toBe(text.length)
        expect(out).toEqual(
          Buffer.concat([Buffer.alloc(at, 0xff), Buffer.from(text), Buffer.alloc(40 - text.length, 0xff)]),
        )
      }),
    )
  })

  test('of the subject is made of its ref, in the domain that all subject leaves share', () => {
    const grant = keys.grantKey('ads', 1, SALT)
    const out = Buffer.alloc(40)
    expect(subjectPseudonym(grant, REF)).toBe(expected('ads', 1, SALT, SUBJECT_DOMAIN, REF))
    expect(grant.writeSubject(Buffer.concat([Buffer.of(1, 2), REF]), 2, out, 3)).toBe(34)
    expect(out.toString('latin1', 3, 37)).toBe(subjectPseudonym(grant, REF))
    expect(() => subjectPseudonym(grant, REF.subarray(1))).toThrow(KeyMaterialError)
    expect(() => grant.writeSubject(REF, 1, out, 0)).toThrow(RangeError)
  })

  test('needs room for all of it, and writes nothing otherwise', () => {
    const out = Buffer.alloc(35)
    const domain = fieldDomain('s', 'a')
    expect(() => keys.grantKey('ads', 255, SALT).writePseudonym(domain, REF, 0, 16, out, 0)).toThrow(RangeError)
    expect(() => keys.grantKey('ads', 1, SALT).writePseudonym(domain, REF, 0, 16, out, 2)).toThrow(RangeError)
    expect(out).toEqual(Buffer.alloc(35))
    expect(keys.grantKey('ads', 1, SALT).writePseudonym(domain, REF, 0, 16, out, 1)).toBe(34)
  })

  test('never comes of a salt or domain of the wrong form', () => {
    for (const salt of ['xyz', `${SALT}0f`, 'AB'.repeat(16), '', `${SALT}\n`]) {
      expect(() => keys.grantKey('ads', 1, salt)).toThrow(KeyMaterialError)
    }
    for (const name of ['', 'a\0b', '\0', 'a\ud800']) expect(() => new FieldDomain(name)).toThrow(KeyMaterialError)
    expect(() => keys.grantKey('ads', 1, SALT).pseudonym('a\0b', REF)).toThrow(KeyMaterialError)
  })
})

describe('pseudonyms do not join', () => {
  interface Place {
    readonly purpose: string
    readonly epoch: number
    readonly salt: string
    readonly stream: string
    readonly path: string
  }
  const places: fc.Arbitrary<Place> = fc.record({
    purpose: fc.constantFrom('ads', 'news', 'ads/1', 'ads/', ''),
    epoch: epochs,
    salt: fc.oneof(fc.constant(SALT), salts),
    stream: fc.constantFrom('s', 's/a', 't'),
    path: fc.constantFrom('a', 'b', 'a.b', 'b.a'),
  })
  // The epoch stands in clear before the point: what may not be equal is what follows it.
  const digestAt = ({ purpose, epoch, salt, stream, path }: Place, value: Uint8Array): string =>
    keys.grantKey(purpose, epoch, salt).pseudonym(fieldDomain(stream, path), value).split('.')[1] as string

  test.each([
    ['purposes', { purpose: 'news' }],
    ['purposes, one of which looks like the other and an epoch', { purpose: 'ads/1' }],
    ['epochs', { epoch: 2 }],
    ['grants', { salt: `${SALT.slice(0, 31)}e` }],
    ['streams', { stream: 't' }],
    ['fields', { path: 'a.b' }],
  ])('of equal values in two %s', (_what, other) => {
    const place = { purpose: 'ads', epoch: 1, salt: SALT, stream: 's', path: 'a' }
    fc.assert(
      fc.property(values, (value) => {
        expect(digestAt({ ...place, ...other }, value)).not.toBe(digestAt(place, value))
      }),
    )
  })

  test('of equal values anywhere: two are equal only where purpose, epoch, grant, stream and field are', () => {
    fc.assert(
      fc.property(places, places, values, (one, other, value) => {
        const same = JSON.stringify(one) === JSON.stringify(other)
        expect(digestAt(one, value) === digestAt(other, value)).toBe(same)
      }),
      { numRuns: 500 },
    )
  })

  test('of values that read alike when field and value stand together', () => {
    const key = keys.grantKey('ads', 1, SALT)
    fc.assert(
      fc.property(names, fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat(20), (name, text, cut) => {
        const whole = name + text
        const at = 1 + (cut % whole.length)
        const moved = [whole.slice(0, at), whole.slice(at)] as const
        fc.pre(moved[0] !== name && moved[0].isWellFormed() && !moved[0].includes('\0'))
        expect(key.pseudonym(moved[0], Buffer.from(moved[1]))).not.toBe(key.pseudonym(name, Buffer.from(text)))
      }),
    )
    expect(key.pseudonym('a', Buffer.from('b\0c'))).not.toBe(key.pseudonym('ab', Buffer.from('c')))
  })

  test('of a subject and a leaf whose value is its ref, unless the leaf is a subject leaf', () => {
    const key = keys.grantKey('ads', 1, SALT)
    expect(key.pseudonym(fieldDomain('subject', 'id'), REF)).not.toBe(subjectPseudonym(key, REF))
    expect(key.pseudonym(SUBJECT_DOMAIN, REF)).toBe(subjectPseudonym(key, REF))
  })
})
