import { crc32c } from '@node-rs/crc32'
import * as layout from '../../../libs/kafka/src/batch/layout.ts'
import type { Batch } from './batch.ts'
import { recordsIn } from './keys.ts'
import type { PartitionLog } from './log.ts'

const DELETE_RETENTION_MS = 86_400_000

/**
 * One pass of the log cleaner below `upTo`, the last batch left alone as the active segment is: of each key the last
 * committed record stays, deletions until delete.retention.ms have passed. A batch that loses everything stays as a bare
 * header where it is its producer's last, and is gone otherwise. Markers stay.
 */
export function compact(log: PartitionLog, upTo: number, config: Readonly<Record<string, string>>): void {
  const retentionMs = Number(config['delete.retention.ms'] ?? DELETE_RETENTION_MS)
  const cleaned = log.batches.filter((batch, i) => batch.last < upTo && i < log.batches.length - 1)
  const rest = log.batches.slice(cleaned.length)
  const isAborted = (batch: Batch) => batch.isTransactional && batch.committedAtMs === Number.POSITIVE_INFINITY
  const lastOf = new Map<string, number>()
  for (const batch of cleaned) {
    if (batch.isControl || isAborted(batch)) continue
    for (const { key, offsetDelta } of recordsIn(batch.bytes).records) {
      if (key !== null) lastOf.set(key.toString('latin1'), batch.base + offsetDelta)
    }
  }
  const lastBatches = new Map(log.batches.map((batch) => [batch.producerId, batch]))
  const kept: Batch[] = []
  for (const batch of cleaned) {
    if (batch.isControl) {
      kept.push(batch)
      continue
    }
    const { source, records } = recordsIn(batch.bytes)
    const isOld = batch.appendedAtMs + retentionMs <= Date.now()
    const stay = records.filter(({ key, value, offsetDelta }) => {
      if (isAborted(batch) || key === null || (value === null && isOld)) return false
      return lastOf.get(key.toString('latin1')) === batch.base + offsetDelta
    })
    if (stay.length === records.length) kept.push(batch)
    else if (stay.length > 0 || lastBatches.get(batch.producerId) === batch) {
      const slices = stay.map(({ start, end }) => source.subarray(start, end))
      kept.push({ ...batch, bytes: withRecords(batch.bytes, slices) })
    }
  }
  log.batches = [...kept, ...rest]
}

/** The same batch, offsets and times untouched, with fewer records. Uncompressed. */
function withRecords(batch: Buffer, records: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([batch.subarray(0, layout.RECORDS_AT), ...records])
  bytes.writeInt32BE(bytes.length - layout.LENGTH_OVERHEAD, layout.LENGTH_AT)
  bytes.writeInt16BE(bytes.readInt16BE(layout.ATTRIBUTES_AT) & ~layout.COMPRESSION_MASK, layout.ATTRIBUTES_AT)
  bytes.writeInt32BE(records.length, layout.COUNT_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.ATTRIBUTES_AT)), layout.CRC_AT)
  return bytes
}
