import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changed, dataBatch, emptiedBatch, fetched, marker, withRecords } from '../../fixtures/log.ts'
import { CorruptBatch } from '../errors.ts'
import {
  ATTRIBUTES_AT,
  COUNT_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LOG_APPEND_TIME,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  RECORDS_AT,
  wholeBatches,
} from './layout.ts'
import { Rows } from './rows.ts'
import { RecordWalk } from './walk.ts'

const one = (text: string) => [{ timestampMs: 10, key: Buffer.from('k'), value: Buffer.from(text) }]
const many = (count: number) => Array.from({ length: count }, (_, i) => one(`v${i}`)[0] ?? raise())

/** What a walk hands out before it throws, where it then stands, and what it says. */
function upToDamage(walk: RecordWalk, step: number): { offsets: number[]; position: number; says: string } {
  const rows = new Rows(step)
  const all: number[] = []
  for (;;) {
    rows.clear()
    try {
      if (walk.done) throw new Error('the walk has ended')
      walk.fill(rows, step)
    } catch (error) {
      if (!(error instanceof CorruptBatch)) throw error
      expect(rows.count).toBe(0)
      return { offsets: all, position: walk.position, says: error.message }
    }
    all.push(...rows.offset.subarray(0, rows.count))
  }
}

/** Changes a batch in place and leaves its checksum. */
function also(batch: Buffer, change: () => void): Buffer {
  change()
  return batch
}

function raise(): never {
  throw new Error('unreachable')
}

function offsets(walk: RecordWalk, step = 1_000): number[] {
  const rows = new Rows(step)
  const all: number[] = []
  while (!walk.done) {
    rows.clear()
    walk.fill(rows, step)
    all.push(...rows.offset.subarray(0, rows.count))
  }
  return all
}

describe('positions', () => {
  test('A walk of nothing stands at its fetch offset and is done', () => {
    const walk = new RecordWalk(fetched([], { fetchOffset: 17 }))
    expect([walk.done, walk.position]).toEqual([true, 17])
  })

  test('A walk can be taken in parts, and its position is the offset after what was handed out', () => {
    const walk = new RecordWalk(fetched([dataBatch(5, many(4)), dataBatch(9, many(2))], { fetchOffset: 5 }))
    const rows = new Rows(10)
    expect([walk.fill(rows, 3), walk.position, walk.done]).toEqual([3, 8, false])
    expect([walk.fill(rows, 1), walk.position, walk.done]).toEqual([1, 9, false])
    expect([walk.fill(rows, 5), walk.position, walk.done]).toEqual([2, 11, true])
    expect([...rows.offset.subarray(0, 6)]).toEqual([5, 6, 7, 8, 9, 10])
    expect(rows.partition[5]).toBe(3)
  })

  test('No more rows are handed out than there is room for', () => {
    const walk = new RecordWalk(fetched([dataBatch(0, many(9))]))
    const rows = new Rows(4)
    expect(walk.fill(rows, 100)).toBe(4)
    expect(walk.fill(rows, 100)).toBe(0)
    expect(walk.position).toBe(4)
  })

  test('The position passes control records at the end and batches that compaction has emptied', () => {
    const batches = [dataBatch(0, one('a'), 1n), marker(1, 1n, 'commit'), emptiedBatch(2, 9)]
    const walk = new RecordWalk(fetched(batches))
    expect(offsets(walk)).toEqual([0])
    expect(walk.position).toBe(10)
  })

  test('A fetch of emptied batches only gives no rows and moves on', () => {
    const walk = new RecordWalk(fetched([emptiedBatch(4, 6), emptiedBatch(7, 7)], { fetchOffset: 5 }))
    expect([walk.done, walk.position]).toEqual([true, 8])
  })

  test('The position passes what compaction has taken from the end of a batch', () => {
    const cut = changed(dataBatch(0, many(2)), (b) => b.writeInt32BE(6, LAST_OFFSET_DELTA_AT))
    const walk = new RecordWalk(fetched([cut]))
    expect(offsets(walk)).toEqual([0, 1])
    expect(walk.position).toBe(7)
  })

  test('Rows below the fetch offset are left out', () => {
    const walk = new RecordWalk(fetched([dataBatch(0, many(3)), dataBatch(3, many(5))], { fetchOffset: 5 }))
    expect(offsets(walk, 2)).toEqual([5, 6, 7])
    expect(walk.position).toBe(8)
  })

  test('A batch that the broker cut short is not read, and the next offset is that after the last whole one', () => {
    const bytes = Buffer.concat([dataBatch(0, many(3)), dataBatch(3, many(5)).subarray(0, 90)])
    const { records, next } = wholeBatches(bytes)
    expect(next).toBe(3)
    expect(offsets(new RecordWalk(fetched([records])))).toEqual([0, 1, 2])
    expect(wholeBatches(bytes.subarray(0, 30))).toEqual({ records: Buffer.alloc(0), next: undefined, epoch: -1 })
  })
})

