import { refToBytes } from '@weir/consent'
import { pause } from '@weir/consent-view'
import { type CaughtUpOptions, caughtUp } from './caught-up.ts'
import type { DecisionIndex } from './decision-index.ts'
import type { Environment } from './environment.ts'
import { LookupHeld, lookUp } from './look-up.ts'

export interface FollowTailOptions extends Omit<CaughtUpOptions, 'view' | 'onWaiting'> {
  readonly view: CaughtUpOptions['view'] &
    Environment['view'] & {
      /** As RunningConsentView has it. */
      onRestart(listener: () => void): () => void
    }
  readonly index: Pick<DecisionIndex, 'open' | 'withhold' | 'unfolded' | 'observeLooked' | 'get'>
  /** S: how long after each start of the tail nothing is called effective (ms). */
  readonly freshnessMs: number
  /** Why the tail is not there yet, null once it is; for readiness. */
  readonly onWaiting: (why: string | null) => void
}

/**
 * Opens the index once the tail has caught up and the freshness limit has passed, and does it again each time the tail
 * starts over: it begins at the new end then, so decisions folded in between are looked up.
 *
 * Ends when `signal` aborts; rejects on a bug.
 */
export async function followTail({ view, index, freshnessMs, onWaiting, signal, ...rest }: FollowTailOptions) {
  let restarted = new AbortController()
  const forget = view.onRestart(() => {
    index.withhold()
    restarted.abort()
  })
  try {
    while (!signal.aborted) {
      restarted = new AbortController()
      const stop = AbortSignal.any([signal, restarted.signal])
      try {
        await caughtUp({ ...rest, view, signal: stop, onWaiting })
        onWaiting(null)
        await pause(freshnessMs, stop)
        if (stop.aborted) continue
        index.open()
        await lookUpUnfolded(view, index, stop)
        await aborted(stop)
      } catch (error) {
        // Only waiting that a restart or the end has cut short.
        if (!stop.aborted) throw error
      }
    }
  } finally {
    forget()
  }
}

/** What the tail will not show, since it was folded before the tail's new beginning. */
async function lookUpUnfolded(
  view: Environment['view'],
  index: FollowTailOptions['index'],
  stop: AbortSignal,
): Promise<void> {
  for (const { decisionId, ref } of index.unfolded) {
    while (!stop.aborted && index.get(decisionId)?.status === 'pending') {
      try {
        const state = await lookUp(view, { ref, bytes: refToBytes(ref) })
        // A start over meanwhile: what is shown counts only once that one has waited.
        if (state !== null && !stop.aborted) index.observeLooked(ref, state)
        break
      } catch (error) {
        if (!(error instanceof LookupHeld)) throw error
        await pause(error.retryAfterMs, stop)
      }
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
