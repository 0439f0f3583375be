import { CONSENT_PARTITIONS, type SubjectRef } from '@weir/consent'
import type { FetchedPartition, Fetcher, Kafka } from '@weir/kafka'
import { OffsetOutOfRange } from '@weir/kafka'
import { type Listeners, makeListeners } from './listeners.ts'
import { PartitionTail } from './partition-tail.ts'
import { pause } from './pause.ts'
import { rowsOf } from './rows.ts'
import { PositionWaiters, TailResetError } from './waiters.ts'

export interface TailOptions {
  readonly kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'fetcher'>
  readonly topic: string
  /** Changed refs kept a partition before the base has to move. */
  readonly maxChangedPerPartition: number
  /** Subjects remembered a partition though they did not change. */
  readonly maxRememberedPerPartition: number
  readonly onEvent: (event: { kind: string; message: string }) => void
}

/** The tail as lookup and fence see it. */
export type ConsentTail = Pick<
  Tail,
  | 'listeners'
  | 'partitions'
  | 'topicId'
  | 'generation'
  | 'tickTimeMs'
  | 'unreadable'
  | 'why'
  | 'positions'
  | 'hasReached'
  | 'reached'
  | 'close'
>

const ALL = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => partition)
const RETRY_MS = 200
const LOOK_AT_TOPIC_EVERY_MS = 1_000

/**
 * Follows all of `consent.state`, committed records only, from its end at the start. Starts, and starts over, by itself
 * while broker or topic is away. A start over (topic made anew, records lost, an error) forgets everything: base is
 * the new end, nothing is proved fresh.
 */
export class Tail {
  readonly listeners: Listeners = makeListeners()
  readonly #options: TailOptions
  readonly #close = new AbortController()
  readonly #waiters = new PositionWaiters((partition) => this.#partitions[partition]?.position ?? -1)
  #partitions: readonly PartitionTail[] = []
  #topicId: string | null = null
  #generation = 0
  #tickTimeMs = 0
  #unreadable = 0
  #why = 'starting'
  #running: Promise<void> = Promise.resolve()

