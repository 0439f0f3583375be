import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PseudonymSet } from './pseudonym-set.ts'

const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 32, maxLength: 32 })
/** Over few digests and few epochs, so that some are the same and some differ in one part only. */
const near = fc.constantFrom('0'.repeat(32), `${'0'.repeat(31)}1`, `1${'0'.repeat(31)}`, 'f'.repeat(32))
const pseudonyms = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.oneof(near, hex))
  .map(([epoch, of]) => `${epoch}.${of}`)

/** Somewhere in a record, as keys are. */
function inRecord(text: string): [Buffer, number, number] {
  const bytes = Buffer.from(`9f${text}ab`)
  return [bytes, 2, bytes.length - 2]
}

describe('a set of pseudonyms', () => {
  test('has what was added, and nothing else, through all its growing', () => {
    fc.assert(
      fc.property(fc.array(pseudonyms, { maxLength: 40 }), fc.array(pseudonyms, { maxLength: 40 }), (added, asked) => {
        const set = new PseudonymSet()
        const model = new Set<string>()
        for (const text of added) {
          expect(set.add(...inRecord(text))).toBe(true)
          model.add(text)
        }
        expect(set.size).toBe(model.size)
        for (const text of [...added, ...asked]) expect(set.has(...inRecord(text))).toBe(model.has(text))
      }),
      { numRuns: 200 },
    )
    const set = new PseudonymSet()
    const many = 20_000
    // The same first word, so that all of them want one slot.
    const colliding = (n: number) => inRecord(`7.${'0'.repeat(30)}${n.toString(16).padStart(2, '0')}`)
    for (let n = 0; n < 256; n++) set.add(...colliding(n))
    for (let n = 0; n < 256; n++) expect(set.has(...colliding(n))).toBe(true)
    const before = set.size
    for (let n = 1; n <= many; n++) set.add(...digest(n))
    expect(set.size).toBe(before + many)
    for (let n = 1; n <= many; n++) expect(set.has(...digest(n))).toBe(true)
    expect(set.has(...digest(many + 1))).toBe(false)
  })

  test('takes no text that Weir does not write', () => {
    const set = new PseudonymSet()
    const digits = '0123456789abcdef0123456789abcdef'
    for (const text of [
      '',
      digits,
      `.${digits}`,
      `0.${digits}`,
      `01.${digits}`,
      `256.${digits}`,
      `1000.${digits}`,
      `x.${digits}`,
      `1,${digits}`,
      `1.${digits.toUpperCase()}`,
      `1.${digits.slice(1)}`,
      `1.${digits}0`,
      `1.g${digits.slice(1)}`,
    ]) {
      expect(set.add(...inRecord(text)), text).toBe(false)
      expect(set.has(...inRecord(text)), text).toBe(false)
    }
    expect(set.size).toBe(0)
  })

  test('needs at most 46 bytes a pseudonym once it is of some size', () => {
    const set = new PseudonymSet()
    let most = 0
    for (let n = 1; n <= 100_000; n++) {
      set.add(...digest(n))
      if (n > 1_000) most = Math.max(most, set.bytes / set.size)
    }
    expect(most).toBeLessThan(46)
  })
})

/** Spread as an HMAC's are. */
function digest(n: number): [Buffer, number, number] {
  const word = (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0')
  return inRecord(`3.${word}${n.toString(16).padStart(24, '0')}`)
}
