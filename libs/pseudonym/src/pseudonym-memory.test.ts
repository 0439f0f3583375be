import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldDomain } from './field-domain.ts'
import type { GrantKey } from './grant-key.ts'
import { KeyRing } from './key-ring.ts'
import { PseudonymMemory } from './pseudonym-memory.ts'
import { purposeKeys } from './purpose-keys.ts'

const keys = purposeKeys(
  new KeyRing(
    [1, 255].map((epoch) => [epoch, Buffer.alloc(32, 3)] as const),
    1,
  ),
)
const grants = [
  keys.grantKey('ads', 1, '00'.repeat(16)),
  keys.grantKey('ads', 255, '00'.repeat(16)),
  keys.grantKey('ads', 1, '01'.repeat(16)),
]
const domain = fieldDomain('s', 'sessionId')

function written(memory: PseudonymMemory, grant: GrantKey, value: Uint8Array): string {
  const record = Buffer.concat([Buffer.of(1, 2, 3), value, Buffer.of(4)])
  const out = Buffer.alloc(40)
  const length = memory.write(grant, record, 3, 3 + value.length, out, 2)
  return out.toString('latin1', 2, 2 + length)
}

describe('a memory of pseudonyms', () => {
  test('gives the same text as the grant’s key, whatever was asked before, however few slots it has', () => {
    // Short values over two letters, so that prefixes, trailing zeros and values seen before come often.
    const letters = fc.constantFrom(0, 97)
    const lengths = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 43, 44, 45, 64)
    const values = lengths.chain((length) => fc.array(letters, { minLength: length, maxLength: length }))
    const calls = fc.array(fc.tuple(fc.constantFrom(...grants), values), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(calls, fc.constantFrom(1, 2, 64), (made, slots) => {
        const memory = new PseudonymMemory(domain, slots)
        for (const [grant, value] of made) {
          const bytes = Uint8Array.from(value)
          expect(written(memory, grant, bytes)).toBe(grant.pseudonym(domain, bytes))
        }
      }),
      { numRuns: 200 },
    )
  })

  test('derives a value that comes again under the same grant once', () => {
    const memory = new PseudonymMemory(domain, 1)
    const value = Buffer.from('0b3c54e8-6a0f-4f3f-9d27-5e1f0a9b7c11')
    for (let times = 0; times < 5; times++) written(memory, grants[0] as GrantKey, value)
    expect([memory.hits, memory.misses]).toEqual([4, 1])
    written(memory, grants[2] as GrantKey, value)
    expect([memory.hits, memory.misses]).toEqual([4, 2])
  })

  test('spreads values over its slots', () => {
    const memory = new PseudonymMemory(domain, 1024)
    const values = Array.from({ length: 256 }, (_, index) => Buffer.from(`session-${index}`))
    for (const value of [...values, ...values]) written(memory, grants[0] as GrantKey, value)
    // By chance about an eighth falls on a slot that another one has; the second round misses both of such a pair.
    expect(memory.hits).toBeGreaterThan(150)
  })

  test('is refused for slots that are no power of two, and for a range outside the value', () => {
    for (const slots of [0, 3, -2, 1.5, Number.NaN])
      expect(() => new PseudonymMemory(domain, slots)).toThrow(RangeError)
    const memory = new PseudonymMemory(domain, 2)
    const value = Buffer.from('abcd')
    written(memory, grants[0] as GrantKey, Buffer.alloc(3))
    for (const [start, end] of [
      [0, 5],
      [3, 2],
      [-1, 3],
      [-4, -1],
    ] as const) {
      expect(() => memory.write(grants[0] as GrantKey, value, start, end, Buffer.alloc(40), 0)).toThrow(RangeError)
    }
    expect(() => memory.write(grants[0] as GrantKey, value, 0, 4, Buffer.alloc(40), 7)).toThrow(RangeError)
  })
})