  constructor(options: TailOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  /** One a partition; empty while the topic is not followed. */
  get partitions(): readonly PartitionTail[] {
    return this.#partitions
  }

  get topicId(): string | null {
    return this.#topicId
  }

  /** Grows with each start over; what was read under an earlier one means nothing any more. */
  get generation(): number {
    return this.#generation
  }

  get tickTimeMs(): number {
    return this.#tickTimeMs
  }

  get unreadable(): number {
    return this.#unreadable
  }

  /** Why the topic is not followed; empty while it is. */
  get why(): string {
    return this.#why
  }

  positions(): Float64Array {
    return Float64Array.from(ALL, (partition) => this.#partitions[partition]?.position ?? 0)
  }

  hasReached(positions: ReadonlyMap<number, number>): boolean {
    return this.#waiters.isThere(positions)
  }

  reached(positions: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void> {
    return this.#waiters.wait(positions, AbortSignal.any([signal, this.#close.signal]))
  }

  async close(): Promise<void> {
    this.#close.abort(new Error('the consent view was closed'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#close
    while (!signal.aborted) {
      try {
        const fetcher = await this.#open()
        try {
          await this.#follow(fetcher)
        } finally {
          this.#forget()
          await fetcher.close()
        }
      } catch (error) {
        this.#stopped(error)
      }
      await pause(RETRY_MS, signal)
    }
  }

  async #open(): Promise<Fetcher> {
    const { kafka, topic } = this.#options
    const [info] = await kafka.topics([topic])
    if (info === undefined) throw new Error(`topic ${topic} does not exist: run set-up (it creates topics)`)
    if (info.partitions !== CONSENT_PARTITIONS) {
      throw new Error(`topic ${topic} has ${info.partitions} partitions; the contract says ${CONSENT_PARTITIONS}`)
    }
    const ends = await kafka.endOffsets(
      ALL.map((partition) => ({ topic, partition })),
      'stable',
    )
    const fetcher = kafka.fetcher({
      topic,
      isolation: 'read_committed',
      maxWaitMs: 500,
      maxPartitionBytes: 1 << 20,
      maxBytes: 8 << 20,
      readAheadBytes: 16 << 20,
    })
    const { maxChangedPerPartition, maxRememberedPerPartition } = this.#options
    this.#partitions = ALL.map(
      (i) => new PartitionTail(ends[i] ?? 0, maxChangedPerPartition, maxRememberedPerPartition),
    )
    this.#topicId = info.topicId
    this.#generation += 1
    this.#why = ''
    if (this.#generation > 1) this.listeners.restart()
    for (const partition of ALL) fetcher.assign(partition, ends[partition] ?? 0)
    this.#waiters.moved()
    this.#options.onEvent({ kind: 'consent-tail-running', message: 'following consent.state from its end' })
    return fetcher
  }

  /** Returns when closed; throws when it has to start over. */
  async #follow(fetcher: Fetcher): Promise<void> {
    const { signal } = this.#close
    const lost = new AbortController()
    const stop = AbortSignal.any([signal, lost.signal])
    const watching = this.#watchTopic(lost, stop)
    // Ends a poll that is under way.
    stop.addEventListener('abort', () => void fetcher.close(), { once: true })
    try {
      while (!stop.aborted) {
        for (const fetched of await fetcher.poll(LOOK_AT_TOPIC_EVERY_MS)) {
          if (!stop.aborted) this.#take(fetched)
        }
        this.#waiters.moved()
      }
      if (lost.signal.aborted) throw lost.signal.reason
    } finally {
      lost.abort()
      await watching
    }
  }

  /** A topic of the same name made anew would be followed from positions that mean nothing in it. */
  async #watchTopic(lost: AbortController, stop: AbortSignal): Promise<void> {
    const { kafka, topic } = this.#options
    while (!stop.aborted) {
      await pause(LOOK_AT_TOPIC_EVERY_MS, stop)
      const infos = await kafka.topics([topic]).catch(() => null)
      // No answer is no news: without the broker there are no ticks either, so freshness runs out by itself.
      if (infos === null || stop.aborted) continue
      if (infos[0]?.topicId === this.#topicId) continue
      lost.abort(new Error(`topic ${topic} was ${infos[0] === undefined ? 'deleted' : 'made anew'}`))
    }
  }

  #take(fetched: FetchedPartition): void {
    const { partition } = fetched
    const tail = this.#partitions[partition]
    if (tail === undefined) return
    if (tail.ledBy(fetched.leaderEpoch)) {
      this.#options.onEvent({ kind: 'consent-new-leader', message: `partition ${partition} of consent.state` })
      this.listeners.newLeader(partition)
    }
    const { rows, next } = rowsOf(fetched)
    for (const row of rows) {
      const arrived = tail.take(row)
      if (arrived.kind === 'tick') {
        this.#tickTimeMs = Math.max(this.#tickTimeMs, arrived.tick.timeMs)
        this.listeners.tick(arrived.tick, partition, row.offset)
        continue
      }
      if (arrived.overflowed) {
        const message = 'too many changes since the consent cache was last up to date: lookups wait for it to catch up'
        this.#options.onEvent({ kind: 'consent-changes-overflowed', message })
      }
      if (arrived.kind === 'unreadable') this.#unreadable += 1
      else this.listeners.state(hex(arrived.key), arrived.state, partition, row.offset)
    }
    tail.reached(next, fetched.lastStableOffset, fetched.sentAtMonotonicMs, fetched.leaderEpoch)
  }

  #forget(): void {
    this.#partitions = []
    this.#topicId = null
    this.#waiters.rejectAll(new TailResetError())
  }

  #stopped(error: unknown): void {
    if (this.#close.signal.aborted) return
    const what = error instanceof OffsetOutOfRange ? 'consent.state lost records that were read already: ' : ''
    const why = `${what}${error instanceof Error ? error.message : 'unknown error'}`
    if (why === this.#why) return
    this.#why = why
    this.#options.onEvent({ kind: 'consent-tail-stopped', message: why })
  }
}

function hex(latin1: string): SubjectRef {
  return Buffer.from(latin1, 'latin1').toString('hex') as SubjectRef
}
