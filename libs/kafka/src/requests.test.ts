import { expect, test } from 'vitest'
import { inRequests } from './requests.ts'

const sizes = (bytes: readonly number[], max: number) =>
  inRequests(
    bytes.map((n) => ({ bytes: Buffer.alloc(n) })),
    max,
  ).map((request) => request.map((batch) => batch.bytes.length))

test('Batches share requests up to the bound, in order, and one beyond it goes alone', () => {
  expect(sizes([4, 4, 4, 2], 10)).toEqual([
    [4, 4],
    [4, 2],
  ])
  expect(sizes([3, 20, 3], 10)).toEqual([[3], [20], [3]])
  expect(sizes([10], 10)).toEqual([[10]])
  expect(sizes([], 10)).toEqual([])
})
