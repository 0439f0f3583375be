import { CorruptBatch, type FetchedPartition, type Fetcher, OffsetOutOfRange } from '@weir/kafka'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dataBatch, endMarker, fetched, numberedBatch, type RawBatch } from '../fixtures/raw-batches.ts'
import type { Chunk } from './chunk.ts'
import { ChunkReader, type ReadingBounds } from './chunk-reader.ts'

interface Response {
  readonly partitions: FetchedPartition[]
  readonly afterMs: number
}

/** A reader over a fetcher that answers what the test queues; time passes only while it is waited for. */
function setUp(...assigned: number[]) {
  return setUpWithin({}, ...assigned)
}

function setUpWithin(bounds: ReadingBounds, ...assigned: number[]) {
  const responses: Response[] = []
  const asked: string[] = []
  let nowMs = 0
  const fetcher: Fetcher = {
    assign: (partition, position) => void asked.push(`assign ${partition}@${position}`),
    unassign: (partition) => void asked.push(`unassign ${partition}`),
    poll: async (waitMs) => {
      asked.push(`poll ${waitMs}`)
      const next = responses[0]
      if (next === undefined || next.afterMs > waitMs) {
        nowMs += waitMs
        return []
      }
      responses.shift()
      nowMs += next.afterMs
      return next.partitions
    },
    close: async () => {},
  }
  const reader = new ChunkReader('raw', fetcher, () => nowMs, bounds)
  for (const partition of assigned) reader.assign(partition, 0)
  asked.length = 0
  const answer = (partitions: FetchedPartition[], afterMs = 0) => void responses.push({ partitions, afterMs })
  return { reader, asked, answer, elapsedMs: () => nowMs }
}

/** `partition:offset` of each row, in order. */
function rowsOf(chunk: Chunk | null): string[] {
  if (chunk === null) return []
  const { rows } = chunk
  return Array.from({ length: rows.count }, (_, row) => `${rows.partition[row]}:${rows.offset[row]}`)
}

function positionsOf(chunk: Chunk | null): string[] {
  return (chunk?.positions ?? []).map(({ partition, offset }) => `${partition}@${offset}`)
}

