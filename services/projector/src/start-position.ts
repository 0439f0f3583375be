import { rowsOf } from '@weir/consent-view'
import type { Environment } from './environment.ts'
import { ProjectorStopped } from './errors.ts'
import type { Lane } from './lane.ts'

/**
 * Where a lane goes on, after an assignment or a recovery. In this order: the committed offset (which waits for a
 * pending transaction), then the high watermark of `consent.state`, then until the tail has passed it. The markers of
 * one transaction become visible one by one, the offsets' perhaps before the state's: the stable end would be too early.
 *
 * @throws ProjectorStopped when a person has to decide; other errors are worth another try
 */
export async function startPosition(env: Environment, lane: Lane): Promise<number> {
  const { kafka, view, topics, groupId } = env
  const { partition } = lane
  const [committed = -1] = await kafka.committedOffsets(groupId, [{ topic: topics.decisions, partition }])
  const [stateEnd = 0] = await kafka.endOffsets([{ topic: topics.state, partition }], 'high-watermark')
  // Each ledger record gives a record of its own in consent.state, and the ledger is appended plainly (no transactions,
  // so no offsets without a record). A state topic that is shorter than what was folded is not the one it went to.
  if (stateEnd < committed) {
    throw new ProjectorStopped(
      'WEIR_CONSENT_STATE_LOST',
      `group ${groupId} has folded ${topics.decisions} partition ${partition} up to ${committed}, but ${topics.state} ends ` +
        `at ${stateEnd}: it was deleted and made anew, or has lost records. To fold the whole ledger again, stop all ` +
        'projectors, make consent.state anew, delete the group’s offsets, and start them',
    )
  }
  await view.reached(new Map([[partition, stateEnd]]), lane.gone)
  return committed >= 0 ? committed : await firstPosition(env, partition)
}

/** Nothing was ever committed: right for a new cluster only, where the ledger is whole and nothing was folded. */
async function firstPosition(env: Environment, partition: number): Promise<number> {
  const { kafka, topics, groupId } = env
  const [start = 0] = await kafka.endOffsets([{ topic: topics.decisions, partition }], 'earliest')
  if (start > 0) {
    throw new ProjectorStopped(
      'WEIR_LEDGER_TRUNCATED',
      `group ${groupId} has no committed offset in ${topics.decisions} partition ${partition}, whose log starts at ` +
        `${start}: decisions are missing, so what holds can't be told from it. Restore the ledger`,
    )
  }
  if (await holdsRecords(env, partition)) {
    throw new ProjectorStopped(
      'WEIR_LEDGER_OFFSET_LOST',
      `group ${groupId} has no committed offset in ${topics.decisions} partition ${partition}, but ${topics.state} ` +
        'holds states already: folding again over them would bring old ticks back as new ones. Set the group’s offset, or ' +
        'stop all projectors and make consent.state anew',
    )
  }
  return start
}

/** Whether anything committed lies in this partition of consent.state: aborted leftovers don't count. */
async function holdsRecords(env: Environment, partition: number): Promise<boolean> {
  const { kafka, topics } = env
  const [end = 0] = await kafka.endOffsets([{ topic: topics.state, partition }], 'stable')
  if (end === 0) return false
  const fetcher = kafka.fetcher({
    topic: topics.state,
    isolation: 'read_committed',
    maxWaitMs: 200,
    maxPartitionBytes: 1 << 20,
    maxBytes: 1 << 20,
    readAheadBytes: 1 << 20,
  })
  try {
    let position = 0
    fetcher.assign(partition, position)
    while (position < end) {
      for (const fetched of await fetcher.poll(5_000)) {
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
