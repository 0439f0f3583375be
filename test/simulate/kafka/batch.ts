import { crc32c } from '@node-rs/crc32'
import * as layout from '../../../libs/kafka/src/batch/layout.ts'
import { writeVarint } from '../../../libs/kafka/src/wire/varint.ts'

/** A record batch as it lies in a log: its bytes, and what of them is needed again and again. */
export interface Batch {
  readonly bytes: Buffer
  base: number
  /** Its last offset. */
  last: number
  readonly producerId: number
  readonly epoch: number
  readonly sequence: number
  readonly count: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** Of a marker. */
  readonly isCommit: boolean
  readonly appendedAtMs: number
  /** Infinity: not, or not yet. */
  committedAtMs: number
  visibleAtMs: number
}

/** A batch as a client sent it. `bytes` become the log's own. */
export function batchOf(bytes: Buffer): Batch {
  const attributes = bytes.readInt16BE(layout.ATTRIBUTES_AT)
  return {
    bytes,
    base: -1,
    last: -1,
    producerId: Number(bytes.readBigInt64BE(layout.PRODUCER_ID_AT)),
    epoch: bytes.readInt16BE(layout.PRODUCER_EPOCH_AT),
    sequence: bytes.readInt32BE(layout.BASE_SEQUENCE_AT),
    count: bytes.readInt32BE(layout.COUNT_AT),
    isTransactional: (attributes & layout.TRANSACTIONAL) !== 0,
    isControl: (attributes & layout.CONTROL) !== 0,
    isCommit: false,
    appendedAtMs: Date.now(),
    committedAtMs: Number.POSITIVE_INFINITY,
    visibleAtMs: Number.POSITIVE_INFINITY,
  }
}

/** The marker that ends a producer's transaction in a partition (EndTransactionMarker). */
export function markerOf(producerId: number, epoch: number, isCommit: boolean): Batch {
  const record = Buffer.alloc(32)
  // Record: attributes, timestamp and offset deltas, key (version 0 and type), value (version 0 and coordinator epoch).
  let at = writeVarint(record, 0, 16)
  at += 1
  at = writeVarint(record, writeVarint(record, at, 0), 0)
  at = record.writeInt16BE(isCommit ? 1 : 0, writeVarint(record, at, 4) + 2)
  at = writeVarint(record, at, 6) + 6
  at = writeVarint(record, at, 0)
  const bytes = Buffer.alloc(layout.RECORDS_AT + at)
  record.copy(bytes, layout.RECORDS_AT, 0, at)
  const now = Date.now()
  bytes.writeInt32BE(bytes.length - layout.LENGTH_OVERHEAD, layout.LENGTH_AT)
  bytes.writeInt8(2, layout.MAGIC_AT)
  bytes.writeInt16BE(layout.TRANSACTIONAL | layout.CONTROL, layout.ATTRIBUTES_AT)
  bytes.writeBigInt64BE(BigInt(now), layout.BASE_TIMESTAMP_AT)
  bytes.writeBigInt64BE(BigInt(now), layout.MAX_TIMESTAMP_AT)
  bytes.writeBigInt64BE(BigInt(producerId), layout.PRODUCER_ID_AT)
  bytes.writeInt16BE(epoch, layout.PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(-1, layout.BASE_SEQUENCE_AT)
  bytes.writeInt32BE(1, layout.COUNT_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.ATTRIBUTES_AT)), layout.CRC_AT)
  return { ...batchOf(bytes), isCommit }
}

/** Gives a batch its place, as the leader does: neither field lies under the checksum. */
export function place(batch: Batch, base: number, leaderEpoch: number): void {
  batch.base = base
  batch.last = base + batch.bytes.readInt32BE(layout.LAST_OFFSET_DELTA_AT)
  batch.bytes.writeBigInt64BE(BigInt(base), 0)
  batch.bytes.writeInt32BE(leaderEpoch, layout.LEADER_EPOCH_AT)
}

/** message.timestamp.type=LogAppendTime: the broker's time for all records, under a checksum of its own. */
export function stampAppendTime(batch: Batch): void {
  const { bytes } = batch
  bytes.writeInt16BE(bytes.readInt16BE(layout.ATTRIBUTES_AT) | layout.LOG_APPEND_TIME, layout.ATTRIBUTES_AT)
  bytes.writeBigInt64BE(BigInt(batch.appendedAtMs), layout.MAX_TIMESTAMP_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.ATTRIBUTES_AT)), layout.CRC_AT)
}

/** Whether a client's batch is one at all; false for what a broker answers with CORRUPT_MESSAGE. */
export function isSound(bytes: Buffer): boolean {
  if (bytes.length < layout.RECORDS_AT || layout.batchLength(bytes, 0) !== bytes.length) return false
  if (bytes[layout.MAGIC_AT] !== 2) return false
  return crc32c(bytes.subarray(layout.ATTRIBUTES_AT)) === bytes.readUInt32BE(layout.CRC_AT)
}
