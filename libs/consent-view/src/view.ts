import { CONSENT_PARTITIONS } from '@weir/consent'
import { moveBase } from './bases.ts'
import { type FenceParts, fence, type LookedUnder } from './fence.ts'
import { readStates } from './lookup.ts'
import { pause } from './pause.ts'
import type { ConsentView, Fence, InFlight, Looked, Lookup } from './port.ts'
import { groupByPartition } from './subjects.ts'

/** What an operator or a readiness check wants to know of a view. Counts, never refs. */
export interface ViewHealth {
  /** Why consent.state is not followed; empty while it is. */
  readonly why: string
  /** Age (ms) of the proof of freshness of the stalest partition; Infinity when one has none. */
  readonly oldestAgeMs: number
  /** Partitions whose proof is younger than S. */
  readonly freshPartitions: number
  /** Changes kept in memory since the bases. */
  readonly changes: number
  /** Subjects whose state is remembered though it did not change. */
  readonly remembered: number
  readonly chunksInFlight: number
  /** Records of consent.state that could not be read, since the start. */
  readonly unreadable: number
}

/** A consent view that is running: the port, and what its service watches. */
export interface RunningConsentView extends ConsentView {
  health(): ViewHealth
  /** Id of consent.state as it is followed now; null while it is not. */
  readonly topicId: string | null
  /** Where the tail stands, by partition; zeros while consent.state is not followed. */
  positions(): Float64Array
  /**
   * Called each time the tail starts over (topic made anew, records lost, an error), before anything it brings then:
   * what came out meanwhile is never told by `onState`. Returns its own removal.
   */
  onRestart(listener: () => void): () => void
  /**
   * Called when a later leader of a partition than the last one known has answered: after all proof of the partition's
   * freshness was discarded, before the records of that answer. Never at the first leader. Returns its own removal.
   */
  onNewLeader(listener: (partition: number) => void): () => void
}

export interface ViewOptions extends FenceParts {
  readonly observeEveryMs: number
  readonly onClose: () => void
}

/** The view over tail and cache; the steps of lookup and fence lie in their own files. */
export class TailAndCacheView implements RunningConsentView {
  readonly #parts: ViewOptions
  readonly #under = new WeakMap<Looked, LookedUnder>()
  readonly #close = new AbortController()
  readonly #observing: Promise<void>

  constructor(parts: ViewOptions) {
    this.#parts = parts
    this.#observing = this.#observeWatermarks()
  }

  begin(): InFlight {
    return this.#parts.inFlight.begin(this.#parts.tail.positions())
  }

  async lookup(refs: Uint8Array, count: number): Promise<Lookup> {
    const { tail } = this.#parts
    const subjects = groupByPartition(refs, count)
    const { tickTimeMs } = tail
    const pin = this.begin()
    try {
      const states = await readStates(this.#parts, subjects)
      if (!Array.isArray(states)) return states
      const looked: Looked = { kind: 'looked', refs, count, states, positions: tail.positions() }
      this.#under.set(looked, { subjects, generation: tail.generation, tickTimeMs })
      return looked
    } finally {
      pin.end()
    }
  }

  async fence(looked: Looked): Promise<Fence> {
    const { tail } = this.#parts
    // A chunk that names nobody needs no consent part.
    if (looked.count === 0) return { kind: 'clear', at: { tickTimeMs: tail.tickTimeMs, partitions: [] } }
    const under = this.#under.get(looked)
    if (under === undefined) throw new TypeError('fence wants what this view’s lookup gave')
    const result = await fence(this.#parts, looked, under)
    if (result.kind === 'held') return result
    const { at } = result
    if (result.changed.size === 0) return { kind: 'clear', at }

    const states = [...looked.states]
    for (const [i, state] of result.changed) states[i] = state
    const now: Looked = { ...looked, states, positions: tail.positions() }
    this.#under.set(now, { ...under, tickTimeMs: tail.tickTimeMs })
    return { kind: 'changed', subjects: [...result.changed.keys()], looked: now, at }
  }

  get tickTimeMs(): number {
    return this.#parts.tail.tickTimeMs
  }

  get topicId(): string | null {
    return this.#parts.tail.topicId
  }

  positions(): Float64Array {
    return this.#parts.tail.positions()
  }

  reached(positions: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void> {
    return this.#parts.tail.reached(positions, signal)
  }

  ageMs(partition: number): number {
    const tail = this.#parts.tail.partitions[partition]
    return tail === undefined ? Number.POSITIVE_INFINITY : tail.freshness.ageMs(this.#parts.monotonicMs())
  }

  readonly onState: ConsentView['onState'] = (listener) => this.#parts.tail.listeners.onState(listener)

  readonly onTick: ConsentView['onTick'] = (listener) => this.#parts.tail.listeners.onTick(listener)

  readonly onNewLeader: RunningConsentView['onNewLeader'] = (listener) =>
    this.#parts.tail.listeners.onNewLeader(listener)

  readonly onRestart: RunningConsentView['onRestart'] = (listener) => this.#parts.tail.listeners.onRestart(listener)

  health(): ViewHealth {
    const { tail, inFlight, freshnessMs } = this.#parts
    const ages = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => this.ageMs(partition))
    return {
      why: tail.why,
      oldestAgeMs: Math.max(...ages),
      freshPartitions: ages.filter((age) => age <= freshnessMs).length,
      changes: tail.partitions.reduce((sum, partition) => sum + partition.changed.size, 0),
      remembered: tail.partitions.reduce((sum, partition) => sum + partition.remembered.size, 0),
      chunksInFlight: inFlight.size,
      unreadable: tail.unreadable,
    }
  }

  async close(): Promise<void> {
    this.#close.abort()
    await this.#observing
    await this.#parts.tail.close()
    this.#parts.onClose()
  }

  /** Bases move also where nobody looks anything up, else changes would pile up there. */
  async #observeWatermarks(): Promise<void> {
    const { tail, cache, inFlight, observeEveryMs } = this.#parts
    const { signal } = this.#close
    while (!signal.aborted) {
      await pause(observeEveryMs, signal)
      const { generation } = tail
      const kept = [...tail.partitions.entries()].filter(([, one]) => one.changed.size > 0)
      await Promise.all(
        kept.map(async ([partition, one]) => {
          const [answer] = await cache.read(partition, []).catch(() => [])
          if (answer === undefined || answer.watermark === null || tail.generation !== generation) return
          if (answer.topicId === tail.topicId) moveBase(one, partition, answer.watermark, inFlight)
        }),
      )
    }
  }
}
