import type { ConsentState } from '@weir/consent'
import type { Kafka } from '@weir/kafka'
import { DeadlineError, withDeadline } from './deadline.ts'
import { type Held, held } from './held.ts'
import { freshPartitions, keyOf, type ViewParts } from './lookup.ts'
import type { PartitionTail } from './partition-tail.ts'
import type { ConsentAt, Looked } from './port.ts'
import { nextRunOut } from './run-out.ts'
import type { Subjects } from './subjects.ts'

export interface FenceParts extends ViewParts {
  readonly kafka: Pick<Kafka, 'endOffsets'>
  readonly topic: string
  /** Bound (ms) of reading the end and of waiting until the tail has reached it. */
  readonly waitMs: number
}

/** What a lookup was answered under; the fence compares with it. */
export interface LookedUnder {
  readonly subjects: Subjects
  readonly generation: number
  readonly tickTimeMs: number
}

export type FenceResult =
  | { readonly kind: 'passed'; readonly changed: ReadonlyMap<number, ConsentState | null>; readonly at: ConsentAt }
  | Held

/**
 * The fence: reads the end of the partitions that these subjects lie in, waits until the tail has reached it, and says
 * whose state changed since `looked`, or whose grant ran out; then looks at freshness once more. By ListOffsets and
 * never by Fetch: after an election the broker refuses the first while its high watermark lags, but not the second.
 */
export async function fence(view: FenceParts, looked: Looked, under: LookedUnder): Promise<FenceResult> {
  const { subjects } = under
  const started = await ends(view, subjects.partitions)
  if (started === null) return held('consent-topic-away')
  if (view.tail.generation !== under.generation) return held('consent-topic-away')
  try {
    if (!view.tail.hasReached(started)) await reachedInTime(view, started)
  } catch {
    return held('consent-cold')
  }
  if (view.tail.generation !== under.generation) return held('consent-topic-away')

  const tails = freshPartitions(view, subjects.partitions)
  if (!(tails instanceof Map)) return tails
  const changed = new Map<number, ConsentState | null>()
  for (const [partition, tail] of tails) {
    // What changed since the lookup was dropped already: no chunk in flight, or too many changes.
    if (tail.changed.base > (looked.positions[partition] ?? -1)) return held('redis-behind')
    for (const i of subjects.indexes.get(partition) ?? []) {
      const change = tail.changed.get(keyOf(subjects, i))
      if (change === undefined) continue
      if (change.state === null) return held('consent-unreadable')
      const before = looked.states[i] ?? null
      if (before === null || change.state.position > before.position) changed.set(i, change.state)
    }
  }
  ranOut(view, looked, under, changed)
  // Without waiting since the tails were looked at: a record that came between would be in the one and not in the other.
  return { kind: 'passed', changed, at: consentAt(view, tails) }
}

function consentAt({ tail }: FenceParts, tails: ReadonlyMap<number, PartitionTail>): ConsentAt {
  const partitions = [...tails].map(([partition, { position, ledgerPosition }]) => {
    return { partition, statePosition: position, ledgerPosition }
  })
  return { tickTimeMs: tail.tickTimeMs, partitions: partitions.sort((a, b) => a.partition - b.partition) }
}

/** Adds subjects with a grant whose `until` was passed by the ticks since the lookup. */
function ranOut(view: FenceParts, looked: Looked, under: LookedUnder, changed: Map<number, ConsentState | null>): void {
  const { tickTimeMs } = view.tail
  if (tickTimeMs <= under.tickTimeMs) return
  for (const [i, state] of looked.states.entries()) {
    if (state === null || changed.has(i)) continue
    if (nextRunOut(state, under.tickTimeMs) <= tickTimeMs) changed.set(i, state)
  }
}

async function reachedInTime({ tail, waitMs }: FenceParts, positions: ReadonlyMap<number, number>): Promise<void> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new DeadlineError('the tail of consent.state did not get there')), waitMs)
  try {
    await tail.reached(positions, late.signal)
  } finally {
    clearTimeout(timer)
  }
}

async function ends(view: FenceParts, partitions: readonly number[]): Promise<Map<number, number> | null> {
  const asked = partitions.map((partition) => ({ topic: view.topic, partition }))
  try {
    const offsets = await withDeadline(view.kafka.endOffsets(asked, 'stable'), view.waitMs, 'the end of consent.state')
    return new Map(partitions.map((partition, i) => [partition, offsets[i] ?? Number.POSITIVE_INFINITY]))
  } catch {
    return null
  }
}