describe('a chunk', () => {
  it('is not there when nothing came in the time given, neither sooner nor later', async () => {
    const { reader, asked, elapsedMs } = setUp(0)
    expect(await reader.next(100)).toBe(null)
    expect(elapsedMs()).toBe(100)
    expect(asked).toEqual(['poll 100'])
  })

  it('has rows of all partitions, their bytes as they were, and where each partition goes on', async () => {
    const { reader, answer } = setUp(0, 1)
    const made = dataBatch(0, [
      { key: 'anna', value: Buffer.from('one') },
      { key: null, value: null },
    ])
    answer([fetched(0, 0, [made]), fetched(1, 0, [numberedBatch(0, 1)])])
    const chunk = await reader.next(100)
    expect(rowsOf(chunk)).toEqual(['0:0', '0:1', '1:0'])
    expect(chunk?.positions).toEqual([
      { topic: 'raw', partition: 0, offset: 2 },
      { topic: 'raw', partition: 1, offset: 1 },
    ])
    const { source, keyStart, keyEnd, valueStart, valueEnd } = (chunk as Chunk).rows
    expect(source[0]?.toString('utf8', keyStart[0], keyEnd[0])).toBe('anna')
    expect(source[0]?.toString('utf8', valueStart[0], valueEnd[0])).toBe('one')
    expect([keyStart[1], valueStart[1]]).toEqual([-1, -1])
  })

  it('gathers for 10 ms after its first rows, not longer', async () => {
    const { reader, answer, asked, elapsedMs } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 1)])], 60)
    answer([fetched(0, 1, [numberedBatch(1, 1)])], 4)
    answer([fetched(0, 2, [numberedBatch(2, 1)])], 7)
    expect(rowsOf(await reader.next(100))).toEqual(['0:0', '0:1'])
    expect(asked).toEqual(['poll 100', 'poll 10', 'poll 6'])
    expect(elapsedMs()).toBe(70)
    expect(rowsOf(await reader.next(100))).toEqual(['0:2'])
  })

  it('is full at 8,000 records, whatever their bytes; the next one goes on within the batch', async () => {
    const { reader, answer, asked } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 5_000), numberedBatch(5_000, 5_000)])])
    const full = await reader.next(100)
    expect([full?.rows.count, positionsOf(full)]).toEqual([8_000, ['0@8000']])
    expect(asked).toEqual(['poll 100'])
    const rest = await reader.next(100)
    expect([rest?.rows.count, rowsOf(rest)[0], positionsOf(rest)]).toEqual([2_000, '0:8000', ['0@10000']])
  })

  it('keeps its rows while the next one is read', async () => {
    const { reader, answer } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 2)])])
    const first = await reader.next(100)
    expect(await reader.next(100)).toBeNull()
    answer([fetched(0, 2, [numberedBatch(2, 3)])])
    const second = await reader.next(100)
    expect([rowsOf(first), rowsOf(second)]).toEqual([
      ['0:0', '0:1'],
      ['0:2', '0:3', '0:4'],
    ])
  })

  it('that is full leaves other partitions for the next, without a position for them', async () => {
    const { reader, answer } = setUp(0, 1)
    answer([fetched(0, 0, [numberedBatch(0, 8_000)]), fetched(1, 0, [numberedBatch(0, 1)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@8000'])
    expect(positionsOf(await reader.next(100))).toEqual(['1@1'])
  })

  it('has what lies before a damaged batch; what comes after says which one it is', async () => {
    const { reader, answer } = setUp(0)
    const damaged = numberedBatch(2, 1)
    damaged.bytes[damaged.bytes.length - 1] = 0x55
    answer([fetched(0, 0, [numberedBatch(0, 2), damaged])])
    const chunk = await reader.next(100)
    expect(rowsOf(chunk)).toEqual(['0:0', '0:1'])
    expect(positionsOf(chunk)).toEqual(['0@2'])
    await expect(reader.next(100)).rejects.toThrow(CorruptBatch)
    await expect(reader.next(100)).rejects.toThrow('offset 2 of partition 0')
  })

  it('can’t be had when a position is not in the log', async () => {
    const { reader } = setUpFailing(new OffsetOutOfRange('raw', 0, 5, 9))
    await expect(reader.next(100)).rejects.toMatchObject({ code: 'WEIR_KAFKA_OFFSET_OUT_OF_RANGE' })
  })
})

function setUpFailing(error: Error) {
  const fetcher: Fetcher = {
    assign: () => {},
    unassign: () => {},
    poll: async () => {
      throw error
    },
    close: async () => {},
  }
  return { reader: new ChunkReader('raw', fetcher, () => 0) }
}

describe('positions', () => {
  it('lie behind control records and aborted transactions that follow or precede the rows', async () => {
    const { reader, answer } = setUp(0)
    const batches = [
      endMarker(0),
      numberedBatch(1, 2, 1n),
      endMarker(3),
      numberedBatch(4, 2, 2n),
      endMarker(6, 2n, 'abort'),
    ]
    answer([fetched(0, 0, batches, { aborted: [{ producerId: 2n, firstOffset: 4 }] })])
    const chunk = await reader.next(100)
    expect(rowsOf(chunk)).toEqual(['0:1', '0:2'])
    expect(positionsOf(chunk)).toEqual(['0@7'])
  })

  it('that moved without rows give no chunk: neither the old ones nor the new ones', async () => {
    const { reader, answer } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 3)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@3'])
    answer([fetched(0, 3, [endMarker(3), endMarker(4)])])
    answer([fetched(0, 5, [numberedBatch(5, 2, 2n)], { aborted: [{ producerId: 2n, firstOffset: 5 }] })])
    expect(await reader.next(100)).toBe(null)
    expect(reader.lag).toBe(0)
  })

  it('that moved without rows go with the next rows of their own partition, not with another’s', async () => {
    const { reader, answer } = setUp(0, 1)
    answer([fetched(0, 0, [numberedBatch(0, 3)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@3'])
    answer([fetched(0, 3, [endMarker(3)]), fetched(1, 0, [numberedBatch(0, 1)])])
    expect(positionsOf(await reader.next(100))).toEqual(['1@1'])
    answer([fetched(0, 4, [endMarker(4), numberedBatch(5, 1)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@6'])
  })

  it('move with control records that come while the chunk still gathers', async () => {
    const { reader, answer } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 1, 1n)])])
    answer([fetched(0, 1, [endMarker(1)])], 3)
    expect(positionsOf(await reader.next(100))).toEqual(['0@2'])
  })
})

describe('a partition', () => {
  it('that is moved gives its rows again from there, within a batch too', async () => {
    const { reader, answer, asked } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 5)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@5'])
    reader.assign(0, 3)
    expect(asked).toContain('assign 0@3')
    answer([fetched(0, 3, [numberedBatch(0, 5)])])
    const again = await reader.next(100)
    expect(rowsOf(again)).toEqual(['0:3', '0:4'])
    expect(positionsOf(again)).toEqual(['0@5'])
  })

  it('that is moved does not give what was read before', async () => {
    const { reader, answer } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 9_000)])])
    await reader.next(100)
    reader.assign(0, 2)
    answer([fetched(0, 2, [numberedBatch(2, 1)])])
    expect(rowsOf(await reader.next(100))).toEqual(['0:2'])
  })

  it('that is given up gives nothing more: what was read is dropped, what still comes is not taken', async () => {
    const { reader, answer, asked } = setUp(0, 1)
    answer([fetched(0, 0, [numberedBatch(0, 8_000)]), fetched(1, 0, [numberedBatch(0, 2)])])
    await reader.next(100)
    reader.unassign(1)
    expect(asked).toContain('unassign 1')
    answer([fetched(1, 2, [numberedBatch(2, 1)]), fetched(0, 8_000, [numberedBatch(8_000, 1)])])
    expect(rowsOf(await reader.next(100))).toEqual(['0:8000'])
  })
})

