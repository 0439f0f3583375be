import { type Kafka, KafkaError, OffsetOutOfRange, RecordWalk, Rows } from '@weir/kafka'
import type { OffsetRange } from '@weir/quarantine'

const POLL_MS = 250
/** The largest quarantine record has 4 MiB; a batch comes whole in any case. */
const MAX_PARTITION_BYTES = 4 * 1024 * 1024
const MAX_BYTES = 16 * 1024 * 1024
const ROWS = 1_000
/** A closed client answers at once, with nothing. */
const BREATH_MS = 50
/** All that is asked for is there: when nothing comes for so long the broker is away. */
const SILENT_FOR_MS = 30_000

/**
 * Hands out all committed records of these ranges, by partition in their order, and how many offsets lie behind. What the
 * broker deletes meanwhile is passed over. Ends early once `take` answers false. Rows are valid until it has resolved.
 * @throws KafkaError, also when the broker brings nothing for 30 s
 */
export async function readRanges(
  kafka: Pick<Kafka, 'fetcher'>,
  topic: string,
  ranges: readonly OffsetRange[],
  take: (rows: Rows) => Promise<boolean>,
  moved: (offsets: number, total: number) => void = () => {},
): Promise<void> {
  const left = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [range.partition, { ...range }]))
  const offsetsLeft = () => [...left.values()].reduce((sum, { from, to }) => sum + to - from, 0)
  const total = offsetsLeft()
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: POLL_MS,
    maxPartitionBytes: MAX_PARTITION_BYTES,
    maxBytes: MAX_BYTES,
    readAheadBytes: MAX_BYTES,
  })
  const standsAt = (partition: number, position: number) => {
    const range = left.get(partition)
    if (range === undefined) return
    range.from = Math.min(position, range.to)
    if (range.from < range.to) return
    left.delete(partition)
    fetcher.unassign(partition)
  }
  const rows = new Rows(ROWS)
  try {
    for (const { partition, from } of left.values()) fetcher.assign(partition, from)
    let heardMs = performance.now()
    while (left.size > 0) {
      const some = await fetcher.poll(POLL_MS).catch((error: unknown) => [moveUp(error)])
      if (some.length > 0) heardMs = performance.now()
      else if (performance.now() - heardMs >= SILENT_FOR_MS) throw silent(topic)
      else await new Promise((breathed) => setTimeout(breathed, BREATH_MS))
      for (const fetched of some) {
        const { partition } = fetched
        if ('start' in fetched) {
          standsAt(partition, fetched.start)
          if (left.has(partition)) fetcher.assign(partition, fetched.start)
          continue
        }
        const walk = new RecordWalk(fetched)
        while (!walk.done && left.has(partition)) {
          rows.clear()
          walk.fill(rows, ROWS)
          cut(rows, left.get(partition)?.to ?? 0)
          if (rows.count > 0 && !(await take(rows))) return
        }
        standsAt(partition, walk.position)
        // Not the time that taking took.
        heardMs = performance.now()
      }
      moved(total - offsetsLeft(), total)
    }
  } finally {
    await fetcher.close()
  }
}

function silent(topic: string): KafkaError {
  const seconds = SILENT_FOR_MS / 1_000
  return new KafkaError(`nothing of ${topic} came within ${seconds} s; run it again once the broker is there`, true)
}

/** Retention, or somebody else's expire, was faster than this reading. */
function moveUp(error: unknown): { readonly partition: number; readonly start: number } {
  if (!(error instanceof OffsetOutOfRange) || error.logStartOffset <= error.asked) throw error
  return { partition: error.partition, start: error.logStartOffset }
}

function cut(rows: Rows, to: number): void {
  while (rows.count > 0 && (rows.offset[rows.count - 1] as number) >= to) rows.count--
}
