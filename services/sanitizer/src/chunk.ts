import type { Rows, TopicPosition } from '@weir/kafka'

/** Rows of all assigned partitions that are decided together and published in one transaction. Row i is record i. */
export interface Chunk {
  readonly rows: Rows
  /** Next offset of each partition that this chunk moves; committed in its transaction. */
  readonly positions: readonly TopicPosition[]
}
