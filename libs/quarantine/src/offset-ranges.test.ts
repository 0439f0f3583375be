import { expect, test } from 'vitest'
import { rangesOfOffsets } from './offset-ranges.ts'

test('Offsets that follow each other become one range, others stay apart', () => {
  const at = (partition: number, offset: number) => ({ partition, offset })
  expect(rangesOfOffsets([at(1, 4), at(0, 7), at(0, 5), at(0, 6), at(0, 9), at(1, 3)])).toEqual([
    { partition: 0, from: 5, to: 8 },
    { partition: 0, from: 9, to: 10 },
    { partition: 1, from: 3, to: 5 },
  ])
})

test('An offset that is named twice is counted once', () => {
  const offsets = [5, 6, 5, 6].map((offset) => ({ partition: 0, offset }))
  expect(rangesOfOffsets(offsets)).toEqual([{ partition: 0, from: 5, to: 7 }])
})