describe('records', () => {
  test('Null and empty keys and values are told apart', () => {
    const batch = dataBatch(0, [
      { timestampMs: 1, key: null, value: Buffer.alloc(0) },
      { timestampMs: 1, key: Buffer.alloc(0), value: null },
    ])
    const rows = new Rows(2)
    new RecordWalk(fetched([batch])).fill(rows, 2)
    expect([rows.keyStart[0], rows.keyEnd[0]]).toEqual([-1, -1])
    expect(rows.valueStart[0]).toBeGreaterThan(0)
    expect(rows.valueEnd[0]).toBe(rows.valueStart[0])
    expect(rows.keyStart[1]).toBeGreaterThan(0)
    expect(rows.valueStart[1]).toBe(-1)
  })

  test('With LogAppendTime every row has the time of the append', () => {
    const batch = changed(dataBatch(0, many(2)), (b) => {
      b.writeInt16BE(LOG_APPEND_TIME, ATTRIBUTES_AT)
      b.writeBigInt64BE(1_700_000_000_123n, MAX_TIMESTAMP_AT)
    })
    const rows = new Rows(2)
    new RecordWalk(fetched([batch])).fill(rows, 2)
    expect([...rows.timestampMs]).toEqual([1_700_000_000_123, 1_700_000_000_123])
  })

  test.each([
    ['gzip', 1, zlib.gzipSync],
    ['zstd', 4, zlib.zstdCompressSync],
  ] as const)('%s batches are inflated', (_, codec, deflate) => {
    const plain = dataBatch(0, many(50))
    const batch = withRecords(plain, deflate(plain.subarray(RECORDS_AT)), codec)
    const rows = new Rows(60)
    const walk = new RecordWalk(fetched([batch, dataBatch(50, one('last'))]))
    expect(walk.fill(rows, 60)).toBe(51)
    expect(rows.source[49]?.toString('utf8', rows.valueStart[49], rows.valueEnd[49])).toBe('v49')
    expect(rows.source[50]?.toString('utf8', rows.valueStart[50], rows.valueEnd[50])).toBe('last')
  })

  test('Clearing rows lets go of the fetched bytes', () => {
    const rows = new Rows(2)
    new RecordWalk(fetched([dataBatch(0, one('a'))])).fill(rows, 2)
    rows.clear()
    expect([rows.count, rows.source.length]).toEqual([0, 0])
  })
})

