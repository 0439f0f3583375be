import type { Kafka } from '@weir/kafka'
import type { PlanRange } from '@weir/replay'
import { InvalidArgumentError } from 'commander'
import { usageError } from '../errors.ts'

/** What of a topic is asked for. */
export interface WantedRange {
  /** All partitions when left out. */
  readonly partitions?: readonly number[]
  /** From the first record appended at or after this time (Unix ms); left out: from the log's beginning. */
  readonly sinceMs?: number
  /** To before the first record appended at or after this time; left out: to the end as it is now. */
  readonly untilMs?: number
  /** Offsets instead of times, by partition. */
  readonly from?: ReadonlyMap<number, number>
  readonly to?: ReadonlyMap<number, number>
}

type RangeKafka = Pick<Kafka, 'endOffsets' | 'offsetsForTimes'>

/**
 * Offsets [from, to) by partition, empty ones left out. The end is that of read_committed, fixed now: what comes later is
 * not replayed. @throws CliError (usage) when a partition or an offset is not there
 */
export async function rangesOf(
  kafka: RangeKafka,
  topic: string,
  partitionCount: number,
  wanted: WantedRange,
): Promise<PlanRange[]> {
  const chosen = wanted.partitions ?? Array.from({ length: partitionCount }, (_, partition) => partition)
  for (const partition of [...chosen, ...(wanted.from?.keys() ?? []), ...(wanted.to?.keys() ?? [])]) {
    if (partition >= partitionCount) {
      throw usageError(`${topic} has no partition ${partition}; it has 0 to ${partitionCount - 1}.`)
    }
  }
  const leftOut = [...(wanted.from?.keys() ?? []), ...(wanted.to?.keys() ?? [])].find((one) => !chosen.includes(one))
  if (leftOut !== undefined) {
    throw usageError(`Offsets are given for partition ${leftOut}, and --partitions leaves it out.`)
  }
  const at = [...new Set(chosen)].sort((a, b) => a - b).map((partition) => ({ topic, partition }))
  const earliest = await kafka.endOffsets(at, 'earliest')
  const ends = await kafka.endOffsets(at, 'stable')
  const since = await offsetsAt(kafka, at, wanted.sinceMs)
  const until = await offsetsAt(kafka, at, wanted.untilMs)
  const ranges: PlanRange[] = []
  for (const [i, { partition }] of at.entries()) {
    const [first, end] = [earliest[i] ?? 0, ends[i] ?? 0]
    const from = inLog(topic, partition, wanted.from?.get(partition), first, end) ?? since?.[i] ?? (since ? end : first)
    const to = inLog(topic, partition, wanted.to?.get(partition), first, end) ?? until?.[i] ?? end
    if (from < to) ranges.push({ partition, from, to })
  }
  return ranges
}

/** By partition the first offset at or after a time; null where there is none yet. Null as a whole: no time was given. */
async function offsetsAt(
  kafka: RangeKafka,
  at: readonly { readonly topic: string; readonly partition: number }[],
  timeMs: number | undefined,
): Promise<(number | null)[] | null> {
  return timeMs === undefined ? null : kafka.offsetsForTimes(at.map((one) => ({ ...one, timeMs })))
}

function inLog(
  topic: string,
  partition: number,
  offset: number | undefined,
  first: number,
  end: number,
): number | undefined {
  if (offset === undefined || (offset >= first && offset <= end)) return offset
  throw usageError(`Partition ${partition} of ${topic} has offsets ${first} to ${end} now, and not ${offset}.`)
}

/** `0,2,5` */
export function partitionList(text: string): number[] {
  if (/^\d{1,5}(,\d{1,5})*$/.test(text)) return text.split(',').map(Number)
  throw new InvalidArgumentError('Write partitions as 0,2,5.')
}

/** `0:100,1:250` */
export function offsetList(text: string): Map<number, number> {
  if (/^\d{1,5}:\d{1,15}(,\d{1,5}:\d{1,15})*$/.test(text)) {
    const pairs = text.split(',').map((pair) => pair.split(':').map(Number) as [number, number])
    const offsets = new Map(pairs)
    if (offsets.size === pairs.length) return offsets
    throw new InvalidArgumentError('Name each partition once.')
  }
  throw new InvalidArgumentError('Write offsets by partition as 0:100,1:250.')
}
