import { encodeForgotten } from '@weir/consent'
import type { Row } from '@weir/consent-view'
import {
  BatchBuilder,
  type FinishedBatch,
  type Kafka,
  type Member,
  partitionOf,
  type TransactionalProducer,
} from '@weir/kafka'
import type { Lanes, Work } from './group-loop.ts'
import type { ForgetterMetrics } from './metrics.ts'
import { OrderLane, type WaitingOrder } from './order-lane.ts'

/** A topic that is told whom to forget. */
export interface ForgetTopic {
  readonly topic: string
  readonly partitions: number
}

export interface ForgettingOptions {
  readonly kafka: Pick<Kafka, 'endOffsets'>
  readonly producer: TransactionalProducer
  /** Full name of `consent.forget`. */
  readonly topic: string
  /** By purpose: the forget topics of all its outputs. */
  readonly forgetTopics: ReadonlyMap<string, readonly ForgetTopic[]>
  /** How long an order waits; drawn anew for each. Milliseconds. */
  readonly delayMs: () => number
  /** Uniform whole number in [0, below). */
  readonly randomBelow: (below: number) => number
  readonly monotonicMs: () => number
  /** Unix milliseconds. */
  readonly nowMs: () => number
  readonly metrics: Pick<ForgetterMetrics, 'orders'>
  readonly onEvent: (event: { readonly kind: string; readonly message: string }) => void
}

const DAY_MS = 86_400_000
/** Orders in one transaction at most. */
const MAX_ORDERS = 2_000
/** Orders that wait in memory; with more than that, reading rests and the window becomes longer. */
const MAX_WAITING = 50_000

/**
 * Brings forget orders downstream: each waits a time of its own, then its pseudonym goes to the forget topic of every
 * output of its purpose. Records and position are one transaction, and no transaction speaks of two purposes: its
 * producer epoch stands in the batches, and would tell what belongs together. Within one, records lie in the order of
 * their pseudonyms.
 */
export class Forgetting implements Work<OrderLane> {
  readonly #options: ForgettingOptions

  constructor(options: ForgettingOptions) {
    this.#options = options
  }

  /** Where nothing was ever committed, at what is left of the topic. */
  async begin(partition: number, committed: number): Promise<{ lane: OrderLane; position: number }> {
    const { kafka, topic, onEvent } = this.#options
    if (committed >= 0) return { lane: new OrderLane(partition, committed, committed), position: committed }
    const [start = 0] = await kafka.endOffsets([{ topic, partition }], 'earliest')
    if (start > 0) {
      const message = `partition ${partition} of ${topic} begins at ${start}: orders before were deleted and never forwarded`
      onEvent({ kind: 'orders-lost', message })
    }
    return { lane: new OrderLane(partition, committed, start), position: start }
  }

  take(lane: OrderLane, rows: readonly Row[], next: number): void {
    const { topic, delayMs, monotonicMs } = this.#options
    const nowMs = monotonicMs()
    lane.take(topic, rows, next, () => nowMs + delayMs())
  }

  isFull(lanes: Lanes<OrderLane>): boolean {
    let waiting = 0
    for (const lane of lanes.values()) waiting += lane.waiting.length
    return waiting >= MAX_WAITING
  }

  async step(member: Member, lanes: Lanes<OrderLane>): Promise<void> {
    const due = this.#due([...lanes.values()])
    while (due.size > 0) {
      const purposes = [...due.keys()]
      const purpose = purposes[this.#options.randomBelow(purposes.length)] ?? ''
      const orders = due.get(purpose) ?? []
      due.delete(purpose)
      for (let from = 0; from < orders.length; from += MAX_ORDERS) {
        await this.#forget(member, lanes, purpose, orders.slice(from, from + MAX_ORDERS))
      }
    }
    await this.#forget(member, lanes, '', [])
  }

  #due(lanes: readonly OrderLane[]): Map<string, WaitingOrder[]> {
    const nowMs = this.#options.monotonicMs()
    const due = new Map<string, WaitingOrder[]>()
    for (const waiting of lanes.flatMap((lane) => lane.waiting)) {
      if (waiting.dueMs > nowMs) continue
      const { purpose } = waiting.order
      const orders = due.get(purpose)
      if (orders === undefined) due.set(purpose, [waiting])
      else orders.push(waiting)
    }
    return due
  }

  /** Without orders: brings the group's offsets up to where they may stand, if they are not there. */
  async #forget(
    member: Member,
    lanes: Lanes<OrderLane>,
    purpose: string,
    orders: readonly WaitingOrder[],
  ): Promise<void> {
    const { producer, topic, forgetTopics, metrics } = this.#options
    const out = new Set(orders)
    const moved = [...lanes.values()].flatMap((lane) => {
      const offset = lane.positionWithout(out)
      const isTouched = offset !== lane.committed || lane.waiting.some((order) => out.has(order))
      return isTouched ? [{ lane, offset }] : []
    })
    if (moved.length === 0) return
    const topics = forgetTopics.get(purpose) ?? []
    const transaction = await producer.begin(
      member,
      moved.map(({ lane: { partition }, offset }) => ({ topic, partition, offset })),
    )
    const batches = topics.flatMap((to) => forgetBatches(to, orders, this.#options.nowMs()))
    if (batches.length > 0) await transaction.produce(batches)
    await transaction.commit()
    for (const { lane, offset } of moved) {
      lane.committed = offset
      lane.done(out)
    }
    if (orders.length > 0)
      metrics.orders.inc({ outcome: topics.length === 0 ? 'no-output' : 'forgotten' }, orders.length)
  }
}

/** By pseudonym, which are random: nothing is left of the order in which they came. */
function forgetBatches(to: ForgetTopic, orders: readonly WaitingOrder[], nowMs: number): FinishedBatch[] {
  const day = Math.floor(nowMs / DAY_MS)
  const value = encodeForgotten({ day })
  const builders = new Map<number, BatchBuilder>()
  for (const pseudonym of [...new Set(orders.map(({ order }) => order.pseudonym))].sort()) {
    const key = Buffer.from(pseudonym)
    const partition = partitionOf(key, to.partitions)
    const builder = builders.get(partition) ?? new BatchBuilder(to.topic, partition)
    builders.set(partition, builder)
    builder.append(day * DAY_MS, key, value)
  }
  return [...builders.values()].flatMap((builder) => builder.finish())
}