describe('damage', () => {
  test('A flipped bit anywhere under the checksum is noticed', () => {
    const batch = dataBatch(0, many(2))
    for (let at = ATTRIBUTES_AT; at < batch.length; at++) {
      const damaged = Buffer.from(batch)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      expect(() => offsets(new RecordWalk(fetched([damaged])))).toThrow(CorruptBatch)
    }
  })

  const reasons: [what: string, says: RegExp, damage: (batch: Buffer) => Buffer][] = [
    ['a wrong checksum', /checksum/, (b) => also(b, () => b.writeUInt8(b.readUInt8(70) ^ 1, 70))],
    ['a length beyond the bytes', /cut short/, (b) => also(b, () => b.writeInt32BE(10_000, LENGTH_AT))],
    ['a length that is none', /length is wrong/, (b) => also(b, () => b.writeInt32BE(-7, LENGTH_AT))],
    ['an older message format', /message format 1/, (b) => also(b, () => b.writeUInt8(1, MAGIC_AT))],
    ['a base offset that goes back', /do not follow/, (b) => also(b, () => b.writeBigInt64BE(2n, 0))],
    ['an end before its beginning', /do not follow/, (b) => changed(b, () => b.writeInt32BE(-2, LAST_OFFSET_DELTA_AT))],
    ['a negative count', /negative number/, (b) => changed(b, () => b.writeInt32BE(-1, COUNT_AT))],
    ['a codec that is none', /codec 5/, (b) => changed(b, () => b.writeInt16BE(5, ATTRIBUTES_AT))],
    ['a gzip stream that is none', /gzip stream is damaged/, (b) => changed(b, () => b.writeInt16BE(1, ATTRIBUTES_AT))],
    ['a control batch of nothing', /control record/, (b) => changed(b, () => b.writeInt16BE(0x30, ATTRIBUTES_AT))],
  ]

  test.each(reasons)('%s: what stands before is handed out, then it throws, and again', (_, says, damage) => {
    for (const step of [1, 2, 100]) {
      const batches = [dataBatch(5, many(3)), damage(dataBatch(8, many(2))), dataBatch(10, many(2))]
      const walk = new RecordWalk(fetched(batches, { fetchOffset: 6 }))
      for (let again = 0; again < 2; again++) {
        const seen = upToDamage(walk, step)
        expect(seen.offsets).toEqual(again === 0 ? [6, 7] : [])
        expect(seen.position).toBe(8)
        expect(seen.says).toMatch(says)
        expect(seen.says).toMatch(/^Batch at offset (8|2) of partition 3 of t: /)
        expect(walk.done).toBe(false)
      }
    }
  })

  test('A damaged record in the middle of a batch: the records before it are handed out', () => {
    const damages: [says: RegExp, record: Buffer][] = [
      // length, attributes, timestamp delta, offset delta, key length, value length, headers
      [/ends too early/, Buffer.from([200, 1, 0, 0, 2, 1, 1, 0])],
      [/ends too early/, Buffer.from([0, 0, 0, 2, 1, 1, 0])],
      [/ends too early/, Buffer.from([12, 0, 0, 2, 3, 1, 0])],
      [/ends too early/, Buffer.from([12, 0, 0, 2, 1, 20, 0])],
      [/offset or a time/, Buffer.from([12, 0, 0, 0, 1, 1, 0])],
      [/offset or a time/, Buffer.from([12, 0, 0, 8, 1, 1, 0])],
    ]
    const first = dataBatch(0, many(1))
    for (const [says, record] of damages) {
      const records = Buffer.concat([first.subarray(RECORDS_AT), record])
      const batch = changed(withRecords(first, records, 0), (b) => {
        b.writeInt32BE(1, LAST_OFFSET_DELTA_AT)
        b.writeInt32BE(2, COUNT_AT)
      })
      const seen = upToDamage(new RecordWalk(fetched([batch])), 10)
      expect(seen).toMatchObject({ offsets: [0], position: 1, says: expect.stringMatching(says) })
    }
  })

  test('Bytes behind the last record of a batch are damage too', () => {
    const plain = dataBatch(0, many(2))
    const long = withRecords(plain, Buffer.concat([plain.subarray(RECORDS_AT), Buffer.from([1, 2, 3])]), 0)
    expect(upToDamage(new RecordWalk(fetched([long])), 10)).toMatchObject({
      offsets: [0, 1],
      says: expect.stringContaining('left behind'),
    })
  })

  test('An impossible length stays in what is fetched, so that it is told and not asked for again and again', () => {
    const bad = dataBatch(2, many(1))
    bad.writeInt32BE(3, LENGTH_AT)
    const { records, next } = wholeBatches(Buffer.concat([dataBatch(0, many(2)), bad]))
    expect(next).toBe(2)
    expect(upToDamage(new RecordWalk(fetched([records])), 10)).toMatchObject({ offsets: [0, 1], position: 2 })
  })

  test('Records that don’t fit their batch are refused, though the checksum is right', () => {
    const plain = dataBatch(0, many(2))
    const short = withRecords(plain, plain.subarray(RECORDS_AT, plain.length - 3), 0)
    expect(() => offsets(new RecordWalk(fetched([short])))).toThrow(CorruptBatch)
    const wild = withRecords(plain, Buffer.alloc(20, 0xff), 0)
    expect(() => offsets(new RecordWalk(fetched([wild])))).toThrow(CorruptBatch)
  })

  test('Bytes that are not record batches are refused or come to an end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
        const { records } = wholeBatches(Buffer.from(junk))
        try {
          offsets(new RecordWalk(fetched([records])))
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptBatch)
        }
      }),
    )
  })
})
