import { type FetchedPartition, RecordWalk, Rows } from '@weir/kafka'

/** One committed record of a consent topic. Consent topics are slow enough for an object a record; raw topics are not. */
export interface Row {
  readonly offset: number
  /** Append time (Unix ms). */
  readonly timeMs: number
  /** Bytes of the response, not copied. */
  readonly key: Buffer | null
  readonly value: Buffer | null
}

const scratch = new Rows(1_024)

/**
 * The records of one fetched partition, and the position after it, which counts control, aborted and compacted records.
 * @throws CorruptBatch
 */
export function rowsOf(fetched: FetchedPartition): { readonly rows: Row[]; readonly next: number } {
  const walk = new RecordWalk(fetched)
  const rows: Row[] = []
  while (!walk.done) {
    scratch.clear()
    walk.fill(scratch, scratch.capacity)
    for (let i = 0; i < scratch.count; i++) rows.push(rowAt(i))
  }
  scratch.clear()
  return { rows, next: walk.position }
}

function rowAt(i: number): Row {
  const source = scratch.source[i] ?? EMPTY
  return {
    offset: scratch.offset[i] ?? 0,
    timeMs: scratch.timestampMs[i] ?? 0,
    key: slice(source, scratch.keyStart[i] ?? -1, scratch.keyEnd[i] ?? -1),
    value: slice(source, scratch.valueStart[i] ?? -1, scratch.valueEnd[i] ?? -1),
  }
}

const EMPTY = Buffer.alloc(0)

function slice(source: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : source.subarray(start, end)
}
