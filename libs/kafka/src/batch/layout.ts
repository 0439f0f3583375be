/**
 * Where the fields of a record batch lie (message format 2): base offset 0, length 8, leader epoch 12, magic 16,
 * CRC 17, attributes 21, last offset delta 23, base timestamp 27, max timestamp 35, producer id 43, producer epoch 51,
 * base sequence 53, record count 57, records from 61. The CRC-32C covers everything from the attributes on.
 */
export const LENGTH_AT = 8
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const COUNT_AT = 57
export const RECORDS_AT = 61
/** Bytes before the part that the length field counts. */
export const LENGTH_OVERHEAD = 12

export const COMPRESSION_MASK = 0x07
export const LOG_APPEND_TIME = 0x08
export const TRANSACTIONAL = 0x10
export const CONTROL = 0x20

/** An int64 field as a number (exact up to 2^53). */
export function int64At(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4)
}

/** Bytes of the batch that starts at `at` by what its header says, or -1 when not even its header is there. */
export function batchLength(bytes: Buffer, at: number): number {
  return bytes.length - at < RECORDS_AT ? -1 : bytes.readUInt32BE(at + LENGTH_AT) + LENGTH_OVERHEAD
}

/** The offset after a batch, compacted records counted. */
export function nextOffset(bytes: Buffer, at: number): number {
  return int64At(bytes, at) + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1
}

/** Lengths are int32: more is a negative number. */
const LARGEST_BATCH = 0x7fffffff

/**
 * The part of a fetch response that is whole batches (its last one may be cut short), the offset after it, and the
 * leader epoch under which its last batch was written. What begins with an impossible length is no batch cut short: it
 * stays, so that the walk meets it and says so.
 */
export function wholeBatches(bytes: Buffer): { records: Buffer; next: number | undefined; epoch: number } {
  let at = 0
  let next: number | undefined
  let epoch = -1
  for (;;) {
    const length = batchLength(bytes, at)
    if (length === -1) break
    if (length < RECORDS_AT || length > LARGEST_BATCH) return { records: bytes, next, epoch }
    if (at + length > bytes.length) break
    next = nextOffset(bytes, at)
    epoch = bytes.readInt32BE(at + LEADER_EPOCH_AT)
    at += length
  }
  return { records: bytes.subarray(0, at), next, epoch }
}
