import { expect, test } from 'vitest'
import { Marks } from '../read/marks.ts'
import { Views } from './views.ts'

test('a view is compiled once for what holds, and again only after more were in use than are kept', () => {
  const compiled: string[] = []
  const conditions = Array.from({ length: 7 }, (_, bit) => {
    return (_marks: Marks, record: number) => ((record >> bit) & 1) === 1
  })
  const views = new Views(conditions, (holds) => {
    compiled.push(holds.map(Number).join(''))
    return () => {}
  })
  const marks = new Marks()
  const first = views.of(marks, 5)
  for (let record = 0; record < 64; record++) views.of(marks, record)
  expect(views.of(marks, 5)).toBe(first)
  expect(new Set(compiled).size).toBe(64)
  expect(compiled.length).toBe(64)
  expect(compiled[0]).toBe('1010000')

  views.of(marks, 64)
  expect(views.of(marks, 5)).not.toBe(first)
  expect(compiled.length).toBe(66)
})

test('an event has the view of what holds of it, whatever events came before', () => {
  const conditions = [0, 1, 2].map((bit) => (_marks: Marks, record: number) => ((record >> bit) & 1) === 1)
  const holding = new Map<unknown, string>()
  const views = new Views(conditions, (holds) => {
    const view = () => {}
    holding.set(view, holds.map(Number).join(''))
    return view
  })
  const marks = new Marks()
  for (const record of [1, 2, 7, 0, 3, 7, 4, 6, 5, 7, 0, 1, 2, 3, 4, 5, 6]) {
    const expected = [0, 1, 2].map((bit) => (record >> bit) & 1).join('')
    expect(holding.get(views.of(marks, record))).toBe(expected)
  }
  expect(holding.size).toBe(8)
})
