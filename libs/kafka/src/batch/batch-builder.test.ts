import { hash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fetched } from '../../fixtures/log.ts'
import { RecordTooLarge } from '../errors.ts'
import { BatchBuilder } from './batch-builder.ts'
import {
  ATTRIBUTES_AT,
  COUNT_AT,
  LENGTH_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
} from './layout.ts'
import { Rows } from './rows.ts'
import { nextSequence, seal } from './seal.ts'
import { RecordWalk } from './walk.ts'

/** Sizes on both sides of where a varint of a length takes a byte more, and some between. */
const size = fc.oneof(
  fc.integer({ min: 0, max: 130 }),
  ...[64, 8_192].map((border) => fc.integer({ min: border - 60, max: border + 4 })),
)
const sized = (bytes: fc.Arbitrary<number>) =>
  fc.tuple(bytes, fc.nat(255)).map(([length, fill]) => Buffer.alloc(length, fill))
/** A record's value in the parts in which it is written; null: begun and dropped. */
const written = fc.record({
  timestampMs: fc.oneof(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.integer({ min: 0, max: 200 })),
  key: fc.option(sized(fc.oneof(fc.constant(34), size)), { nil: null }),
  parts: fc.array(sized(size), { maxLength: 3 }),
  isDropped: fc.boolean(),
})

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

test('A value written in place gives the batches that its bytes give when appended, and a dropped one none', () => {
  fc.assert(
    fc.property(fc.array(written, { maxLength: 90 }), fc.integer({ min: 70, max: 30_000 }), (records, limit) => {
      const [inPlace, appended] = [new BatchBuilder('t', 3, limit), new BatchBuilder('t', 3, limit)]
      const plain: PlainRecord[] = []
      for (const { timestampMs, key, parts, isDropped } of records) {
        inPlace.open(timestampMs, key)
        for (const part of parts) writeInto(inPlace, part)
        if (isDropped) {
          inPlace.drop()
          continue
        }
        const value = Buffer.concat(parts)
        plain.push({ timestampMs, key, value })
        expect(refusal(() => inPlace.close())).toEqual(refusal(() => appended.append(timestampMs, key, value)))
      }
      const expected = plainBatches(plain, limit)
      expect(inPlace.finish().map(({ bytes }) => bytes)).toEqual(expected)
      expect(appended.finish().map(({ bytes }) => bytes)).toEqual(expected)
    }),
    { numRuns: 300 },
  )
})

test.each([63, 64, 8_191, 8_192, 1_048_575, 1_048_576])(
  'A value of %i bytes stays whole after a short and a long one',
  (length) => {
    for (const before of [0, 100, 10_000, 1_100_000]) {
      const values = [Buffer.alloc(before, 1), Buffer.alloc(length, 2), Buffer.alloc(before, 3)]
      const builder = new BatchBuilder('t', 0, 10_000_000)
      for (const value of values) {
        builder.open(5, null)
        writeInto(builder, value)
        builder.close()
      }
      const records = values.map((value) => ({ timestampMs: 5, key: null, value }))
      // As hashes: comparing megabytes byte by byte takes seconds.
      expect(builder.finish().map(({ bytes }) => sha256(bytes))).toEqual(plainBatches(records, 10_000_000).map(sha256))
    }
  },
)

test('A batch takes the record that just fills it, and not one byte more', () => {
  const records = [30, 40].map((length) => ({ timestampMs: 9, key: null, value: Buffer.alloc(length) }))
  const whole = plainBatch(records).length
  for (const [limit, batches] of [
    [whole, 1],
    [whole - 1, 2],
  ] as const) {
    const builder = new BatchBuilder('t', 0, limit)
    for (const { value } of records) {
      builder.open(9, null)
      writeInto(builder, value)
      builder.close()
    }
    expect(builder.finish().map(({ bytes }) => bytes)).toEqual(plainBatches(records, limit))
    expect(plainBatches(records, limit)).toHaveLength(batches)
  }
})

test('Only one record is open at a time, and none when the batches are taken', () => {
  const builder = new BatchBuilder('t', 0)
  expect(() => builder.close()).toThrow('no record is open')
  expect(() => builder.drop()).toThrow('no record is open')
  builder.open(1, null)
  expect(() => builder.open(1, null)).toThrow('still open')
  expect(() => builder.append(1, null, null)).toThrow('still open')
  expect(() => builder.finish()).toThrow('still open')
  builder.drop()
  expect(builder.finish()).toEqual([])
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

function writeInto(builder: BatchBuilder, part: Uint8Array): void {
  builder.room(part.length)
  builder.bytes.set(part, builder.at)
  // A view of other memory would leave the first byte out.
  builder.bytes.fill(0, builder.at, builder.at + Math.min(1, part.length))
  if (part.length > 0) builder.view.setUint8(builder.at, part[0] as number)
  builder.at += part.length
}

function refusal(act: () => void): unknown {
  try {
    act()
    return null
  } catch (error) {
    expect(error).toBeInstanceOf(RecordTooLarge)
    return error
  }
}

const sha256 = (bytes: Buffer) => hash('sha256', bytes)

interface PlainRecord {
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer
}

/** The same batches once more, from Kafka's message format and plainly; records that fit none are left out. */
function plainBatches(records: readonly PlainRecord[], limit: number): Buffer[] {
  const batches: PlainRecord[][] = []
  for (const record of records) {
    const last = batches.at(-1)
    if (last !== undefined && plainBatch([...last, record]).length <= limit) last.push(record)
    else if (plainBatch([record]).length <= limit) batches.push([record])
  }
  return batches.map(plainBatch)
}

function plainBatch(records: readonly PlainRecord[]): Buffer {
  const base = records[0]?.timestampMs ?? 0
  const bodies = records.map(({ timestampMs, key, value }, i) =>
    withLength(
      Buffer.concat([
        Buffer.of(0),
        zigzag(timestampMs - base),
        zigzag(i),
        withLength(key),
        withLength(value),
        Buffer.of(0),
      ]),
    ),
  )
  const header = Buffer.alloc(RECORDS_AT)
  const bytes = Buffer.concat([header, ...bodies])
  bytes.writeInt32BE(bytes.length - 12, LENGTH_AT)
  bytes.writeInt32BE(-1, 12)
  bytes[16] = 2
  bytes.writeInt32BE(records.length - 1, 23)
  bytes.writeBigInt64BE(BigInt(base), 27)
  bytes.writeBigInt64BE(BigInt(Math.max(...records.map(({ timestampMs }) => timestampMs))), MAX_TIMESTAMP_AT)
  bytes.writeBigInt64BE(-1n, PRODUCER_ID_AT)
  bytes.writeInt16BE(-1, PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(-1, 53)
  bytes.writeInt32BE(records.length, COUNT_AT)
  return bytes
}

function withLength(bytes: Buffer | null): Buffer {
  return bytes === null ? zigzag(-1) : Buffer.concat([zigzag(bytes.length), bytes])
}

function zigzag(value: number): Buffer {
  let rest = BigInt(value) >= 0n ? BigInt(value) * 2n : BigInt(value) * -2n - 1n
  const bytes: number[] = []
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Buffer.from([...bytes, Number(rest)])
}
