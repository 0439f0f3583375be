import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest, nearestPath } from './nearest.ts'

describe('the nearest name', () => {
  it('is the one with the fewest slips, or none when nothing is like it', () => {
    expect(nearest('kepe', ['keep', 'day'])).toBe('keep')
    expect(nearest('elephant', ['keep', 'day'])).toBeNull()
  })

  it('is found for a path whose record was forgotten or is another', () => {
    const paths = ['page.path', 'product.category', 'geo.country']
    expect(nearestPath('category', paths)).toBe('product.category')
    expect(nearestPath('item.categry', paths)).toBe('product.category')
  })

  it('counts slips alike in both directions, and none only for equals', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
      }),
    )
  })

  it('counts two letters in the wrong order as one slip', () => {
    expect(editDistance('conutry', 'country')).toBe(1)
  })
})
