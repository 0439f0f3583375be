import type { FetchedPartition, Fetcher } from '@weir/kafka'
import { expect, it } from 'vitest'
import { endMarker, fetched, numberedBatch } from '../fixtures/raw-batches.ts'
import { readRanges } from './read-ranges.ts'

/** A fetcher that answers these, one after the other, and then nothing any more. */
function answering(...answers: FetchedPartition[][]) {
  const asked: string[] = []
  const fetcher: Fetcher = {
    assign: (partition, position) => void asked.push(`assign ${partition}@${position}`),
    unassign: (partition) => void asked.push(`unassign ${partition}`),
    poll: async () => {
      const next = answers.shift()
      if (next === undefined) throw new Error('asked for more than the ranges')
      return next
    },
    close: async () => {},
  }
  return { fetcher, asked }
}

async function read(fetcher: Fetcher, ranges: Parameters<typeof readRanges>[2]) {
  const seen: string[] = []
  for await (const { rows, positions } of readRanges(fetcher, 'raw', ranges)) {
    for (let row = 0; row < rows.count; row++) seen.push(`${rows.partition[row]}:${rows.offset[row]}`)
    seen.push(...positions.map(({ partition, offset }) => `to ${partition}@${offset}`))
  }
  return seen
}

it('gives the rows of the ranges and no others, though batches begin before and end after', async () => {
  const { fetcher, asked } = answering(
    [fetched(0, 2, [numberedBatch(0, 5)]), fetched(1, 0, [numberedBatch(0, 1)])],
    [],
    [fetched(1, 1, [numberedBatch(1, 2)])],
  )
  const ranges = [
    { partition: 0, from: 2, to: 4 },
    { partition: 1, from: 0, to: 3 },
  ]
  expect(await read(fetcher, ranges)).toEqual(['0:2', '0:3', 'to 0@4', '1:0', 'to 1@1', '1:1', '1:2', 'to 1@3'])
  expect(asked).toEqual(['assign 0@2', 'assign 1@0', 'unassign 0', 'unassign 1'])
})

it('is through also where a range ends with offsets that hold no row', async () => {
  const { fetcher } = answering([fetched(0, 0, [numberedBatch(0, 2, 1n), endMarker(2)])])
  expect(await read(fetcher, [{ partition: 0, from: 0, to: 3 }])).toEqual(['0:0', '0:1', 'to 0@3'])
})
