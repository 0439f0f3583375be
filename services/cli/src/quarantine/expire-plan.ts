import type { OffsetRange } from '@weir/quarantine'
import type { Cluster } from '../replay/cluster.ts'
import { rangesOf, type WantedRange } from '../replay/ranges.ts'
import { countRows } from './count-rows.ts'
import type { Quarantine } from './ground.ts'
import { readRanges } from './read-range.ts'
import { Redriven } from './redriven.ts'
import { Tally } from './tally.ts'

/** What would be deleted. */
export interface ExpirePlan {
  /** From the log's start to before `to`, for each partition that loses something. */
  readonly ranges: readonly OffsetRange[]
  readonly tally: Tally
}

/**
 * Kafka deletes from the start of a partition up to an offset, and nothing else: so what is deleted is all that lies before
 * the first record that is to stay, whatever its reason.
 * @param until a time, or the first offset to keep by partition; partitions that it does not name lose nothing
 */
export async function expirePlan(
  cluster: Cluster,
  quarantine: Quarantine,
  until: Pick<WantedRange, 'untilMs' | 'to'>,
): Promise<ExpirePlan> {
  const { topic, partitions } = quarantine
  const named = until.to === undefined ? {} : { partitions: [...until.to.keys()] }
  const ranges = await rangesOf(cluster.kafka, topic, partitions, { ...until, ...named })
  const tally = new Tally(Date.now())
  const redriven = new Redriven(cluster, quarantine)
  await readRanges(cluster.kafka, topic, ranges, async (rows) => {
    await countRows(rows, tally, redriven, 0)
    return true
  })
  return { ranges, tally }
}
