import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fetched } from '../../fixtures/log.ts'
import type { FinishedBatch } from '../port.ts'
import { BatchBuilder } from './batch-builder.ts'
import { Rows } from './rows.ts'
import { seal } from './seal.ts'
import { halves } from './split.ts'
import { RecordWalk } from './walk.ts'

const producer = { producerId: 7n, epoch: 2 }

/** Offset, time, key and value of each record, in order. */
function recordsOf(batch: FinishedBatch, compression: 'none' | 'zstd' = 'none'): [number, ...unknown[]][] {
  const rows = new Rows(batch.recordCount)
  const walk = new RecordWalk(fetched([Buffer.from(seal(batch, producer, 5, false, compression))]))
  walk.fill(rows, rows.capacity)
  expect([walk.done, walk.position, rows.count]).toEqual([true, batch.recordCount, batch.recordCount])
  const text = (i: number, start = -1, end = -1) => (start < 0 ? null : rows.source[i]?.toString('hex', start, end))
  return Array.from({ length: rows.count }, (_, i) => [
    rows.offset[i] ?? -1,
    rows.timestampMs[i],
    text(i, rows.keyStart[i], rows.keyEnd[i]),
    text(i, rows.valueStart[i], rows.valueEnd[i]),
  ])
}

const bytes = fc.uint8Array({ maxLength: 300 })
const record = fc.record({
  timestampMs: fc.integer({ min: 0, max: 2e12 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), bytes), { maxLength: 2 }),
})

function batchOf(records: readonly (typeof record extends fc.Arbitrary<infer R> ? R : never)[]): FinishedBatch {
  const builder = new BatchBuilder('t', 3, 10_000_000)
  for (const { timestampMs, key, value, headers } of records) builder.append(timestampMs, key, value, headers)
  const [batch] = builder.finish()
  if (batch === undefined) throw new Error('a batch needs records')
  return batch
}

test('Halves have the records of the whole, in order, each half counted from 0', () => {
  // Beyond 128 records the width of an offset delta changes.
  fc.assert(
    fc.property(fc.array(record, { minLength: 2, maxLength: 300 }), (records) => {
      const whole = batchOf(records)
      const [first, second] = halves(whole)
      expect(first.recordCount + second.recordCount).toBe(records.length)
      expect(Math.abs(first.recordCount - second.recordCount)).toBeLessThan(2)
      const middle = first.recordCount
      const behind = recordsOf(second).map(([offset, ...rest]) => [offset + middle, ...rest])
      expect([...recordsOf(first), ...behind]).toEqual(recordsOf(whole))
      for (const [half, of] of [
        [first, records.slice(0, middle)],
        [second, records.slice(middle)],
      ] as const) {
        expect(half.bytes.readBigInt64BE(35)).toBe(BigInt(Math.max(...of.map((r) => r.timestampMs))))
      }
    }),
    { numRuns: 60 },
  )
})

test('A compressed batch has the same records, and is left as it is where compressing gains nothing', () => {
  const many = batchOf(
    Array.from({ length: 50 }, (_, i) => ({ timestampMs: i, key: null, value: Buffer.alloc(100, i), headers: [] })),
  )
  const plain = recordsOf(many)
  const sealed = seal(many, producer, 5, true, 'zstd')
  expect(sealed.length).toBeLessThan(many.bytes.length / 4)
  expect(sealed.readInt16BE(21)).toBe(0x14)
  expect(recordsOf(many, 'zstd')).toEqual(plain)
  const one = batchOf([{ timestampMs: 1, key: null, value: Buffer.from('x'), headers: [] }])
  expect(seal(one, producer, 0, true, 'zstd')).toBe(one.bytes)
  expect(one.bytes.readInt16BE(21)).toBe(0x10)
})
