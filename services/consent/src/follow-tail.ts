import { CONSENT_PARTITIONS } from '@weir/consent'
import { pause, type RunningConsentView } from '@weir/consent-view'
import { type CaughtUpOptions, caughtUp } from './caught-up.ts'
import type { DecisionIndex } from './decision-index.ts'
import { type Looker, PROOF_EVERY_MS } from './looker.ts'

export interface FollowTailOptions extends Omit<CaughtUpOptions, 'view' | 'onWaiting'> {
  readonly view: CaughtUpOptions['view'] & Pick<RunningConsentView, 'ageMs' | 'onRestart' | 'onNewLeader'>
  readonly index: Pick<DecisionIndex, 'release' | 'withhold' | 'unshown'>
  readonly looker: Pick<Looker, 'add'>
  /** S: how long after each start of the tail, and after a new leader of a partition, nothing is called effective (ms). */
  readonly freshnessMs: number
  /** Why the tail is not there yet, null once it is; for readiness. */
  readonly onWaiting: (why: string | null) => void
}

const ALL = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => partition)

/**
 * Lets decisions of a partition count as in force once the tail has caught up, the partition is proved fresh for the first
 * time, and the freshness limit has passed since. Withholds that again whenever a former leader, cut off from the others,
 * may still answer the fences of sanitizers: in one partition when it has a new leader, in all when the tail starts over.
 * That one begins at the new end, so what was folded in between is looked up.
 *
 * Ends when `signal` aborts; rejects on a bug.
 */
export async function followTail(options: FollowTailOptions): Promise<void> {
  const { kafka, view, topic, index, onWaiting, signal } = options
  let restarted = new AbortController()
  const released = new Set<number>()
  const forgetRestarts = view.onRestart(() => {
    for (const partition of released) index.withhold(partition)
    released.clear()
    restarted.abort()
  })
  const forgetLeaders = view.onNewLeader((partition) => void withholdFor(partition, options))
  try {
    while (!signal.aborted) {
      restarted = new AbortController()
      const stop = AbortSignal.any([signal, restarted.signal])
      try {
        await caughtUp({ kafka, view, topic, signal: stop, onWaiting })
        onWaiting(null)
        await Promise.all(ALL.map((partition) => releaseOnce(partition, released, stop, options)))
        await aborted(stop)
      } catch (error) {
        // Only waiting that a restart or the end has cut short.
        if (!stop.aborted) throw error
      }
    }
  } finally {
    forgetRestarts()
    forgetLeaders()
  }
}

/**
 * The first proof comes from a leader's own answers, and every later leader is told of. Before it none may have answered:
 * then the first that is heard of may be a new one, while its predecessor still answers sanitizers.
 */
async function releaseOnce(
  partition: number,
  released: Set<number>,
  stop: AbortSignal,
  { view, index, looker, freshnessMs }: FollowTailOptions,
): Promise<void> {
  while (!stop.aborted && view.ageMs(partition) === Number.POSITIVE_INFINITY) await pause(PROOF_EVERY_MS, stop)
  await pause(freshnessMs, stop)
  if (stop.aborted) return
  released.add(partition)
  index.release(partition)
  for (const proof of index.unshown) if (proof.partition === partition) looker.add(proof)
}

/** From the first that the new leader has sent: what it shows counts only once nobody can believe the old one. */
async function withholdFor(partition: number, { index, freshnessMs, signal }: FollowTailOptions): Promise<void> {
  index.withhold(partition)
  await pause(freshnessMs, signal)
  if (!signal.aborted) index.release(partition)
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
