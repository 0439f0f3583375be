import { inflate } from '../../../libs/kafka/src/batch/inflate.ts'
import * as layout from '../../../libs/kafka/src/batch/layout.ts'
import { readVarint } from '../../../libs/kafka/src/wire/varint.ts'

/** One record inside a batch's records. */
export interface RawRecord {
  /** Where it lies, its length included. */
  readonly start: number
  readonly end: number
  readonly timestampDelta: number
  readonly offsetDelta: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** Where its headers begin. */
  readonly headersAt: number
}

/** The records of a batch, inflated. */
export function recordsIn(batch: Buffer): { readonly source: Buffer; readonly records: RawRecord[] } {
  const codec = batch.readInt16BE(layout.ATTRIBUTES_AT) & layout.COMPRESSION_MASK
  const packed = batch.subarray(layout.RECORDS_AT)
  const source = codec === 0 ? packed : inflate(packed, codec)
  const records: RawRecord[] = []
  const cursor = { at: 0 }
  for (let left = batch.readInt32BE(layout.COUNT_AT); left > 0; left--) {
    const start = cursor.at
    const length = readVarint(source, cursor)
    const end = cursor.at + length
    cursor.at++ // attributes
    const [timestampDelta, offsetDelta] = [readVarint(source, cursor), readVarint(source, cursor)]
    const key = bytesAt(source, cursor)
    const value = bytesAt(source, cursor)
    records.push({ start, end, timestampDelta, offsetDelta, key, value, headersAt: cursor.at })
    cursor.at = end
  }
  return { source, records }
}

export function headersAt(source: Buffer, at: number): Record<string, string> {
  const cursor = { at }
  const headers: Record<string, string> = {}
  for (let left = readVarint(source, cursor); left > 0; left--) {
    const name = bytesAt(source, cursor)?.toString() ?? ''
    headers[name] = bytesAt(source, cursor)?.toString() ?? ''
  }
  return headers
}

/** Compacted topics refuse a record without a key. */
export function hasKeys(batch: Buffer): boolean {
  return recordsIn(batch).records.every(({ key }) => key !== null)
}

function bytesAt(source: Buffer, cursor: { at: number }): Buffer | null {
  const length = readVarint(source, cursor)
  if (length < 0) return null
  cursor.at += length
  return source.subarray(cursor.at - length, cursor.at)
}
