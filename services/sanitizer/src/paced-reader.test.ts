import { Rows } from '@weir/kafka'
import { expect, it } from 'vitest'
import type { Clock } from './environment.ts'
import { PacedReader } from './paced-reader.ts'
import type { Reader } from './reader.ts'

/** A reader that has a chunk of so many records whenever it is asked; time passes only in sleeps. */
function setUp(perSecond: number, chunkRecords: number) {
  let nowMs = 5_000
  const slept: number[] = []
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      slept.push(ms)
      nowMs += ms
    },
  }
  const waits: number[] = []
  const inner: Reader = {
    lag: 7,
    assign: () => {},
    unassign: () => {},
    sawEnd: () => {},
    next: async (waitMs) => {
      waits.push(waitMs)
      const rows = new Rows(chunkRecords)
      rows.count = chunkRecords
      return { rows, positions: [], ranges: [] }
    },
  }
  const reader = new PacedReader(inner, perSecond, clock, new AbortController().signal)
  return { reader, slept, waits, elapsedMs: () => nowMs - 5_000 }
}

it('hands out no more records than its rate over any time, but for the first chunk', async () => {
  const { reader, elapsedMs } = setUp(500, 40)
  let records = 0
  while (elapsedMs() < 10_000) {
    records += (await reader.next(100))?.rows.count ?? 0
    expect(records).toBeLessThanOrEqual(40 + elapsedMs() / 2)
  }
  expect(records).toBeGreaterThan(0.95 * 5_000)
})

it('rests no longer at once than it may wait, and has nothing meanwhile', async () => {
  const { reader, slept } = setUp(100, 100)
  expect((await reader.next(10))?.rows.count).toBe(100)
  expect(await reader.next(10)).toBe(null)
  expect(await reader.next(100)).toBe(null)
  expect(slept).toEqual([10, 100])
})

it('waits for records only with what its rest has left', async () => {
  const { reader, slept, waits } = setUp(1_000, 30)
  await reader.next(100)
  await reader.next(100)
  expect([slept, waits]).toEqual([[30], [100, 70]])
})
