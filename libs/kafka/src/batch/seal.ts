import { crc32c } from '@node-rs/crc32'
import type { FinishedBatch } from '../port.ts'
import type { ProducerIdentity } from '../protocol/init-producer-id.ts'
import * as layout from './layout.ts'

/**
 * Fills in who sends a batch and computes its checksum: producer id, epoch and sequence lie under the CRC, and the
 * epoch is known only once a transaction runs. Changes the batch in place; sealing again is fine.
 */
export function seal(batch: FinishedBatch, producer: ProducerIdentity, sequence: number, transactional: boolean): void {
  const { bytes } = batch
  bytes.writeInt16BE(transactional ? layout.TRANSACTIONAL : 0, layout.ATTRIBUTES_AT)
  bytes.writeBigInt64BE(producer.producerId, layout.PRODUCER_ID_AT)
  bytes.writeInt16BE(producer.epoch, layout.PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(sequence, layout.BASE_SEQUENCE_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.ATTRIBUTES_AT)), layout.CRC_AT)
}

/** The sequence number after `count` records: 31 bits, back to 0 after the highest. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 0x8000_0000
}
