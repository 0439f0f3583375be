import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutDecimals } from './decimals.ts'

describe('decimals', () => {
  test.each<[number, number, number | null]>([
    [52.520008, 2, 52.52],
    [-52.529, 2, -52.52],
    [0.29, 2, 0.29],
    [1.005, 2, 1],
    [1.999, 0, 1],
    [-1.999, 0, -1],
    [5, 3, 5],
    [1e21, 2, 1e21],
    [123456789012345680000, 0, 123456789012345680000],
    [1.5e-7, 7, 1e-7],
    [1.5e-7, 6, 0],
    [5e-324, 15, 0],
    [Number.MAX_VALUE, 0, Number.MAX_VALUE],
    [0.1 + 0.2, 15, 0.3],
    [0, 2, 0],
    [Number.NaN, 2, null],
    [Number.POSITIVE_INFINITY, 2, null],
    [Number.NEGATIVE_INFINITY, 2, null],
  ])('%d at %i digits is %d', (value, digits, cut) => {
    expect(cutDecimals(value, digits, false)).toBe(cut)
  })

  test('a result of zero has no sign that would tell of what was cut away', () => {
    expect(Object.is(cutDecimals(-0.004, 2, false), 0)).toBe(true)
    expect(Object.is(cutDecimals(-0, 2, false), 0)).toBe(true)
  })

  test('a 32-bit float is cut as it reads, not as its double does', () => {
    expect(cutDecimals(Math.fround(0.29), 2, true)).toBe(0.29)
    expect(cutDecimals(Math.fround(16777216), 0, true)).toBe(16777216)
    expect(cutDecimals(Math.fround(1e-45), 15, true)).toBe(0)
    expect(cutDecimals(Math.fround(-3.4028234663852886e38), 3, true)).toBe(-3.4028235e38)
  })

  test('goes toward zero, by less than one step, and once is enough', () => {
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
    fc.assert(
      fc.property(doubles, fc.integer({ min: 0, max: 6 }), (value, digits) => {
        const cut = cutDecimals(value, digits, false) ?? Number.NaN
        expect(Math.abs(cut)).toBeLessThanOrEqual(Math.abs(value))
        expect(Math.abs(value - cut)).toBeLessThan(10 ** -digits * 1.000001)
        expect(cutDecimals(cut, digits, false)).toBe(cut)
        expect(cut).toBe(Number(cut.toFixed(digits)))
      }),
      { numRuns: 2000 },
    )
  })
})
