import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fetched } from '../../fixtures/log.ts'
import { RecordTooLarge } from '../errors.ts'
import { BatchBuilder } from './batch-builder.ts'
import { ATTRIBUTES_AT, COUNT_AT, LENGTH_AT, MAX_TIMESTAMP_AT, PRODUCER_EPOCH_AT, PRODUCER_ID_AT } from './layout.ts'
import { Rows } from './rows.ts'
import { nextSequence, seal } from './seal.ts'
import { RecordWalk } from './walk.ts'

const bytesOrNull = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })
const record = fc.record({
  timestampMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(fc.tuple(fc.string({ maxLength: 20 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 3 }),
})

test('Records come back from finished batches as they went in, and no batch is larger than allowed', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), fc.integer({ min: 1_500, max: 20_000 }), (records, limit) => {
      const builder = new BatchBuilder('t', 3, limit)
      for (const { timestampMs, key, value, headers } of records) builder.append(timestampMs, key, value, headers)
      const batches = builder.finish()
      expect(batches.reduce((sum, b) => sum + b.recordCount, 0)).toBe(records.length)
      const rows = new Rows(100)
      for (const batch of batches) {
        expect(batch.bytes.length).toBeLessThanOrEqual(limit)
        seal(batch, { producerId: 7n, epoch: 1 }, 0, true)
        new RecordWalk(fetched([batch.bytes])).fill(rows, 100)
      }
      expect(rows.count).toBe(records.length)
      for (const [i, { timestampMs, key, value }] of records.entries()) {
        expect(rows.timestampMs[i]).toBe(timestampMs)
        expect(part(rows.source[i], rows.keyStart[i], rows.keyEnd[i])).toEqual(key && Buffer.from(key))
        expect(part(rows.source[i], rows.valueStart[i], rows.valueEnd[i])).toEqual(value && Buffer.from(value))
      }
    }),
  )
})

test('A batch says its length, count, highest time and, once sealed, its producer', () => {
  const builder = new BatchBuilder('t', 0)
  builder.append(500, null, Buffer.from('a'))
  builder.append(900, null, Buffer.from('b'))
  builder.append(100, null, Buffer.from('c'))
  const [batch] = builder.finish()
  if (batch === undefined) throw new Error('no batch')
  seal(batch, { producerId: 5n, epoch: 9 }, 42, true)
  const { bytes } = batch
  expect(bytes.readInt32BE(LENGTH_AT)).toBe(bytes.length - 12)
  expect(bytes.readInt32BE(COUNT_AT)).toBe(3)
  expect(bytes.readBigInt64BE(MAX_TIMESTAMP_AT)).toBe(900n)
  expect(bytes.readBigInt64BE(PRODUCER_ID_AT)).toBe(5n)
  expect(bytes.readInt16BE(PRODUCER_EPOCH_AT)).toBe(9)
  expect(bytes.readInt16BE(ATTRIBUTES_AT)).toBe(0x10)
})

test('A record too large for any batch is refused without its content, and the others stay', () => {
  const builder = new BatchBuilder('t', 5, 1_000)
  builder.append(1, null, Buffer.from('before'))
  const secret = Buffer.from('s3cret'.repeat(200))
  expect(() => builder.append(1, null, secret)).toThrow(RecordTooLarge)
  expect(() => builder.append(1, null, secret)).not.toThrow(/s3cret/)
  builder.append(1, null, Buffer.from('after'))
  expect(builder.finish().map((b) => b.recordCount)).toEqual([2])
})

test('A finished builder is empty', () => {
  const builder = new BatchBuilder('t', 0)
  builder.append(1, null, null)
  expect(builder.finish()).toHaveLength(1)
  expect(builder.finish()).toEqual([])
})

test('Sequence numbers go on from 0 after the highest', () => {
  expect(nextSequence(0, 3)).toBe(3)
  expect(nextSequence(0x7fffffff, 1)).toBe(0)
  expect(nextSequence(0x7ffffffe, 5)).toBe(3)
})

function part(source: Buffer | undefined, start = -1, end = -1): Buffer | null {
  return start < 0 || source === undefined ? null : source.subarray(start, end)
}
