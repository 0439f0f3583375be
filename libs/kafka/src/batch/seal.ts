import zlib from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import type { Compression, FinishedBatch } from '../port.ts'
import type { ProducerIdentity } from '../protocol/init-producer-id.ts'
import * as layout from './layout.ts'

const ZSTD = 4

/**
 * The bytes that go on the wire: compressed if that is wanted and makes them fewer, with the sender filled in and the
 * checksum computed. Producer id, epoch and sequence lie under the CRC, and the epoch is known only once a transaction
 * runs. Without compression the batch itself is changed in place; sealing it again is fine.
 */
export function seal(
  batch: FinishedBatch,
  producer: ProducerIdentity,
  sequence: number,
  transactional: boolean,
  compression: Compression = 'none',
): Buffer {
  const compressed = compression === 'zstd' ? zstd(batch.bytes) : undefined
  const bytes = compressed ?? batch.bytes
  const attributes = (transactional ? layout.TRANSACTIONAL : 0) | (compressed === undefined ? 0 : ZSTD)
  bytes.writeInt16BE(attributes, layout.ATTRIBUTES_AT)
  bytes.writeBigInt64BE(producer.producerId, layout.PRODUCER_ID_AT)
  bytes.writeInt16BE(producer.epoch, layout.PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(sequence, layout.BASE_SEQUENCE_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.ATTRIBUTES_AT)), layout.CRC_AT)
  return bytes
}

/** The same batch with its records compressed as one; undefined when they would not get fewer. */
function zstd(batch: Buffer): Buffer | undefined {
  const records = zlib.zstdCompressSync(batch.subarray(layout.RECORDS_AT))
  const bytes = Buffer.concat([batch.subarray(0, layout.RECORDS_AT), records])
  if (bytes.length >= batch.length) return undefined
  bytes.writeInt32BE(bytes.length - layout.LENGTH_OVERHEAD, layout.LENGTH_AT)
  return bytes
}

/** The sequence number after `count` records: 31 bits, back to 0 after the highest. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 0x8000_0000
}
