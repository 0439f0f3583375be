import type { Batch } from './batch.ts'
import { PartitionLog } from './log.ts'

/** replica.fetch.wait.max.ms: after this a follower has fetched again, and knows the high watermark of before. */
const FOLLOWER_WAIT_MS = 500

/** Told once everything below `end` is on all in-sync replicas, or when this leader will never know. */
interface Waiter {
  readonly end: number
  readonly done: (replicated: boolean) => void
}

/** What a broker needs to answer for a partition that it leads. */
export interface LedLog {
  readonly log: PartitionLog
  readonly epoch: number
  readonly highWatermark: number
}

/**
 * One partition: the leader's log, how far each replica has it, the in-sync set and the high watermark (Partition,
 * ReplicaManager; elections as the controller makes them, never of a replica that is not in sync). Replicas have a prefix
 * of the leader's log, so one log and an end for each are enough; what a leader loses at an election is cut off it.
 */
export class Partition {
  readonly topic: string
  readonly index: number
  readonly replicas: readonly number[]
  /** Broker id; -1: none can lead. */
  leader: number
  epoch = 0
  inSync: number[]
  readonly log = new PartitionLog()
  #highWatermark = 0
  /** What the leader last heard of each follower in its epoch. */
  readonly #heard = new Map<number, number>()
  /** What each follower has, and the high watermark that it knows: the one of its fetch before. */
  readonly #has = new Map<number, { end: number; highWatermark: number }>()
  #movedAtMs = 0
  /** Since when followers have heard nothing of the leader; undefined: they hear of it. */
  #silentSinceMs: number | undefined
  #waiters: Waiter[] = []
  readonly #watchers = new Set<() => void>()

  constructor(topic: string, index: number, replicas: readonly number[], epoch: number) {
    this.topic = topic
    this.index = index
    this.replicas = replicas
    this.leader = replicas[0] ?? -1
    this.inSync = [...replicas]
    this.epoch = epoch
    for (const id of replicas) this.#has.set(id, { end: 0, highWatermark: 0 })
    this.log.beginEpoch(epoch)
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get led(): LedLog {
    return { log: this.log, epoch: this.epoch, highWatermark: this.#highWatermark }
  }

  append(batch: Batch): void {
    this.log.append(batch, this.epoch)
    this.#advance()
  }

  appendMarker(marker: Batch, decidedAtMs: number): void {
    this.log.appendMarker(marker, this.epoch, decidedAtMs)
    this.#advance()
  }

  whenReplicated(end: number, done: (replicated: boolean) => void): void {
    if (this.#highWatermark >= end) done(true)
    else this.#waiters.push({ end, done })
  }

  /** Calls `changed` whenever the high watermark or the leader moves, until it is unwatched. */
  watch(changed: () => void): void {
    this.#watchers.add(changed)
  }

  unwatch(changed: () => void): void {
    this.#watchers.delete(changed)
  }

  /** A follower's fetch: it now has all that the leader has. */
  replicate(follower: number): void {
    const has = this.#has.get(follower)
    if (has === undefined || follower === this.leader) return
    has.end = this.log.end
    has.highWatermark = Math.min(this.#highWatermark, has.end)
    this.#heard.set(follower, has.end)
    if (!this.inSync.includes(follower)) this.inSync.push(follower)
    this.#advance()
  }

  /** The controller no longer counts on a broker: it is out of the in-sync set, and another one leads in its place. */
  fence(broker: number, canLead: (id: number) => boolean): void {
    if (!this.replicas.includes(broker)) return
    // The last one that was in sync stays: only it can lead without losing anything.
    if (this.inSync.length > 1) this.inSync = this.inSync.filter((id) => id !== broker)
    if (this.leader === broker) this.elect(canLead)
    else this.#advance()
  }

  elect(canLead: (id: number) => boolean): void {
    const before = this.leader
    const next = this.replicas.find((id) => this.inSync.includes(id) && canLead(id)) ?? -1
    if (next === before) return
    if (before >= 0) {
      // Whoever led has all of its log, should nobody take over.
      const own = this.#has.get(before)
      if (own !== undefined) Object.assign(own, { end: this.log.end, highWatermark: this.#highWatermark })
    }
    this.leader = next
    this.epoch++
    this.#heard.clear()
    const waiters = this.#waiters
    this.#waiters = []
    if (next >= 0) {
      const own = this.#has.get(next)
      if (own !== undefined) {
        this.log.cutTo(own.end)
        const heardMs = (this.#silentSinceMs ?? Date.now()) - this.#movedAtMs
        const known = heardMs > FOLLOWER_WAIT_MS ? this.#highWatermark : own.highWatermark
        this.#highWatermark = Math.max(this.log.start, Math.min(known, this.log.end))
        this.log.replicated(this.#highWatermark, this.#highWatermark)
      }
      for (const has of this.#has.values()) has.end = Math.min(has.end, this.log.end)
      this.log.beginEpoch(this.epoch)
      this.#silentSinceMs = undefined
    }
    for (const { done } of waiters) done(false)
    this.#advance()
    this.#signal()
  }

  /** Whether followers can hear of the leader. */
  leaderIs(state: 'silent' | 'heard'): void {
    this.#silentSinceMs = state === 'silent' ? Date.now() : undefined
  }

  /** Deletes the log up to `offset`, as retention does: never beyond the high watermark. */
  trim(offset: number): void {
    this.log.trimTo(Math.min(offset, this.#highWatermark))
  }

  /** The topic is gone: whoever waits hears so. */
  end(): void {
    this.leader = -1
    for (const { done } of this.#waiters.splice(0)) done(false)
    this.#signal()
  }

  #advance(): void {
    if (this.leader < 0) return
    let highWatermark = this.log.end
    for (const id of this.inSync) {
      if (id !== this.leader) highWatermark = Math.min(highWatermark, this.#heard.get(id) ?? 0)
    }
    if (highWatermark <= this.#highWatermark) return
    const from = this.#highWatermark
    this.#highWatermark = highWatermark
    this.#movedAtMs = Date.now()
    this.log.replicated(highWatermark, from)
    while ((this.#waiters[0]?.end ?? Number.POSITIVE_INFINITY) <= highWatermark) this.#waiters.shift()?.done(true)
    this.#signal()
  }

  #signal(): void {
    for (const changed of [...this.#watchers]) changed()
  }
}

/** Last stable offset: how far read_committed readers see. */
export function lastStable({ log, highWatermark }: LedLog): number {
  return Math.min(log.firstUnstable, highWatermark)
}
