import zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changed, dataBatch, emptiedBatch, fetched, marker, withRecords } from '../../fixtures/log.ts'
import { CorruptBatch } from '../errors.ts'
import {
  ATTRIBUTES_AT,
  LAST_OFFSET_DELTA_AT,
  LOG_APPEND_TIME,
  MAX_TIMESTAMP_AT,
  RECORDS_AT,
  wholeBatches,
} from './layout.ts'
import { Rows } from './rows.ts'
import { RecordWalk } from './walk.ts'

const one = (text: string) => [{ timestampMs: 10, key: Buffer.from('k'), value: Buffer.from(text) }]
const many = (count: number) => Array.from({ length: count }, (_, i) => one(`v${i}`)[0] ?? raise())

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
    expect(wholeBatches(bytes.subarray(0, 30))).toEqual({ records: Buffer.alloc(0), next: undefined })
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
      expect(() => new RecordWalk(fetched([damaged]))).toThrow(CorruptBatch)
    }
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

describe('aborted transactions', () => {
  test('Interleaved transactions of two producers are filtered each by its own marker', () => {
    // P1, P2, P1, P2, abort P2, P1, abort P1, then P2 commits: the broker lists the aborted ones in any order.
    const batches = [
      dataBatch(0, one('p1'), 1n),
      dataBatch(1, one('p2'), 2n),
      dataBatch(2, one('p1'), 1n),
      dataBatch(3, one('p2'), 2n),
      marker(4, 2n, 'abort'),
      dataBatch(5, one('p1'), 1n),
      marker(6, 1n, 'abort'),
      dataBatch(7, one('p2 again'), 2n),
      marker(8, 2n, 'commit'),
    ]
    const aborted = [
      { producerId: 2n, firstOffset: 1 },
      { producerId: 1n, firstOffset: 0 },
    ]
    expect(offsets(new RecordWalk(fetched(batches, { aborted })))).toEqual([7])
    // From inside an aborted span.
    expect(offsets(new RecordWalk(fetched(batches.slice(2), { aborted, fetchOffset: 2 })))).toEqual([7])
    // read_uncommitted: the broker lists none.
    expect(offsets(new RecordWalk(fetched(batches)))).toEqual([0, 1, 2, 3, 5, 7])
  })

  test('A data record whose key is four zero bytes ends nothing', () => {
    const zeroKey = [{ timestampMs: 1, key: Buffer.alloc(4), value: Buffer.alloc(6) }]
    const batches = [dataBatch(0, zeroKey, 1n), dataBatch(1, one('p1'), 1n), marker(2, 1n, 'abort')]
    const aborted = [{ producerId: 1n, firstOffset: 0 }]
    expect(offsets(new RecordWalk(fetched(batches, { aborted })))).toEqual([])
    expect(offsets(new RecordWalk(fetched([dataBatch(0, zeroKey)])))).toEqual([0])
  })

  test('For any history, exactly the records of committed transactions and of none remain', () => {
    const step = fc.record({
      producer: fc.integer({ min: 0, max: 3 }),
      act: fc.constantFrom('write', 'write', 'write', 'plain', 'commit', 'abort'),
      count: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(), fc.integer({ min: 1, max: 5 }), (steps, from, chunk) => {
        const history = play(steps)
        const fetchOffset = history.end === 0 ? 0 : from % (history.end + 1)
        const batches = history.batches.filter((b) => b.end > fetchOffset).map((b) => b.bytes)
        const expected = history.visible.filter((offset) => offset >= fetchOffset)
        const aborted = history.aborted.filter((a) => a.markerOffset >= fetchOffset)
        const walk = new RecordWalk(fetched(batches, { aborted, fetchOffset }))
        expect(offsets(walk, chunk)).toEqual(expected)
        expect(walk.position).toBe(history.end)
      }),
    )
  })
})

interface Step {
  readonly producer: number
  readonly act: string
  readonly count: number
}

/** A log and what a reader must see of it. Transactions that are open at the end are aborted. */
function play(steps: readonly Step[]) {
  const batches: { bytes: Buffer; end: number }[] = []
  const visible: number[] = []
  const aborted: { producerId: bigint; firstOffset: number; markerOffset: number }[] = []
  const open = new Map<number, number[]>()
  let end = 0
  const append = (bytes: Buffer, count: number) => {
    end += count
    batches.push({ bytes, end })
  }
  const finish = (producer: number, act: 'commit' | 'abort') => {
    const written = open.get(producer)
    if (written === undefined) return
    open.delete(producer)
    if (act === 'commit') visible.push(...written)
    else aborted.push({ producerId: BigInt(producer), firstOffset: written[0] ?? 0, markerOffset: end })
    append(marker(end, BigInt(producer), act), 1)
  }
  for (const { producer, act, count } of steps) {
    const written = Array.from({ length: count }, (_, i) => end + i)
    if (act === 'plain') {
      visible.push(...written)
      append(dataBatch(end, many(count)), count)
    } else if (act === 'write') {
      open.set(producer, [...(open.get(producer) ?? []), ...written])
      append(dataBatch(end, many(count), BigInt(producer)), count)
    } else finish(producer, act === 'commit' ? 'commit' : 'abort')
  }
  for (const producer of [...open.keys()]) finish(producer, 'abort')
  return { batches, visible: visible.sort((a, b) => a - b), aborted: aborted.reverse(), end }
}
