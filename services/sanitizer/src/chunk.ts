import type { Rows, TopicPosition } from '@weir/kafka'
import type { OffsetRange } from '@weir/quarantine'

/** Rows of all assigned partitions that are decided together and published in one transaction. Row i is record i. */
export interface Chunk {
  readonly rows: Rows
  /** Next offset of each partition that this chunk moves; committed in its transaction. */
  readonly positions: readonly TopicPosition[]
  /**
   * What it moves past, for the audit record: one for each of `positions`, beginning where the chunk before it ended, so
   * offsets without rows are in it too. Of a redrive: where in the quarantine topic its rows lie, neighbours merged.
   * Empty: no audit record is due.
   */
  readonly ranges: readonly OffsetRange[]
}
