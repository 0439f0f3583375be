import { rowsOf } from '@weir/consent-view'
import type { Environment } from './environment.ts'
import { ProjectorStopped } from './errors.ts'

/** What a position is found with. */
interface Positions {
  readonly kafka: Pick<Environment['kafka'], 'committedOffsets' | 'endOffsets' | 'fetcher'>
  readonly view: Pick<Environment['view'], 'reached'>
  readonly topics: Environment['topics']
  readonly groupId: string
}

/**
 * Where a lane goes on, after an assignment or a recovery. In this order: the committed offset (which waits for a
 * pending transaction), then the high watermark of `consent.state`, then until the tail has passed it. The markers of
 * one transaction become visible one by one, the offsets' perhaps before the state's: the stable end would be too early.
 *
 * @param signal gives up waiting: the partition is given up, or the projector closes
 * @throws ProjectorStopped when a person has to decide; other errors are worth another try
 */
export async function startPosition(env: Positions, partition: number, signal: AbortSignal): Promise<number> {
  const { kafka, view, topics, groupId } = env
  const [committed = -1] = await kafka.committedOffsets(groupId, [{ topic: topics.decisions, partition }], signal)
  const [stateEnd = 0] = await kafka.endOffsets([{ topic: topics.state, partition }], 'high-watermark')
  await view.reached(new Map([[partition, stateEnd]]), signal)
  if (committed < 0) return firstPosition(env, partition, stateEnd, signal)
  // Whatever was folded left a record, and compaction keeps the last of each key. Offsets can't be compared: old ticks go
  // from the ledger, whose offsets count on, so a state topic folded again from it is shorter than what was committed.
  if (committed > 0 && !(await holdsRecords(env, partition, stateEnd, signal))) {
    throw new ProjectorStopped(
      'WEIR_CONSENT_STATE_LOST',
      `group ${groupId} has folded ${topics.decisions} partition ${partition} up to ${committed}, but ${topics.state} ` +
        'holds no record there: it was deleted and made anew, or has lost its records. To fold the whole ledger again, ' +
        'stop all projectors, make consent.state anew, delete the group’s offsets, and start them',
    )
  }
  return committed
}

/** Nothing was ever committed: right for a new cluster only, where the ledger is whole and nothing was folded. */
async function firstPosition(
  env: Positions,
  partition: number,
  stateEnd: number,
  signal: AbortSignal,
): Promise<number> {
  const { kafka, topics, groupId } = env
  const [start = 0] = await kafka.endOffsets([{ topic: topics.decisions, partition }], 'earliest')
  if (start > 0) {
    throw new ProjectorStopped(
      'WEIR_LEDGER_TRUNCATED',
      `group ${groupId} has no committed offset in ${topics.decisions} partition ${partition}, whose log starts at ` +
        `${start}: decisions are missing, so what holds can't be told from it. Restore the ledger`,
    )
  }
  if (await holdsRecords(env, partition, stateEnd, signal)) {
    throw new ProjectorStopped(
      'WEIR_LEDGER_OFFSET_LOST',
      `group ${groupId} has no committed offset in ${topics.decisions} partition ${partition}, but ${topics.state} ` +
        'holds states already: folding again over them would bring old ticks back as new ones. Set the group’s offset, or ' +
        'stop all projectors and make consent.state anew',
    )
  }
  return start
}

/**
 * Whether anything committed lies in this partition of consent.state: aborted leftovers don't count. `end`: a position
 * that the tail has passed, so that nothing before it is undecided.
 */
async function holdsRecords(env: Positions, partition: number, end: number, signal: AbortSignal): Promise<boolean> {
  const { kafka, topics } = env
  const [start = 0] = await kafka.endOffsets([{ topic: topics.state, partition }], 'earliest')
  if (start >= end) return false
  const fetcher = kafka.fetcher({
    topic: topics.state,
    isolation: 'read_committed',
    maxWaitMs: 200,
    maxPartitionBytes: 1 << 20,
    maxBytes: 1 << 20,
    readAheadBytes: 1 << 20,
  })
  try {
    let position = start
    fetcher.assign(partition, position)
    while (position < end) {
      signal.throwIfAborted()
      for (const fetched of await fetcher.poll(500)) {
        const { rows, next } = rowsOf(fetched)
        if (rows.length > 0) return true
        position = Math.max(position, next)
      }
    }
    return false
  } finally {
    await fetcher.close()
  }
}
