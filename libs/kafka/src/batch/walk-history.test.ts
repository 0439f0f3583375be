import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changed, dataBatch, emptiedBatch, fetched, type LogRecord, marker, withRecords } from '../../fixtures/log.ts'
import { varintSize, writeVarint } from '../wire/varint.ts'
import { COUNT_AT, LAST_OFFSET_DELTA_AT, TRANSACTIONAL } from './layout.ts'
import { Rows } from './rows.ts'
import { RecordWalk } from './walk.ts'

const record = (text: string): LogRecord => ({ timestampMs: 10, key: Buffer.from('k'), value: Buffer.from(text) })
/** Looks like an abort marker to a reader that looks at keys alone. */
const zeroKeyed: LogRecord = { timestampMs: 1, key: Buffer.alloc(4), value: Buffer.alloc(6) }

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

describe('aborted transactions', () => {
  test('Interleaved transactions of two producers are filtered each by its own marker', () => {
    // P1, P2, P1, P2, abort P2, P1, abort P1, then P2 commits: the broker lists the aborted ones in any order.
    const batches = [
      dataBatch(0, [record('p1')], 1n),
      dataBatch(1, [record('p2')], 2n),
      dataBatch(2, [record('p1')], 1n),
      dataBatch(3, [record('p2')], 2n),
      marker(4, 2n, 'abort'),
      dataBatch(5, [record('p1')], 1n),
      marker(6, 1n, 'abort'),
      dataBatch(7, [record('p2 again')], 2n),
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
    const batches = [dataBatch(0, [zeroKeyed], 1n), dataBatch(1, [record('p1')], 1n), marker(2, 1n, 'abort')]
    const aborted = [{ producerId: 1n, firstOffset: 0 }]
    expect(offsets(new RecordWalk(fetched(batches, { aborted })))).toEqual([])
    expect(offsets(new RecordWalk(fetched([dataBatch(0, [zeroKeyed])])))).toEqual([0])
  })

  test('A control batch that the log cleaner has emptied ends nothing, whatever stands behind it', () => {
    const emptied = changed(emptiedBatch(1, 1), (b) => {
      b.writeInt16BE(0x30, 21)
      b.writeBigInt64BE(1n, 43)
    })
    const batches = [
      dataBatch(0, [record('p1')], 1n),
      emptied,
      dataBatch(2, [record('p1')], 1n),
      marker(3, 1n, 'abort'),
    ]
    const aborted = [{ producerId: 1n, firstOffset: 0 }]
    expect(offsets(new RecordWalk(fetched(batches, { aborted })))).toEqual([])
  })

  const act = fc.constantFrom('write', 'write', 'write', 'write', 'plain', 'commit', 'abort', 'abort')
  const step = fc.record({
    producer: fc.integer({ min: 0, max: 4 }),
    act,
    records: fc.array(
      fc.constantFrom<'stays' | 'zero-keyed' | 'compacted'>('stays', 'stays', 'zero-keyed', 'compacted'),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
    /** What the log cleaner does with a batch of which nothing is left. */
    emptied: fc.constantFrom<'gone' | 'kept'>('gone', 'kept'),
  })

  test('For any history, compacted or not, and from any position, exactly what is not aborted is handed out', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.record({ from: fc.nat(), upTo: fc.nat(), chunk: fc.integer({ min: 1, max: 7 }) }),
        fc.infiniteStream(fc.nat()),
        (steps, { from, upTo, chunk }, shuffle) => {
          const history = play(steps)
          const fetchOffset = history.end === 0 ? 0 : from % (history.end + 1)
          const ahead = history.batches.filter((b) => b.end > fetchOffset)
          const taken = ahead.slice(0, 1 + (upTo % (ahead.length + 1)))
          const end = taken.at(-1)?.end ?? fetchOffset
          const aborted = history.aborted
            .filter((a) => a.markerOffset >= fetchOffset && a.firstOffset < end)
            .map((a) => ({ a, order: shuffle.next().value }))
            .sort((one, other) => one.order - other.order)
            .map(({ a }) => a)
          const walk = new RecordWalk(
            fetched(
              taken.map((b) => b.bytes),
              { aborted, fetchOffset },
            ),
          )
          expect(offsets(walk, chunk)).toEqual(history.visible.filter((o) => o >= fetchOffset && o < end))
          expect(walk.position).toBe(end)
        },
      ),
      { numRuns: 1_500 },
    )
  })
})

