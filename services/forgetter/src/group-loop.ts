import { pause, type Row, rowsOf } from '@weir/consent-view'
import {
  CorruptBatch,
  type Fetcher,
  type Kafka,
  type Member,
  OffsetOutOfRange,
  type TransactionalProducer,
  TransactionError,
} from '@weir/kafka'
import type { Service } from '@weir/service'

/** What is done with the partitions of one topic that this process has, one after the other. */
export interface Work<Lane> {
  /**
   * A partition begins. `committed`: the group's offset, -1 for none; no transaction on it is open any more. May be called
   * again for the same partition, after an error.
   */
  begin(partition: number, committed: number): Promise<{ readonly lane: Lane; readonly position: number }>
  /** Committed records, in order; `next` counts control, aborted and compacted records too. */
  take(lane: Lane, rows: readonly Row[], next: number): void
  /** Whether nothing more is to be read for now. */
  isFull(lanes: Lanes<Lane>): boolean
  /** What is due now. A TransactionError that is not `aborted` has everything begin again. */
  step(member: Member, lanes: Lanes<Lane>): Promise<void>
}

export type Lanes<Lane> = ReadonlyMap<number, Lane>

export interface GroupLoopOptions<Lane> {
  readonly kafka: Pick<Kafka, 'committedOffsets' | 'fetcher' | 'join'>
  readonly producer: TransactionalProducer
  readonly groupId: string
  readonly topic: string
  readonly work: Work<Lane>
  readonly log: Pick<Service<unknown>['log'], 'info' | 'warn'>
  /** A state nobody here can mend: ends the process. */
  readonly fail: (error: unknown) => void
}

const POLL_MS = 50
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 2_000
/** What a step waits for may take seconds (offsets under a transaction that its process has left open). */
const REBALANCE_MS = 30_000

/**
 * Membership, reading and recovery for work whose output and position are one transaction. One turn at a time: a step, or
 * a change of the assignment, so that nothing is committed for a partition after it was given up. On any error but an
 * abort: ask the group whether it has us, initialise the producer again, only then read the committed offsets.
 */
export class GroupLoop<Lane> {
  readonly #options: GroupLoopOptions<Lane>
  readonly #fetcher: Fetcher
  readonly #lanes = new Map<number, Lane>()
  readonly #owned = new Set<number>()
  readonly #close = new AbortController()
  #member: Member | null = null
  #lastTurn: Promise<unknown> = Promise.resolve()
  #running: Promise<void> = Promise.resolve()
  #recover = true
  #failures = 0

  constructor(options: GroupLoopOptions<Lane>) {
    this.#options = options
    this.#fetcher = options.kafka.fetcher({
      topic: options.topic,
      isolation: 'read_committed',
      maxWaitMs: 500,
      maxPartitionBytes: 1 << 20,
      maxBytes: 4 << 20,
      readAheadBytes: 4 << 20,
    })
  }

  get lanes(): Lanes<Lane> {
    return this.#lanes
  }

  /** Why nothing is done; empty while all is well. */
  get why(): string {
    const { topic } = this.#options
    if (this.#member === null) return `not in the group of ${topic} yet`
    return this.#recover ? `beginning with ${topic}` : ''
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#close.signal.aborted) this.#options.fail(error)
    })
  }

  async close(): Promise<void> {
    this.#close.abort(new Error('closing'))
    await this.#running
    await this.#member?.leave()
    await this.#fetcher.close()
    await this.#options.producer.close()
  }

  async #run(): Promise<void> {
    const { kafka, groupId, topic, fail } = this.#options
    const { signal } = this.#close
    const member = await kafka.join({
      groupId,
      topic,
      rebalanceTimeoutMs: REBALANCE_MS,
      signal,
      // Without heartbeats nothing here goes on, and nobody else would say so.
      onStopped: (error) => fail(error),
      onAssigned: (partitions) => this.#turn(() => this.#assigned(partitions)),
      onRevoked: (partitions) => this.#turn(async () => this.#giveUp(partitions)),
      onLost: (partitions) =>
        this.#turn(async () => {
          this.#giveUp(partitions)
          this.#recover = true
        }),
    })
    this.#member = member
    while (!signal.aborted) {
      try {
        await this.#turn(() => this.#attempt(member))
        this.#failures = 0
      } catch (error) {
        if (signal.aborted) return
        this.#failed(error)
        await pause(Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 6), MAX_RETRY_MS), signal)
      }
    }
  }

  #turn(act: () => Promise<void>): Promise<void> {
    const mine = this.#lastTurn.then(act)
    this.#lastTurn = mine.catch(() => undefined)
    return mine
  }

  async #attempt(member: Member): Promise<void> {
    const { work } = this.#options
    if (this.#recover) await this.#recovery(member)
    if (work.isFull(this.#lanes)) await pause(POLL_MS, this.#close.signal)
    else await this.#read()
    if (!this.#close.signal.aborted) await work.step(member, this.#lanes)
  }

  async #read(): Promise<void> {
    for (const fetched of await this.#fetcher.poll(POLL_MS)) {
      const lane = this.#lanes.get(fetched.partition)
      if (lane === undefined) continue
      const { rows, next } = rowsOf(fetched)
      this.#options.work.take(lane, rows, next)
    }
  }

  /** As a member whom the group has now only: one that was frozen past its session would fence who has its place. */
  async #recovery(member: Member): Promise<void> {
    const { signal } = this.#close
    await member.confirmed(signal)
    await this.#options.producer.init(signal)
    await this.#begin([...this.#owned])
    this.#recover = false
  }

  async #assigned(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#owned.add(partition)
    // With a recovery due, it begins these together with the others.
    if (this.#recover) return
    try {
      await this.#begin(partitions)
    } catch (error) {
      this.#failed(error)
    }
  }

  async #begin(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    const { kafka, groupId, topic, work } = this.#options
    const places = partitions.map((partition) => ({ topic, partition }))
    const offsets = await kafka.committedOffsets(groupId, places, this.#close.signal)
    for (const [i, partition] of partitions.entries()) {
      const { lane, position } = await work.begin(partition, offsets[i] ?? -1)
      this.#lanes.set(partition, lane)
      this.#fetcher.assign(partition, position)
    }
  }

  #giveUp(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#owned.delete(partition)
      this.#lanes.delete(partition)
      this.#fetcher.unassign(partition)
    }
  }

  #failed(error: unknown): void {
    const { log, fail } = this.#options
    if (isFinal(error)) {
      fail(error)
      this.#close.abort(error)
      return
    }
    if (error instanceof TransactionError && error.outcome === 'aborted') return
    this.#recover = true
    log.warn({ event: 'beginning-again', err: error })
  }
}

/** Operating errors mend themselves and are tried again; a bug, or what only a person can decide, is not. */
function isFinal(error: unknown): boolean {
  if (error instanceof OffsetOutOfRange || error instanceof CorruptBatch) return true
  return error instanceof TypeError || error instanceof RangeError || error instanceof Unreadable
}

/** A record that this version can't read, where going on would mean to leave something undone. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable'
  readonly code = 'WEIR_FORGETTER_RECORD'

  constructor(topic: string, partition: number, offset: number) {
    super(
      `${topic} partition ${partition}, offset ${offset}: a record that this version can’t read. Update the forgetter; ` +
        'if it is the newest, find out who else may write that topic',
    )
  }
}
