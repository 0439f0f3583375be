import { padded, SealError, type Sealer, unpadded } from '@weir/pseudonym'

/** A raw record as it was when it could not be processed. */
export interface RawRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** When the raw topic took it (Unix ms): what its event time can't be later than, whenever it is looked at again. */
  readonly appendTimeMs: number
}

const LENGTH_BYTES = 4
const TIME_BYTES = 8
const NULL_LENGTH = 0xffffffff
const EMPTY = Buffer.alloc(0)

/**
 * Value of a quarantine record: key and value, each behind its length as 4 bytes big-endian (ffffffff: null), then the
 * append time as 8 bytes; padded and sealed for the topic.
 * @param nonce12 see Sealer
 */
export function sealRawRecord(sealer: Sealer, topic: string, record: RawRecord, nonce12: Uint8Array): Buffer {
  const { key, value, appendTimeMs } = record
  const time = Buffer.alloc(TIME_BYTES)
  time.writeBigInt64BE(BigInt(appendTimeMs))
  const plaintext = Buffer.concat([length(key), key ?? EMPTY, length(value), value ?? EMPTY, time])
  return sealer.seal(topic, padded(plaintext), nonce12)
}

/**
 * Key and value are views of one buffer of this record alone.
 * @throws SealError when it was not sealed for this topic, or is no raw record; KeyEpochMissingError
 */
export function openRawRecord(sealer: Sealer, topic: string, sealed: Uint8Array): RawRecord {
  const plaintext = unpadded(sealer.open(topic, sealed))
  const key = taken(plaintext, 0)
  const value = taken(plaintext, key.next)
  if (plaintext.length !== value.next + TIME_BYTES) throw noRawRecord()
  return { key: key.part, value: value.part, appendTimeMs: Number(plaintext.readBigInt64BE(value.next)) }
}

function length(part: Buffer | null): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeUInt32BE(part === null ? NULL_LENGTH : part.length)
  return bytes
}

function taken(bytes: Buffer, at: number): { part: Buffer | null; next: number } {
  const start = at + LENGTH_BYTES
  if (start > bytes.length) throw noRawRecord()
  const count = bytes.readUInt32BE(at)
  if (count === NULL_LENGTH) return { part: null, next: start }
  if (start + count > bytes.length) throw noRawRecord()
  return { part: bytes.subarray(start, start + count), next: start + count }
}

function noRawRecord(): SealError {
  return new SealError('an opened quarantine record does not hold a raw record')
}