interface Step {
  readonly producer: number
  readonly act: string
  readonly records: readonly ('stays' | 'zero-keyed' | 'compacted')[]
  readonly emptied: 'gone' | 'kept'
}

/** A log and what a reader must see of it. Transactions that are open at the end are aborted. */
function play(steps: readonly Step[]) {
  const batches: { bytes: Buffer; end: number }[] = []
  const visible: number[] = []
  const aborted: { producerId: bigint; firstOffset: number; markerOffset: number }[] = []
  /** Of each open transaction: its first offset, and the offsets that are left of it. */
  const open = new Map<number, { first: number; left: number[]; batches: number }>()
  let end = 0
  const finish = (producer: number, how: 'commit' | 'abort') => {
    const written = open.get(producer)
    if (written === undefined) return
    open.delete(producer)
    if (how === 'commit') visible.push(...written.left)
    // The cleaner drops marker and index entry together, once nothing of an aborted transaction is left.
    const isForgotten = how === 'abort' && written.batches === 0
    if (how === 'abort' && !isForgotten) {
      aborted.push({ producerId: BigInt(producer), firstOffset: written.first, markerOffset: end })
    }
    if (!isForgotten) batches.push({ bytes: marker(end, BigInt(producer), how), end: end + 1 })
    end++
  }
  for (const { producer, act, records, emptied } of steps) {
    if (act === 'commit' || act === 'abort') {
      finish(producer, act)
      continue
    }
    const base = end
    const left = records.flatMap((kind, i) => (kind === 'compacted' ? [] : [base + i]))
    const id = act === 'write' ? BigInt(producer) : undefined
    end += records.length
    if (left.length > 0 || emptied === 'kept') batches.push({ bytes: holed(base, records, id), end })
    if (id === undefined) visible.push(...left)
    else {
      const of = open.get(producer) ?? { first: base, left: [], batches: 0 }
      const isThere = left.length > 0 || emptied === 'kept'
      open.set(producer, { ...of, left: [...of.left, ...left], batches: of.batches + (isThere ? 1 : 0) })
    }
  }
  for (const producer of [...open.keys()]) finish(producer, 'abort')
  return { batches, visible: visible.sort((a, b) => a - b), aborted, end }
}

/** A batch as the log cleaner leaves it: the records that stay keep their offsets, the batch keeps its first and last. */
function holed(base: number, kinds: Step['records'], producerId: bigint | undefined): Buffer {
  const records = kinds.flatMap((kind, delta) =>
    kind === 'compacted' ? [] : [oneRecord(delta, kind === 'zero-keyed')],
  )
  const whole = dataBatch(base, [record('any')], producerId)
  const attributes = producerId === undefined ? 0 : TRANSACTIONAL
  return changed(withRecords(whole, Buffer.concat(records), attributes), (b) => {
    b.writeInt32BE(kinds.length - 1, LAST_OFFSET_DELTA_AT)
    b.writeInt32BE(records.length, COUNT_AT)
  })
}

function oneRecord(offsetDelta: number, zeroKey: boolean): Buffer {
  const key = zeroKey ? Buffer.alloc(4) : Buffer.from('key')
  const body = Buffer.alloc(40)
  let at = 1 // attributes
  at = writeVarint(body, at, 0) // timestamp delta
  at = writeVarint(body, at, offsetDelta)
  at = writeVarint(body, at, key.length)
  at += key.copy(body, at)
  at = writeVarint(body, at, 6)
  at += 6
  at = writeVarint(body, at, 0) // headers
  const length = Buffer.alloc(varintSize(at))
  writeVarint(length, 0, at)
  return Buffer.concat([length, body.subarray(0, at)])
}
