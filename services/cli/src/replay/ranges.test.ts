import type { Kafka } from '@weir/kafka'
import { expect, test } from 'vitest'
import { offsetList, partitionList, rangesOf, type WantedRange } from './ranges.ts'
import { lengthText, pointInTime } from './times.ts'

/** Three partitions, of which 0 begins at 5; one record a millisecond, offset n at time n. Partition 2 is empty. */
const kafka: Pick<Kafka, 'endOffsets' | 'offsetsForTimes'> = {
  endOffsets: async (at, end) =>
    at.map(({ partition }) => (end === 'earliest' ? [5, 0, 0] : [100, 50, 0])[partition] ?? 0),
  offsetsForTimes: async (times) =>
    times.map(({ partition, timeMs }) => {
      const end = [100, 50, 0][partition] ?? 0
      return timeMs < end ? Math.max(timeMs, [5, 0, 0][partition] ?? 0) : null
    }),
}
const ranges = (wanted: WantedRange) => rangesOf(kafka, 'raw', 3, wanted)

test('all that there is, by default, without the partitions that are empty', async () => {
  expect(await ranges({})).toEqual([
    { partition: 0, from: 5, to: 100 },
    { partition: 1, from: 0, to: 50 },
  ])
})

test('times become offsets, and the end where a partition has nothing so late', async () => {
  expect(await ranges({ sinceMs: 20, untilMs: 60 })).toEqual([
    { partition: 0, from: 20, to: 60 },
    { partition: 1, from: 20, to: 50 },
  ])
  expect(await ranges({ sinceMs: 70 })).toEqual([{ partition: 0, from: 70, to: 100 }])
})

test('offsets by partition; a partition that is not named has all it holds', async () => {
  expect(await ranges({ from: new Map([[0, 10]]), to: new Map([[0, 12]]), partitions: [1, 0] })).toEqual([
    { partition: 0, from: 10, to: 12 },
    { partition: 1, from: 0, to: 50 },
  ])
})

test.each<[WantedRange, RegExp]>([
  [{ partitions: [3] }, /no partition 3; it has 0 to 2/],
  [{ from: new Map([[0, 4]]) }, /offsets 5 to 100 now, and not 4/],
  [{ to: new Map([[1, 51]]) }, /offsets 0 to 50 now, and not 51/],
  [{ to: new Map([[1, 5]]), partitions: [0] }, /given for partition 1, and --partitions leaves it out/],
])('what is not there is refused', async (wanted, why) => {
  await expect(ranges(wanted)).rejects.toThrow(why)
})

test('what people write is read, and anything else refused', () => {
  expect(partitionList('0,2')).toEqual([0, 2])
  expect(offsetList('0:100,1:250')).toEqual(
    new Map([
      [0, 100],
      [1, 250],
    ]),
  )
  expect(pointInTime('2026-01-15T10:20:00+01:00')).toBe(Date.UTC(2026, 0, 15, 9, 20))
  expect(pointInTime('2026-01-15')).toBe(Date.UTC(2026, 0, 15))
  expect(Math.abs(Date.now() - 7_200_000 - pointInTime('2h'))).toBeLessThan(60_000)
  for (const wrong of ['', 'yesterday', '2026-01-15T10:20', '0h', '15.1.2026'])
    expect(() => pointInTime(wrong)).toThrow()
  for (const wrong of ['', 'a', '0;1']) expect(() => partitionList(wrong)).toThrow()
  for (const wrong of ['', '0', '0:', '0=1']) expect(() => offsetList(wrong)).toThrow()
})

test('times for people have two units at most', () => {
  expect([0.2, 59, 61, 7_325].map(lengthText)).toEqual(['1 s', '59 s', '1 min 1 s', '2 h 2 min'])
})
