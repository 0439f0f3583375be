import { type Fetcher, RecordWalk, Rows } from '@weir/kafka'
import type { OffsetRange } from '@weir/quarantine'
import type { Chunk } from './chunk.ts'

const CHUNK_RECORDS = 8_000
const POLL_MS = 1_000

/**
 * Chunks of these ranges until all are read, each of one partition. A chunk's rows are valid until the next is asked for.
 * Rejects as the fetcher does.
 */
export async function* readRanges(
  fetcher: Fetcher,
  topic: string,
  ranges: readonly OffsetRange[],
): AsyncGenerator<Chunk, void, void> {
  const ends = new Map(ranges.map(({ partition, to }) => [partition, to]))
  for (const { partition, from } of ranges) fetcher.assign(partition, from)
  const rows = new Rows(CHUNK_RECORDS)
  while (ends.size > 0) {
    for (const fetched of await fetcher.poll(POLL_MS)) {
      const { partition } = fetched
      const end = ends.get(partition)
      if (end === undefined) continue
      const walk = new RecordWalk(fetched)
      let isMore = true
      while (isMore) {
        rows.clear()
        walk.fill(rows, CHUNK_RECORDS)
        while (rows.count > 0 && (rows.offset[rows.count - 1] as number) >= end) rows.count--
        isMore = !walk.done && walk.position < end
        const positions = [{ topic, partition, offset: Math.min(end, walk.position) }]
        if (rows.count > 0) yield { rows, positions, ranges: [] }
      }
      if (walk.position < end) continue
      ends.delete(partition)
      fetcher.unassign(partition)
    }
  }
}
