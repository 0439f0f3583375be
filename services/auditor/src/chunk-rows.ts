import type { Chunk } from './chunk.ts'
import { type Evidence, recordsIn } from './evidence.ts'
import { type Keys, rawRecordIn } from './keys.ts'
import type { RawRecord } from './rows.ts'

export interface ChunkRows {
  readonly rows: readonly RawRecord[]
  /** Offsets of its ranges that are not there any more. */
  readonly expired: number
  /** Rows that are there and can't be opened: the root key of their epoch is not given, or they are not what they say. */
  readonly closed: number
}

/** What a chunk took in: rows of raw, or of a redrive what the quarantine records hold. */
export function rowsOf(chunk: Chunk, { topics }: Evidence, keys: Keys): ChunkRows {
  const log = topics.get(chunk.source)
  const rows: RawRecord[] = []
  let expired = 0
  let closed = 0
  for (const { partition, from, to } of chunk.ranges) {
    const place = log?.partitions[partition]
    const start = place?.start ?? to
    expired += Math.max(0, Math.min(start, to) - from)
    if (place === undefined) continue
    for (const record of recordsIn(place, from, to)) {
      const at = { partition, offset: record.offset }
      if (chunk.kind !== 'redrive') {
        rows.push({ ...at, appendTimeMs: record.timestampMs, key: record.key, value: record.value })
        continue
      }
      const content = keys.open(chunk.source, record.value)
      if (Buffer.isBuffer(content)) rows.push({ ...at, ...rawRecordIn(content) })
      else closed++
    }
  }
  return { rows, expired, closed }
}
