import { setTimeout as pause } from 'node:timers/promises'
import {
  canRetry,
  type Fetcher,
  type Kafka,
  KafkaError,
  type Member,
  NotAMember,
  OffsetOutOfRange,
  RecordWalk,
  Rows,
} from '@weir/kafka'
import { batchOf } from './batch.ts'
import { CallbackFailed, PlaceGone } from './errors.ts'
import type { ForgetOrders } from './forget-orders.ts'
import type { ConsumerOptions } from './options.ts'
import { Turns } from './turns.ts'

const MiB = 1024 * 1024
const MAX_WAIT_MS = 500
const RETRY_MS = 200
/** More than the answers without orders that a fetcher may hold (64). A turn must end: the group waits for it. */
const SETTLE_TRIES = 100

export interface SessionParts {
  readonly kafka: Pick<Kafka, 'join' | 'fetcher' | 'committedOffsets' | 'endOffsets'>
  readonly groupId: string
  /** As it is called on the cluster. */
  readonly topic: string
  readonly orders: Pick<ForgetOrders, 'settle' | 'isForgotten' | 'tell'>
  readonly maxBatchRecords: number
  readonly rebalanceTimeoutMs: number
  readonly onRecords: ConsumerOptions['onRecords']
}

/** How far one of our partitions is: next offsets. */
interface Place {
  handled: number
  committed: number
}

/** What was fetched and not handed out yet. */
interface Fetched {
  readonly partition: number
  readonly walk: RecordWalk
}

/**
 * Membership of the group on one topic: batches to the user, one after the other, each committed before the next. A turn
 * is one batch, some forget orders, or a change of assignment.
 */
