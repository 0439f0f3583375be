import type { Rows } from '@weir/kafka'
import { UnreadableRecord } from './errors.ts'
import type { ConsumedRecord } from './options.ts'

export interface Batch {
  readonly records: readonly ConsumedRecord[]
  /** Pseudonyms of the records that were left out, each once. */
  readonly leftOut: readonly string[]
}

/** The registry's frame: a zero, and the schema's id in four bytes. */
const FRAME_BYTES = 5

/**
 * Rows as records, without those of the forgotten.
 * @throws UnreadableRecord
 */
export function batchOf(
  topic: string,
  rows: Rows,
  isForgotten: (key: Uint8Array, start: number, end: number) => boolean,
): Batch {
  const records: ConsumedRecord[] = []
  const leftOut = new Set<string>()
  for (let row = 0; row < rows.count; row++) {
    const source = rows.source[row] as Buffer
    const [keyStart = -1, keyEnd = -1] = [rows.keyStart[row], rows.keyEnd[row]]
    const pseudonym = keyStart < 0 ? null : source.toString('utf8', keyStart, keyEnd)
    if (pseudonym !== null && isForgotten(source, keyStart, keyEnd)) leftOut.add(pseudonym)
    else records.push(recordAt(topic, rows, row, pseudonym))
  }
  return { records, leftOut: [...leftOut] }
}

function recordAt(topic: string, rows: Rows, row: number, pseudonym: string | null): ConsumedRecord {
  const source = rows.source[row] as Buffer
  const [start = -1, end = -1] = [rows.valueStart[row], rows.valueEnd[row]]
  const [partition, offset] = [rows.partition[row] as number, rows.offset[row] as number]
  const timestampMs = rows.timestampMs[row] as number
  if (start < 0 || end - start < FRAME_BYTES || source[start] !== 0)
    throw new UnreadableRecord(topic, partition, offset)
  const schemaId = source.readInt32BE(start + 1)
  return {
    topic,
    partition,
    offset,
    timestampMs,
    pseudonym,
    schemaId,
    value: source.subarray(start + FRAME_BYTES, end),
  }
}
