import { type Appender, partitionOf } from '@weir/kafka'
import { EventTooLarge, NotDelivered, QueueFull } from '../errors.ts'
import { isTooLarge, mayHaveWritten, mayPass, writtenAt } from './attempt-error.ts'
import type { Clock } from './clock.ts'
import { type Entry, type OutgoingRecord, type Recorded, recordBytes } from './entry.ts'
import { Lane } from './lane.ts'

export interface OutboxOptions {
  readonly topic: string
  readonly appender: Pick<Appender, 'append'>
  /** How many partitions the topic has now. */
  readonly partitions: () => number
  readonly clock: Clock
  readonly lingerMs: number
  readonly maxBatchBytes: number
  readonly maxRecordBytes: number
  readonly maxQueuedBytes: number
  readonly deliverWithinMs: number
}

/** Pause after a failed attempt; the appender has tried again by itself for seconds before it fails. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 1_000

/**
 * The queue between track() and the broker: bounded, in order for each key, nothing dropped without an error.
 *
 * - At most `maxQueuedBytes` of records are taken and not yet acknowledged. What comes then waits for room, in order; as
 *   much again may wait, and more than that is refused at once.
 * - A record waits `lingerMs` at most for others to fill its batch. One batch a partition is out at a time, and batches
 *   that are due together go out together.
 * - A failed batch is sent again, itself before what follows it, until the time of its records is over. The appender has
 *   asked again for an answer that was lost, without writing twice; a batch that it gave up without one, and that is
 *   sent again from here, may be there twice.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #lanes = new Map<number, Lane>()
  readonly #waiting: Entry[] = []
  readonly #flushes = new Set<{ readonly upTo: number; left: number; readonly resolve: () => void }>()
  #queuedBytes = 0
  #waitingBytes = 0
  /** Entries without an answer yet, waiting ones included. */
  #open = 0
  #numbers = 0
  #cancelLinger: (() => void) | null = null
  /** Why all was given up; null while it goes on. */
  #abandoned: string | null = null

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Records without an answer yet, and their bytes. */
  get queued(): { readonly events: number; readonly bytes: number } {
    return { events: this.#open, bytes: this.#queuedBytes + this.#waitingBytes }
  }

  /**
   * Resolves when the record is written.
   * @throws EventTooLarge, QueueFull, NotDelivered
   */
  push(record: OutgoingRecord): Promise<Recorded> {
    const { maxRecordBytes, maxQueuedBytes, clock, deliverWithinMs } = this.#options
    const bytes = recordBytes(record)
    if (this.#abandoned !== null) return Promise.reject(new NotDelivered(this.#abandoned, false))
    if (bytes > maxRecordBytes) return Promise.reject(new EventTooLarge(bytes, maxRecordBytes))
    if (!this.#hasRoom(bytes) && this.#waitingBytes + bytes > maxQueuedBytes) {
      const why = `${this.#open} events are waiting already, with ${this.queued.bytes} bytes`
      return Promise.reject(new QueueFull(why))
    }
    return new Promise((resolve, reject) => {
      const untilMs = clock.monotonicMs() + deliverWithinMs
      const number = ++this.#numbers
      const entry: Entry = { ...record, bytes, untilMs, number, partition: -1, unclear: false, resolve, reject }
      this.#open++
      if (this.#hasRoom(bytes)) {
        this.#wake([this.#take(entry)])
      } else {
        this.#waiting.push(entry)
        this.#waitingBytes += bytes
      }
    })
  }

  /** Sends without waiting for more; resolves when all that was pushed before has its answer, be it a failure. */
  flush(): Promise<void> {
    if (this.#open === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#flushes.add({ upTo: this.#numbers, left: this.#open, resolve })
      this.#sendAll()
    })
  }

  /** Gives up all that has no answer yet. A batch that is out gets its own answer. */
  abandon(why: string): void {
    this.#abandoned = why
    this.#cancelLinger?.()
    this.#cancelLinger = null
    this.#giveUp(() => true, why)
  }

  #hasRoom(bytes: number): boolean {
    if (this.#waiting.length > 0) return false
    return this.#queuedBytes === 0 || this.#queuedBytes + bytes <= this.#options.maxQueuedBytes
  }

  #take(entry: Entry): Lane {
    entry.partition = partitionOf(entry.key, this.#options.partitions())
    this.#queuedBytes += entry.bytes
    let lane = this.#lanes.get(entry.partition)
    if (lane === undefined) {
      lane = new Lane(entry.partition)
      this.#lanes.set(entry.partition, lane)
    }
    lane.add(entry)
    return lane
  }

  /** Something was added to these lanes: they start if they are full, and in any case when the linger is over. */
  #wake(lanes: Iterable<Lane>): void {
    const { clock, lingerMs, maxBatchBytes } = this.#options
    for (const lane of lanes) if (lane.bytes >= maxBatchBytes || this.#flushes.size > 0) this.#start(lane)
    this.#cancelLinger ??= clock.after(lingerMs, () => this.#sendAll())
  }

  /** The linger is over, or somebody can't wait for it. */
  #sendAll(): void {
    this.#cancelLinger?.()
    this.#cancelLinger = null
    // All in one turn: the appender puts them into one request.
    for (const lane of this.#lanes.values()) {
      if (lane.isEmpty) continue
      lane.due = true
      this.#start(lane)
    }
  }

  #start(lane: Lane): void {
    if (lane.sending) return
    lane.sending = true
    void this.#run(lane)
  }

  async #run(lane: Lane): Promise<void> {
    const { maxBatchBytes } = this.#options
    do {
      await this.#deliver(lane.takeBatch(maxBatchBytes), lane.partition)
      if (lane.isEmpty) lane.due = false
    } while (!lane.isEmpty && (lane.due || lane.bytes >= maxBatchBytes || this.#flushes.size > 0))
    lane.sending = false
  }

  /** Resolves when each of the entries has its answer. Never rejects. */
  async #deliver(entries: Entry[], partition: number): Promise<void> {
    let left = entries
    for (let pauseMs = FIRST_PAUSE_MS; left.length > 0; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const error = await this.#attempt(left, partition)
      if (error === null) return
      left = this.#resolveWritten(left, partition, (index) => writtenAt(error, index))
      if (isTooLarge(error) && this.#abandoned === null) {
        this.#failAll(left.splice(0, 1), reason(error), error)
        continue
      }
      if (mayHaveWritten(error)) for (const entry of left) entry.unclear = true
      if (!mayPass(error) || this.#abandoned !== null) return this.#failAll(left, reason(error), error)
      left = this.#dropLate(left, error)
      if (left.length > 0) await new Promise<void>((resolve) => this.#options.clock.after(pauseMs, resolve))
      if (this.#abandoned !== null) return this.#failAll(left, this.#abandoned, error)
    }
  }

  /** Null when all are written. */
  async #attempt(entries: readonly Entry[], partition: number): Promise<unknown> {
    const { appender, topic } = this.#options
    try {
      const records = entries.map(({ key, value, headers }) => ({ key, value, headers, partition }))
      const offsets = await appender.append(topic, records)
      if (offsets.length !== entries.length) throw new TypeError('the appender gave not one offset a record')
      this.#resolveWritten(entries, partition, (index) => Number(offsets[index]))
      return null
    } catch (error) {
      return error
    }
  }

  /** Answers the entries that have an offset, and gives the others. */
  #resolveWritten(entries: readonly Entry[], partition: number, offsetOf: (index: number) => number | null): Entry[] {
    const left: Entry[] = []
    for (const [i, entry] of entries.entries()) {
      const offset = offsetOf(i)
      if (offset === null) {
        left.push(entry)
        continue
      }
      this.#queuedBytes -= entry.bytes
      this.#answered(entry)
      entry.resolve({ topic: this.#options.topic, partition, offset })
    }
    this.#admit()
    return left
  }

  /** Fails what is out of time, here and wherever it waits; gives what of `entries` may go on. */
  #dropLate(entries: readonly Entry[], error: unknown): Entry[] {
    const now = this.#options.clock.monotonicMs()
    const late = (entry: Entry) => entry.untilMs <= now
    // Those who wait first: failing others makes room, and nothing late is to be let in.
    this.#giveUp(late, reason(error), error)
    this.#failAll(entries.filter(late), reason(error), error)
    return entries.filter((entry) => !late(entry))
  }

  /** Fails entries that are not out. */
  #giveUp(which: (entry: Entry) => boolean, why: string, cause?: unknown): void {
    const queued = [...this.#lanes.values()].flatMap((lane) => lane.takeWhere(which))
    const waiting = this.#waiting.filter(which)
    const going = this.#waiting.filter((entry) => !which(entry))
    this.#waiting.splice(0, this.#waiting.length, ...going)
    for (const entry of waiting) {
      this.#waitingBytes -= entry.bytes
      this.#answered(entry)
      entry.reject(new QueueFull(`there was no room for it in time (${why})`))
    }
    this.#failAll(queued, why, cause)
  }

  #failAll(entries: readonly Entry[], why: string, cause: unknown): void {
    for (const entry of entries) {
      this.#queuedBytes -= entry.bytes
      this.#answered(entry)
      entry.reject(new NotDelivered(why, entry.unclear, cause === undefined ? {} : { cause }))
    }
    this.#admit()
  }

  #answered(entry: Entry): void {
    this.#open--
    for (const flush of this.#flushes) {
      if (entry.number > flush.upTo || --flush.left > 0) continue
      this.#flushes.delete(flush)
      flush.resolve()
    }
  }

  /** Gives room that has become free to those who wait. */
  #admit(): void {
    let count = 0
    let bytes = this.#queuedBytes
    for (const entry of this.#waiting) {
      if (bytes > 0 && bytes + entry.bytes > this.#options.maxQueuedBytes) break
      bytes += entry.bytes
      count++
    }
    if (count === 0) return
    const lanes = new Set<Lane>()
    for (const entry of this.#waiting.splice(0, count)) {
      this.#waitingBytes -= entry.bytes
      lanes.add(this.#take(entry))
    }
    this.#wake(lanes)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'an unknown error'
}