describe('the lag', () => {
  it('is what was appended and not handed out, over all partitions that are read', async () => {
    const { reader, answer } = setUp(0, 1)
    expect(reader.lag).toBe(0)
    answer([
      fetched(0, 0, [numberedBatch(0, 2)], { highWatermark: 10 }),
      fetched(1, 0, [numberedBatch(0, 1)], { highWatermark: 4 }),
    ])
    await reader.next(100)
    expect(reader.lag).toBe(8 + 3)
    reader.unassign(0)
    expect(reader.lag).toBe(3)
    answer([fetched(1, 1, [], { highWatermark: 6 })])
    await reader.next(100)
    expect(reader.lag).toBe(5)
  })

  it('counts what was read ahead and not handed out', async () => {
    const { reader, answer } = setUp(0)
    answer([fetched(0, 0, [numberedBatch(0, 8_500)])])
    await reader.next(100)
    expect(reader.lag).toBe(500)
  })
})

describe('an end', () => {
  const ends = new Map([
    [0, 4],
    [1, 2],
  ])
  const rangesOf = (chunk: Chunk | null) =>
    (chunk?.ranges ?? []).map(({ partition, from, to }) => [partition, from, to])

  it('cuts off what lies behind it, within a batch too, and is not read on from', async () => {
    const { reader, answer, asked } = setUpWithin({ ends }, 0)
    answer([fetched(0, 0, [numberedBatch(0, 3), numberedBatch(3, 5)], { highWatermark: 90 })])
    const chunk = await reader.next(100)
    expect(rowsOf(chunk)).toEqual(['0:0', '0:1', '0:2', '0:3'])
    expect([positionsOf(chunk), rangesOf(chunk)]).toEqual([['0@4'], [[0, 0, 4]]])
    expect(asked).toContain('unassign 0')
    expect(reader.lag).toBe(0)
    answer([fetched(0, 8, [numberedBatch(8, 1)])])
    expect(await reader.next(100)).toBe(null)
  })

  it('that is reached by offsets without rows gives a chunk without rows', async () => {
    const { reader, answer } = setUpWithin({ ends }, 0)
    answer([fetched(0, 0, [numberedBatch(0, 2)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@2'])
    answer([fetched(0, 2, [numberedBatch(2, 2, 1n), endMarker(4, 1n, 'abort')], { aborted: [aborted(1n, 2)] })])
    const last = await reader.next(100)
    expect([rowsOf(last), positionsOf(last), rangesOf(last)]).toEqual([[], ['0@4'], [[0, 2, 4]]])
    expect(await reader.next(100)).toBe(null)
  })

  it('that lies where records were compacted away is reached by the next batch', async () => {
    const { reader, answer } = setUpWithin({ ends }, 0)
    answer([fetched(0, 0, [numberedBatch(0, 2), numberedBatch(7, 3)])])
    const chunk = await reader.next(100)
    expect([rowsOf(chunk), positionsOf(chunk)]).toEqual([['0:0', '0:1'], ['0@4']])
  })

  it('of one partition does not end another', async () => {
    const { reader, answer } = setUpWithin({ ends }, 0, 1)
    answer([fetched(1, 0, [numberedBatch(0, 9)]), fetched(0, 0, [numberedBatch(0, 1)])])
    const chunk = await reader.next(100)
    expect([rowsOf(chunk), positionsOf(chunk)]).toEqual([
      ['1:0', '1:1', '0:0'],
      ['1@2', '0@1'],
    ])
    answer([fetched(0, 1, [numberedBatch(1, 9)])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@4'])
  })

  it('that is reached already, or of a partition that is not to be read, means not to read at all', () => {
    const { asked } = setUpWithin({ ends: new Map([[0, 0]]) }, 0, 5)
    expect(asked).toEqual([])
    const { reader, asked: then } = setUpWithin({ ends })
    reader.assign(0, 4)
    expect(then).toEqual(['unassign 0'])
  })

  it('is reached again after a rewind', async () => {
    const { reader, answer } = setUpWithin({ ends }, 0)
    answer([fetched(0, 0, [numberedBatch(0, 6)])])
    await reader.next(100)
    reader.assign(0, 2)
    answer([fetched(0, 2, [numberedBatch(0, 6)])])
    const again = await reader.next(100)
    expect([rowsOf(again), positionsOf(again)]).toEqual([['0:2', '0:3'], ['0@4']])
  })

  it('before a damaged batch is reached without meeting it', async () => {
    const { reader, answer } = setUpWithin({ ends }, 0)
    const damaged = numberedBatch(4, 1)
    damaged.bytes[damaged.bytes.length - 1] = 0x55
    answer([fetched(0, 0, [numberedBatch(0, 4), damaged])])
    expect(positionsOf(await reader.next(100))).toEqual(['0@4'])
    expect(await reader.next(100)).toBe(null)
  })
})

it('a chunk has no more records than it is told', async () => {
  const { reader, answer } = setUpWithin({ chunkRecords: 3 }, 0)
  answer([fetched(0, 0, [numberedBatch(0, 5)])])
  expect(positionsOf(await reader.next(100))).toEqual(['0@3'])
  expect(positionsOf(await reader.next(100))).toEqual(['0@5'])
})

const aborted = (producerId: bigint, firstOffset: number) => ({ producerId, firstOffset })

/** A partition's log: data of committed transactions, their markers, and runs of markers alone. */
const logOf = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 }).map((counts) => {
  const batches: RawBatch[] = []
  for (const count of counts) {
    const from = batches.at(-1)?.next ?? 0
    if (count > 0) batches.push(numberedBatch(from, count, 1n))
    batches.push(endMarker(batches.at(-1)?.next ?? 0))
  }
  return batches
})

describe('whoever commits the positions of its chunks', () => {
  it('has each record once, in order, wherever it begins anew, and never commits less than before', async () => {
    const anewAt = fc.array(fc.nat(20), { maxLength: 5 }).map((some) => new Set(some))
    await fc.assert(
      fc.asyncProperty(fc.tuple(logOf, logOf), anewAt, async (logs, anew) => {
        const { reader, answer } = setUp()
        const committed = logs.map(() => 0)
        const handedOut: string[][] = logs.map(() => [])
        // One batch a partition and round, so that chunks of one partition, of both, and of none come by.
        const next = [0, 0]
        const begin = () => {
          for (const [partition, position] of committed.entries()) {
            reader.assign(partition, position)
            next[partition] = (logs[partition] as RawBatch[]).findIndex((batch) => batch.next > position)
          }
        }
        begin()
        for (let round = 0; round < 40; round++) {
          const parts = logs.flatMap((log, partition) => {
            const batch = next[partition] === -1 ? undefined : log[next[partition] as number]
            if (batch === undefined) return []
            next[partition] = (next[partition] as number) + 1
            return [fetched(partition, Math.max(batch.from, committed[partition] as number), [batch])]
          })
          if (parts.length > 0) answer(parts)
          const chunk = await reader.next(10)
          if (anew.has(round)) {
            // The chunk is dropped, as after an unknown outcome.
            begin()
            continue
          }
          for (const row of rowsOf(chunk)) handedOut[Number(row.split(':')[0])]?.push(row)
          for (const { partition, from } of chunk?.ranges ?? []) expect(from).toBe(committed[partition])
          expect(chunk?.ranges.map(({ partition, to }) => `${partition}@${to}`).sort()).toEqual(
            chunk === null ? undefined : positionsOf(chunk).sort(),
          )
          for (const { partition, offset } of chunk?.positions ?? []) {
            expect(offset).toBeGreaterThan(committed[partition] as number)
            committed[partition] = offset
          }
        }
        for (const [partition, log] of logs.entries()) {
          const all = log.flatMap((batch) =>
            Array.from({ length: batch.next - batch.from }, (_, at) => batch.from + at),
          )
          const data = all.filter((offset) =>
            log.some((batch) => isData(batch) && offset >= batch.from && offset < batch.next),
          )
          expect(handedOut[partition]).toEqual(data.map((offset) => `${partition}:${offset}`))
        }
      }),
      { numRuns: 100 },
    )
  })
})

/** Control batches say so in their attributes (bit 5, at byte 21). */
function isData({ bytes }: RawBatch): boolean {
  return (bytes.readInt16BE(21) & 0x20) === 0
}