export class TopicSession {
  readonly topic: string
  readonly #parts: SessionParts
  readonly #fetcher: Fetcher
  readonly #rows: Rows
  readonly #turns = new Turns()
  readonly #stop = new AbortController()
  readonly #places = new Map<number, Place>()
  #fetched: Fetched[] = []
  #failure: { readonly error: unknown } | null = null

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.topic = parts.topic
    this.#rows = new Rows(parts.maxBatchRecords)
    this.#fetcher = parts.kafka.fetcher({
      topic: parts.topic,
      isolation: 'read_committed',
      maxWaitMs: MAX_WAIT_MS,
      maxPartitionBytes: MiB,
      maxBytes: 4 * MiB,
      readAheadBytes: 8 * MiB,
    })
  }

  /** Ends after the batch under way, which is finished and committed. */
  stop(): void {
    this.#stop.abort()
    this.#fetcher.close().catch(() => undefined)
  }

  /**
   * Until stopped. `onJoined` is called when the group has taken us in.
   * @throws CallbackFailed, PlaceGone, UnreadableRecord, UnreadableOrder, KafkaError; the group has been left
   */
  async run(onJoined: () => void): Promise<void> {
    try {
      const member = await this.#join()
      if (member !== null) {
        onJoined()
        await this.#work(member)
      }
      // Also when it came before the group had taken us in.
      if (this.#failure !== null) throw this.#failure.error
    } finally {
      await this.#fetcher.close()
    }
  }

  async #work(member: Member): Promise<void> {
    try {
      while (!this.#stop.signal.aborted) await this.#turns.take(() => this.#step(member))
    } finally {
      await member.leave()
    }
  }

  async #join(): Promise<Member | null> {
    const { kafka, groupId, topic, rebalanceTimeoutMs } = this.#parts
    const { signal } = this.#stop
    const givenUp = (partitions: readonly number[]) => this.#turns.take(async () => this.#giveUp(partitions))
    try {
      return await kafka.join({
        groupId,
        topic,
        rebalanceTimeoutMs,
        signal,
        onAssigned: (partitions) => this.#turns.take(() => this.#take(partitions)),
        onRevoked: givenUp,
        onLost: givenUp,
        onStopped: (error) => this.fail(error),
      })
    } catch (error) {
      if (signal.aborted) return null
      throw error
    }
  }

  /** The group calls again what rejects: so does only what time can mend. */
  async #take(partitions: readonly number[]): Promise<void> {
    try {
      await this.#begin(partitions)
    } catch (error) {
      if (canRetry(error) || this.#stop.signal.aborted) throw error
      this.fail(error)
    }
  }

  /** From where the group is; a group that is new to a partition begins with the first record. */
  async #begin(partitions: readonly number[]): Promise<void> {
    const { kafka, groupId, topic } = this.#parts
    const asked = partitions.map((partition) => ({ topic, partition }))
    const committed = await kafka.committedOffsets(groupId, asked, this.#stop.signal)
    const starts = await kafka.endOffsets(asked, 'earliest')
    for (const [i, partition] of partitions.entries()) {
      const [place = -1, start = 0] = [committed[i], starts[i]]
      if (place >= 0 && place < start) throw new PlaceGone(groupId, topic, partition, place, start)
      const from = Math.max(place, start)
      this.#places.set(partition, { handled: from, committed: from })
      this.#fetcher.assign(partition, from)
    }
  }

  #giveUp(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#fetcher.unassign(partition)
      this.#places.delete(partition)
    }
    this.#fetched = this.#fetched.filter(({ partition }) => this.#places.has(partition))
  }

  /** Ends it with this error. */
  fail(error: unknown): void {
    this.#failure ??= { error }
    this.stop()
  }

  /** One turn. What time mends is tried again by the next; anything else ends the session. */
  async #step(member: Member): Promise<void> {
    try {
      // What the last turn could not commit: nothing more is handed out before.
      if (!(await this.#finish(member))) return
      await this.#poll()
      const areSettled = await this.#parts.orders.settle(member)
      if (!areSettled || this.#stop.signal.aborted) return
      await this.#handOut()
      await this.#finish(member)
    } catch (error) {
      if (!(canRetry(error) || error instanceof NotAMember)) return this.fail(error)
      await pause(RETRY_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  async #poll(): Promise<void> {
    if (this.#fetched.length > 0) return
    try {
      for (const fetched of await this.#fetcher.poll(MAX_WAIT_MS)) {
        const { partition } = fetched
        if (this.#places.has(partition)) this.#fetched.push({ partition, walk: new RecordWalk(fetched) })
      }
    } catch (error) {
      // The log was cut after we began: by retention, or anew.
      if (!(error instanceof OffsetOutOfRange) || error.logStartOffset <= error.asked) throw error
      throw new PlaceGone(this.#parts.groupId, this.topic, error.partition, error.asked, error.logStartOffset)
    }
  }

  async #handOut(): Promise<void> {
    const reached = this.#fill()
    const { orders, onRecords } = this.#parts
    const { records, leftOut } = batchOf(this.topic, this.#rows, (...key) => orders.isForgotten(...key))
    this.#rows.clear()
    // A consumer that crashed before it committed may have stored records of theirs after it was told.
    await orders.tell(leftOut)
    if (records.length > 0) {
      try {
        await onRecords(records)
      } catch (error) {
        throw new CallbackFailed('onRecords', error)
      }
    }
    for (const [partition, position] of reached) {
      const place = this.#places.get(partition)
      if (place !== undefined) place.handled = position
    }
  }

  /** Fills the rows from what was fetched, and says how far each partition then is. */
  #fill(): Map<number, number> {
    const rows = this.#rows
    const reached = new Map<number, number>()
    while (this.#fetched.length > 0 && rows.count < rows.capacity) {
      const { partition, walk } = this.#fetched[0] as Fetched
      try {
        walk.fill(rows, rows.capacity)
      } catch (error) {
        // First what stands before it; it throws again.
        if (error instanceof KafkaError && rows.count > 0) break
        throw error
      }
      reached.set(partition, walk.position)
      if (walk.done) this.#fetched.shift()
    }
    return reached
  }

  /**
   * Commits what was handed out, if anything was. Before that it tells of the orders that came meanwhile: another
   * consumer of the group may have acknowledged them before the user had stored this batch, so if this process ended
   * after its commit and before their telling, nobody would delete what was stored. False: their end is out of reach.
   */
  async #finish(member: Member): Promise<boolean> {
    const due = [...this.#places].filter(([, { handled, committed }]) => handled > committed)
    if (due.length === 0) return true
    let triesLeft = SETTLE_TRIES
    while (!(await this.#parts.orders.settle(member))) if (--triesLeft === 0) return false
    const positions = due.map(([partition, { handled }]) => ({ topic: this.topic, partition, offset: handled }))
    await member.commit(positions)
    for (const { partition, offset } of positions) {
      const place = this.#places.get(partition)
      if (place !== undefined) place.committed = offset
    }
    return true
  }
}
