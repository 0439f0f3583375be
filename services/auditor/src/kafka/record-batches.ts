import { type Batch, EvidenceError, type KafkaRecord } from '../evidence.ts'
import { decompress } from './decompress.ts'

/** Record batches of message format 2 (KIP-98), as a fetch response has them. */
export interface RawBatch {
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly lastOffset: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly isTransactional: boolean
  /** How many the cleaner has left. */
  readonly records: number
  /** Null for a batch of records; else what a marker says. */
  readonly marker: 'commit' | 'abort' | 'other' | null
  /** Greatest timestamp (ms): the append time where the topic has LogAppendTime, a marker's by the coordinator's clock. */
  readonly maxMs: number
}

const LENGTH_AT = 8
const OVERHEAD = 12
const RECORDS_AT = 61

/** Whole batches; the last one of a response may be cut short, and is left out. */
export function* batchesIn(bytes: Buffer): Generator<RawBatch> {
  let at = 0
  while (bytes.length - at >= RECORDS_AT) {
    const length = bytes.readInt32BE(at + LENGTH_AT) + OVERHEAD
    if (bytes.length - at < length) return
    if (bytes[at + 16] !== 2) throw new EvidenceError('a batch has another message format than 2')
    yield headerOf(bytes.subarray(at, at + length))
    at += length
  }
}

function headerOf(bytes: Buffer): RawBatch {
  const baseOffset = Number(bytes.readBigInt64BE(0))
  const attributes = bytes.readInt16BE(21)
  const isControl = (attributes & 0x20) !== 0
  return {
    bytes,
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(23),
    producerId: Number(bytes.readBigInt64BE(43)),
    producerEpoch: bytes.readInt16BE(51),
    isTransactional: (attributes & 0x10) !== 0,
    records: bytes.readInt32BE(57),
    marker: isControl ? markerOf(bytes) : null,
    maxMs: Number(bytes.readBigInt64BE(35)),
  }
}

/** The key of a control record: version, type (0 abort, 1 commit). */
function markerOf(bytes: Buffer): 'commit' | 'abort' | 'other' {
  // The cleaner may have left nothing of it but its header.
  if (bytes.readInt32BE(57) === 0) return 'other'
  const key = recordsOf(bytes)[0]?.key
  const type = key === null || key === undefined || key.length < 4 ? -1 : key.readInt16BE(2)
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other'
}

export function asBatch(raw: RawBatch, committedMs: number): Batch {
  const { bytes, baseOffset, lastOffset, producerId, producerEpoch } = raw
  return { baseOffset, lastOffset, producerId, producerEpoch, committedMs, records: () => recordsOf(bytes) }
}

function recordsOf(batch: Buffer): KafkaRecord[] {
  const attributes = batch.readInt16BE(21)
  const count = batch.readInt32BE(57)
  const baseOffset = Number(batch.readBigInt64BE(0))
  const baseMs = Number(batch.readBigInt64BE(27))
  const appendMs = (attributes & 0x08) === 0 ? null : Number(batch.readBigInt64BE(35))
  const cursor = { bytes: decompress(batch.subarray(RECORDS_AT), attributes & 0x07), at: 0 }
  const records: KafkaRecord[] = []
  for (let i = 0; i < count; i++) {
    const length = varint(cursor)
    const end = cursor.at + length
    cursor.at++
    const timestampMs = baseMs + varint(cursor)
    const offset = baseOffset + varint(cursor)
    const key = part(cursor)
    const value = part(cursor)
    const headers = varint(cursor)
    records.push({ offset, timestampMs: appendMs ?? timestampMs, key, value, headers })
    cursor.at = end
  }
  return records
}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

function part(cursor: Cursor): Buffer | null {
  const length = varint(cursor)
  if (length < 0) return null
  cursor.at += length
  return cursor.bytes.subarray(cursor.at - length, cursor.at)
}

function varint(cursor: Cursor): number {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw new EvidenceError('a record batch is cut short')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    scale *= 128
  }
}
