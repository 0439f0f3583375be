import type { ConsentState } from '@weir/consent'
import { isValid, moveBase } from './bases.ts'
import type { CacheAnswer, ConsentCache } from './cache.ts'
import type { Change } from './changed.ts'
import { type Held, held } from './held.ts'
import type { ChunksInFlight } from './in-flight.ts'
import { type PartitionTail, readState } from './partition-tail.ts'
import type { Known } from './remembered.ts'
import type { Subjects } from './subjects.ts'
import type { ConsentTail } from './tail.ts'

/** What lookup and fence work with. */
export interface ViewParts {
  readonly tail: ConsentTail
  readonly cache: Pick<ConsentCache, 'read'>
  readonly inFlight: ChunksInFlight
  /** S in milliseconds; Infinity for the projector, which would wait for its own ticks. */
  readonly freshnessMs: number
  readonly monotonicMs: () => number
}

/** The needed partitions of the tail, or why they can't be told. */
export function freshPartitions(view: ViewParts, needed: readonly number[]): Map<number, PartitionTail> | Held {
  const now = view.monotonicMs()
  const tails = new Map<number, PartitionTail>()
  for (const partition of needed) {
    const tail = view.tail.partitions[partition]
    if (tail === undefined) return held('consent-topic-away')
    if (view.freshnessMs !== Number.POSITIVE_INFINITY && tail.freshness.ageMs(now) > view.freshnessMs) {
      return held('consent-cold')
    }
    tails.set(partition, tail)
  }
  return tails
}

interface Asked {
  readonly partition: number
  readonly tail: PartitionTail
  /** Where the tail stood when the lookup began; what changes from here on must still be known at its end. */
  readonly began: number
  /** What the tail had of these subjects, by place in refs. */
  readonly known: ReadonlyMap<number, Change>
  /** What was remembered of these. */
  readonly remembered: ReadonlyMap<number, Known>
  /** Places in refs that the tail knew nothing of. */
  readonly misses: readonly number[]
}

/**
 * States of all subjects: what the tail has is newest, then what is remembered; for the rest Redis is asked, one HMGET a
 * partition, valid only
 * if it is not behind the base. The tail is looked at again after the answer, since it may have moved meanwhile. A
 * subject without a state in either is unknown (null).
 */
export async function readStates(view: ViewParts, subjects: Subjects): Promise<(ConsentState | null)[] | Held> {
  const { tail } = view
  const tails = freshPartitions(view, subjects.partitions)
  if (!(tails instanceof Map)) return tails
  const { generation } = tail

  const asked = [...tails].map(([partition, one]) => whatToAsk(subjects, partition, one))
  const answered = await ask(view, subjects, asked)
  if (answered === null) return held('redis-away')
  if (tail.generation !== generation || tail.partitions.length === 0) return held('consent-topic-away')

  const states: (ConsentState | null)[] = new Array<ConsentState | null>(subjects.keys.length).fill(null)
  for (const [n, one] of asked.entries()) {
    const answers = answered[n] ?? []
    // Too many changes at once: some since the beginning are gone again.
    if (one.tail.changed.base > one.began) return held('redis-behind')
    if (!answers.every((answer) => isValid(answer, one.tail, tail.topicId))) return held('redis-behind')
    const values = answers.flatMap((answer) => answer.values)
    const cached = new Map(one.misses.map((i, at) => [i, values[at] ?? null]))
    for (const i of subjects.indexes.get(one.partition) ?? []) {
      const key = keyOf(subjects, i)
      const change = one.tail.changed.get(key) ?? one.known.get(i)
      const old = one.remembered.get(i)
      const state = old === undefined ? newest(change, readCached(cached.get(i) ?? null)) : newest(change, old.state)
      if (state === 'unreadable') return held('consent-unreadable')
      states[i] = state
      if (old === undefined) one.tail.remembered.put(key, state)
    }
  }
  // Only now: what the answers were valid against must still be there while they are read.
  for (const [n, one] of asked.entries()) {
    for (const answer of answered[n] ?? []) moveBase(one.tail, one.partition, answer.watermark ?? 0, view.inFlight)
  }
  return states
}

function whatToAsk(subjects: Subjects, partition: number, tail: PartitionTail): Asked {
  const known = new Map<number, Change>()
  const remembered = new Map<number, Known>()
  const misses: number[] = []
  for (const i of subjects.indexes.get(partition) ?? []) {
    const key = keyOf(subjects, i)
    const change = tail.changed.get(key)
    const old = change === undefined ? tail.remembered.get(key) : undefined
    if (change !== undefined) known.set(i, change)
    else if (old !== undefined) remembered.set(i, old)
    else misses.push(i)
  }
  return { partition, tail, began: tail.position, known, remembered, misses }
}

/** The newer of what the tail and Redis (or memory) hold; null when neither knows the subject. */
function newest(
  change: Change | undefined,
  cached: ConsentState | null | 'unreadable',
): ConsentState | null | 'unreadable' {
  if ((change !== undefined && change.state === null) || cached === 'unreadable') return 'unreadable'
  const changed = change?.state ?? null
  if (cached === null) return changed
  return changed !== null && changed.position >= cached.position ? changed : cached
}

function readCached(value: Buffer | null): ConsentState | null | 'unreadable' {
  return value === null ? null : (readState(value) ?? 'unreadable')
}

/** One list of answers an entry, empty where nothing was missing. null: Redis gave no answer in time. */
async function ask(view: ViewParts, subjects: Subjects, asked: readonly Asked[]): Promise<CacheAnswer[][] | null> {
  const keyBytes = (i: number) => Buffer.from(keyOf(subjects, i), 'latin1')
  try {
    return await Promise.all(
      asked.map(async ({ partition, misses }) =>
        misses.length === 0 ? [] : view.cache.read(partition, misses.map(keyBytes)),
      ),
    )
  } catch {
    return null
  }
}

export function keyOf(subjects: Subjects, i: number): string {
  const key = subjects.keys[i]
  if (key === undefined) throw new RangeError('no such subject in this chunk')
  return key
}
