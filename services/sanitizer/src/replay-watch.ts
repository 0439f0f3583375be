import { KafkaError } from '@weir/kafka'
import { allCommitted, offsetsDone, offsetsOf, type ReplayPlan } from '@weir/replay'
import type { Readiness } from '@weir/service'
import type { Clock } from './environment.ts'

const LOOK_EVERY_MS = 1_000
/** How many looks at what is committed come to one at whether the plan was cancelled. */
const LOOKS_A_STATUS = 5

export type ReplayState = 'completed' | 'cancelled' | 'interrupted'

export interface ReplayWatchParts {
  readonly plan: ReplayPlan
  /** Committed next offset of each range of the plan, in their order; -1: none. */
  readonly committed: () => Promise<readonly number[]>
  readonly isCancelled: () => Promise<boolean>
  readonly ready: () => Readiness
  readonly tell: (record: object) => void
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Tells how far a replay is, whichever process does it, until all of it is committed, it was cancelled, or the signal
 * aborts. A broker that is away is waited for: the loop does so too.
 */
export async function watchReplay(parts: ReplayWatchParts): Promise<ReplayState> {
  const { plan, ready, tell, clock, signal } = parts
  const total = offsetsOf(plan)
  let first: { readonly offsets: number; readonly atMs: number } | null = null
  let said = ''
  for (let looks = 0; !signal.aborted; looks++) {
    try {
      const committed = await parts.committed()
      const offsets = offsetsDone(plan, committed)
      const nowMs = clock.monotonicMs()
      first ??= { offsets, atMs: nowMs }
      const perSecond = Math.round(((offsets - first.offsets) * 1_000) / Math.max(1, nowMs - first.atMs))
      tell({ kind: 'progress', offsets, total, perSecond })
      if (allCommitted(plan, committed)) return 'completed'
      if (looks % LOOKS_A_STATUS === 0 && (await parts.isCancelled())) return 'cancelled'
    } catch (error) {
      if (!(error instanceof KafkaError) && !signal.aborted) throw error
    }
    const is = ready()
    const why = is.ok ? '' : is.why
    if (why !== said && why !== '') tell({ kind: 'waiting', why })
    said = why
    await clock.sleep(LOOK_EVERY_MS, signal)
  }
  return 'interrupted'
}
