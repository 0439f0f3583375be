import type { FinishedBatch } from '../port.ts'
import { readVarint, varintSize, writeVarint } from '../wire/varint.ts'
import * as layout from './layout.ts'

/**
 * A batch of several records as two, the first half of the records and the second, in their order and with their times.
 * For what is not compressed and not sent yet.
 */
export function halves(batch: FinishedBatch): [FinishedBatch, FinishedBatch] {
  const middle = Math.ceil(batch.recordCount / 2)
  return [part(batch, 0, middle), part(batch, middle, batch.recordCount)]
}

function part({ topic, partition, bytes, recordCount }: FinishedBatch, from: number, to: number): FinishedBatch {
  const cursor = { at: layout.RECORDS_AT }
  const kept: Buffer[] = [bytes.subarray(0, layout.RECORDS_AT)]
  let maxTimestampDelta = Number.NEGATIVE_INFINITY
  for (let i = 0; i < recordCount && i < to; i++) {
    const length = readVarint(bytes, cursor)
    const start = cursor.at
    cursor.at++ // attributes
    const timestampDelta = readVarint(bytes, cursor)
    const offsetDeltaAt = cursor.at
    readVarint(bytes, cursor) // offset delta
    const restAt = cursor.at
    cursor.at = start + length
    if (i < from) continue
    maxTimestampDelta = Math.max(maxTimestampDelta, timestampDelta)
    // Only the place in the batch is another, and with it the length.
    const delta = i - from
    const bodyBytes = length - (restAt - offsetDeltaAt) + varintSize(delta)
    const front = Buffer.allocUnsafe(varintSize(bodyBytes) + (offsetDeltaAt - start) + varintSize(delta))
    const at = writeVarint(front, 0, bodyBytes)
    writeVarint(front, at + bytes.copy(front, at, start, offsetDeltaAt), delta)
    kept.push(front, bytes.subarray(restAt, cursor.at))
  }
  const half = Buffer.concat(kept)
  half.writeInt32BE(half.length - layout.LENGTH_OVERHEAD, layout.LENGTH_AT)
  half.writeInt32BE(to - from - 1, layout.LAST_OFFSET_DELTA_AT)
  half.writeBigInt64BE(
    BigInt(layout.int64At(bytes, layout.BASE_TIMESTAMP_AT) + maxTimestampDelta),
    layout.MAX_TIMESTAMP_AT,
  )
  half.writeInt32BE(to - from, layout.COUNT_AT)
  return { topic, partition, recordCount: to - from, bytes: half }
}
