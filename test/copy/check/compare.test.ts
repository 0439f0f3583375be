import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare } from './compare.ts'
import { LogTexts } from './log-texts.ts'

const source = ['a', 'b', 'c', 'd', 'e']

describe('the check of a copy', () => {
  test('finds nothing wrong with an equal copy', () => {
    expect(compare(source, [...source])).toEqual({ missing: 0, extra: 0, outOfOrder: 0 })
  })

  test('finds a loss', () => {
    expect(compare(source, ['a', 'b', 'd', 'e'])).toEqual({ missing: 1, extra: 0, outOfOrder: 0 })
    expect(compare(source, [])).toEqual({ missing: 5, extra: 0, outOfOrder: 0 })
  })

  test('finds a repeat, beside the first and later', () => {
    expect(compare(source, ['a', 'b', 'b', 'c', 'd', 'e'])).toEqual({ missing: 0, extra: 1, outOfOrder: 0 })
    expect(compare(source, [...source, 'a', 'b'])).toEqual({ missing: 0, extra: 2, outOfOrder: 0 })
  })

  test('finds a disorder', () => {
    expect(compare(source, ['a', 'c', 'b', 'd', 'e'])).toEqual({ missing: 0, extra: 0, outOfOrder: 1 })
    expect(compare(source, ['e', 'a', 'b', 'c', 'd'])).toEqual({ missing: 0, extra: 0, outOfOrder: 4 })
  })

  test('finds a changed record, as one that is missing and one too many', () => {
    expect(compare(source, ['a', 'b', 'x', 'd', 'e'])).toEqual({ missing: 1, extra: 1, outOfOrder: 0 })
  })

  test('lets equal records of the source be as many in the copy', () => {
    expect(compare(['a', 'a', 'b'], ['a', 'a', 'b'])).toEqual({ missing: 0, extra: 0, outOfOrder: 0 })
    expect(compare(['a', 'a', 'b'], ['a', 'b'])).toEqual({ missing: 1, extra: 0, outOfOrder: 0 })
  })

  test('finds nothing exactly when both are equal, whatever they are', () => {
    const log = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 })
    fc.assert(
      fc.property(log, log, (one, other) => {
        const { missing, extra, outOfOrder } = compare(one, other)
        expect(missing + extra + outOfOrder === 0).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
    )
  })
})

describe('the text of a record', () => {
  const record = { partition: 0, offset: 0, timestamp: 1, key: Buffer.from('k'), value: Buffer.from('v') }
  const textOf = (more: Partial<typeof record> | { key: null } | { value: null }) => {
    const texts = new LogTexts(1)
    texts.add({ ...record, ...more })
    return texts.of(0)[0]
  }

  test('differs with each byte of key and value, with their border, with null, and with the timestamp', () => {
    const variants = [
      textOf({}),
      textOf({ key: Buffer.from('l') }),
      textOf({ value: Buffer.from([0xff]) }),
      textOf({ value: Buffer.from([0xfe]) }),
      textOf({ key: Buffer.from('kv'), value: Buffer.from('') }),
      textOf({ key: null }),
      textOf({ key: Buffer.from('') }),
      textOf({ value: null }),
      textOf({ timestamp: 2 }),
    ]
    expect(new Set(variants).size).toBe(variants.length)
  })

  test('does not differ with the offset: a copy has other ones', () => {
    expect(textOf({ offset: 7 })).toBe(textOf({}))
  })

  test('refuses a log whose offsets do not rise', () => {
    const texts = new LogTexts(1)
    texts.add({ ...record, offset: 5 })
    expect(() => texts.add({ ...record, offset: 5 })).toThrow(/offset 5/)
  })
})
