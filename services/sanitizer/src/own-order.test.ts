import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byPseudonym, shuffled } from './own-order.ts'

/** Who has each row, and the pseudonym's first bits of each person. */
const chunk = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 0xffffffff)), {
    minLength: 1,
    maxLength: 30,
  })
  .chain((places) => fc.tuple(fc.constant(places), fc.array(fc.nat(places.length - 1), { maxLength: 200 })))

test('Rows leave by the pseudonyms of their people, and each person’s in the order they came', () => {
  fc.assert(
    fc.property(chunk, fc.nat(1_000_000), ([places, subject], from) => {
      const rows = [...subject.keys()].map((row) => row + from)
      const subjects = new Int32Array(from + subject.length)
      subjects.set(subject, from)
      const order = [...byPseudonym(rows, subjects, Float64Array.from(places))]
      const place = (row: number) => places[subjects[row] as number] as number
      expect(order).toEqual(rows.toSorted((a, b) => place(a) - place(b) || a - b))
    }),
  )
})

test('Shuffled rows are the same rows, and any of them can come first', () => {
  const drawn = [3, 0, 1]
  const random = { below: (below: number) => (drawn.shift() ?? 0) % below, bytes: () => new Uint8Array(0) }
  expect(shuffled([10, 20, 30, 40], random)).toEqual([30, 20, 10, 40])
  const firsts = [0, 1, 2, 3].map((first) => {
    const lastDraw = [0, 0, 0]
    const rows = shuffled([10, 20, 30, 40], {
      below: (below) => (below === 4 ? first : (lastDraw.shift() ?? 0)),
      bytes: () => new Uint8Array(0),
    })
    expect(rows.toSorted()).toEqual([10, 20, 30, 40])
    return rows.at(-1)
  })
  expect(new Set(firsts).size).toBe(4)
})
