import { BatchBuilder, type FetchedPartition, type Fetcher, OffsetOutOfRange } from '@weir/kafka'
import { expect, test, vi } from 'vitest'
import { readRanges } from './read-range.ts'

const [CRC_AT, ATTRIBUTES_AT] = [17, 21]

/** What a fetch at `from` brings: one batch of `count` records. */
function fetched(from: number, count: number): FetchedPartition[] {
  const builder = new BatchBuilder('t', 0)
  for (let i = 0; i < count; i++) builder.append(1, null, Buffer.from('v'))
  const [batch] = builder.finish()
  if (batch === undefined) throw new Error('there are records')
  const { bytes } = batch
  bytes.writeBigInt64BE(BigInt(from), 0)
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT)
  const end = from + count
  const ends = { highWatermark: end, lastStableOffset: end, logStartOffset: 0, leaderEpoch: 0 }
  return [{ topic: 't', partition: 0, records: bytes, fetchOffset: from, ...ends, aborted: [], sentAtMonotonicMs: 0 }]
}

/** CRC-32C (RFC 3720, appendix B.4), bit by bit: a walk refuses a batch whose checksum is wrong. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** Reads offsets 2 to before 6 of partition 0 from a fetcher that answers, or rejects with, these, one a poll. */
async function read(answers: readonly (FetchedPartition[] | Error)[], most = 100) {
  const left = [...answers]
  const asked: string[] = []
  const fetcher: Fetcher = {
    assign: (partition, position) => void asked.push(`assign ${partition}@${position}`),
    unassign: (partition) => void asked.push(`unassign ${partition}`),
    poll: async () => {
      const next = left.shift()
      if (next === undefined) throw new Error('nothing is left to be polled')
      if (next instanceof Error) throw next
      return next
    },
    close: async () => void asked.push('close'),
  }
  const offsets: number[] = []
  const take = async (rows: { readonly count: number; readonly offset: Float64Array }) => {
    offsets.push(...rows.offset.subarray(0, rows.count))
    return offsets.length < most
  }
  const moved: number[] = []
  await readRanges({ fetcher: () => fetcher }, 't', [{ partition: 0, from: 2, to: 6 }], take, (done) =>
    moved.push(done),
  )
  return { offsets, asked, moved }
}

test('A range is read from its first offset to before its end, whatever the batches hold beyond', async () => {
  const { offsets, asked, moved } = await read([fetched(2, 2), [], fetched(4, 5)])
  expect(offsets).toEqual([2, 3, 4, 5])
  expect(asked).toEqual(['assign 0@2', 'unassign 0', 'close'])
  expect(moved).toEqual([2, 2, 4])
})

test('Reading ends once nobody wants more', async () => {
  expect(await read([fetched(2, 2)], 2)).toMatchObject({ offsets: [2, 3], asked: ['assign 0@2', 'close'] })
})

test('What the broker deleted meanwhile is passed over', async () => {
  const gone = new OffsetOutOfRange('t', 0, 2, 4)
  const { offsets, asked } = await read([gone, fetched(4, 2)])
  expect(offsets).toEqual([4, 5])
  expect(asked).toEqual(['assign 0@2', 'assign 0@4', 'unassign 0', 'close'])
  expect(await read([new OffsetOutOfRange('t', 0, 2, 9)])).toMatchObject({
    offsets: [],
    asked: ['assign 0@2', 'unassign 0', 'close'],
  })
})

test('A place that the log never had is an error', async () => {
  await expect(read([new OffsetOutOfRange('t', 0, 2, 0)])).rejects.toThrow(OffsetOutOfRange)
  await expect(read([new OffsetOutOfRange('t', 0, 2, -1)])).rejects.toThrow(OffsetOutOfRange)
})

test('While the broker is away, reading ends after half a minute with an error, and not before', async () => {
  vi.useFakeTimers()
  try {
    const fetcher: Fetcher = { assign: () => {}, unassign: () => {}, poll: async () => [], close: async () => {} }
    let error: unknown = null
    const reading = readRanges({ fetcher: () => fetcher }, 't', [{ partition: 0, from: 2, to: 6 }], async () => true)
    void reading.catch((reason: unknown) => {
      error = reason
    })
    await vi.advanceTimersByTimeAsync(29_000)
    expect(error).toBeNull()
    await vi.advanceTimersByTimeAsync(2_000)
    expect(error).toMatchObject({ name: 'KafkaError', retriable: true, message: expect.stringContaining('of t came') })
  } finally {
    vi.useRealTimers()
  }
})
