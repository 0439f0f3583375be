import type { Rows } from '@weir/kafka'
import { type Label, labelOf } from '@weir/quarantine'

/** A quarantine record, not opened. */
export interface ChosenRecord {
  readonly partition: number
  readonly offset: number
  /** When it was quarantined (Unix ms). */
  readonly atMs: number
  /** Null: not written by Weir. */
  readonly label: Label | null
  readonly sealed: Buffer
}

/** A copy of a row: rows are used again. */
export function chosenRecord(rows: Rows, row: number): ChosenRecord {
  return {
    partition: rows.partition[row] as number,
    offset: rows.offset[row] as number,
    atMs: rows.timestampMs[row] as number,
    label: labelOf(rows, row),
    sealed: Buffer.from(sealedValue(rows, row)),
  }
}

/** Valid until the rows are filled again. Empty where a record has no value: that does not open either. */
export function sealedValue(rows: Rows, row: number): Uint8Array {
  const start = rows.valueStart[row] as number
  return start < 0 ? new Uint8Array() : (rows.source[row] as Buffer).subarray(start, rows.valueEnd[row])
}
