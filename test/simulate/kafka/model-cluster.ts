import type { Kafka } from '@weir/kafka'
import { connectOver, type OpenConnection } from '@weir/kafka/over-connections'
import * as layout from '../../../libs/kafka/src/batch/layout.ts'
import type { Cluster } from './answers/answer.ts'
import { Brokers } from './brokers.ts'
import { compact } from './compaction.ts'
import { Controller } from './controller.ts'
import { Groups } from './groups.ts'
import { headersAt, recordsIn } from './keys.ts'
import type { MarkedKind } from './markers.ts'
import { type Fate, hostOf, Network } from './network.ts'
import type { CommittedRecord, DecidedTransaction, ModelOptions } from './options.ts'
import { Transactions } from './transactions.ts'
import { worldOf } from './world.ts'

/**
 * A model of a Kafka cluster for one thread and any clock: time is Date.now, performance.now and setTimeout as they are
 * when it runs. Whoever makes it is the world: brokers' timers belong to the async context of the constructor's call.
 */
export class ModelCluster {
  readonly #controller: Controller
  readonly #cluster: Cluster
  readonly #network: Network

  constructor(options: ModelOptions) {
    const world = worldOf(options)
    this.#controller = new Controller(world, (kind, index) => {
      if (kind === 'group') this.#cluster.groups.moved(index)
    })
    const controller = this.#controller
    this.#cluster = { controller, transactions: new Transactions(controller), groups: new Groups(controller) }
    this.#network = new Network(world, new Brokers(this.#cluster))
  }

  /** The port for one process: libs/kafka's own client over modelled connections, with the timers of the caller. */
  connect(
    process: string,
    onEvent?: (event: { readonly kind: string; readonly message: string }) => void,
  ): Promise<Kafka> {
    const brokers = this.#controller.ids.map(hostOf)
    const options = { brokers, clientId: process, ...(onEvent === undefined ? {} : { onEvent }) }
    return connectOver(options, this.opener(process))
  }

  /** For single requests. */
  opener(process: string): OpenConnection {
    return this.#network.openerFor(process)
  }

  get brokers(): readonly number[] {
    return this.#controller.ids
  }

  createTopic(name: string, partitions: number, config: Readonly<Record<string, string>> = {}): void {
    this.#controller.createTopic(name, partitions, config)
  }

  /** With its log, its id and the offsets that groups have committed of it. */
  deleteTopic(name: string): void {
    if (this.#controller.deleteTopic(name)) this.#cluster.groups.topicDeleted(name)
  }

  /** Deleted and made again with the same partitions and config: another topic of the same name. */
  recreateTopic(name: string): void {
    const topic = this.#topic(name)
    this.deleteTopic(name)
    this.createTopic(name, topic.partitions.length, topic.config)
  }

  /** Its connections break, another in-sync replica leads after `replicaLagMs`. Its log stays. */
  killBroker(id: number): void {
    this.#controller.kill(id)
    this.#network.breakWhere(({ broker }) => broker === id)
  }

  startBroker(id: number): void {
    this.#controller.start(id)
  }

  /** Loses touch with the other brokers but not with clients: it goes on answering by what it knew. */
  isolate(id: number): void {
    this.#cluster.groups.freeze(id)
    this.#controller.isolate(id)
  }

  rejoin(id: number): void {
    this.#controller.rejoin(id)
  }

  /** All connections of a process break; it may open new ones at once. */
  cut(process: string): void {
    this.#network.breakWhere((connection) => connection.process === process)
  }

  /** What becomes of the next request of this API (of this process). */
  next(apiKey: number, fate: Fate, process?: string): void {
    this.#network.next(apiKey, fate, process)
  }

  /**
   * No marker is written for this long, or none in topics, or none for groups' offsets; transactions that end meanwhile
   * stay undecided for readers there.
   */
  pauseMarkers(ms: number, where?: MarkedKind): void {
    this.#cluster.transactions.pauseMarkers(ms, where === undefined ? ['topics', 'groups'] : [where])
  }

  /** No broker coordinates groups or transactions for this long. */
  coordinatorAway(ms: number): void {
    this.#controller.coordinatorsAway(ms)
    this.#cluster.groups.silent(ms)
  }

  /** One pass of the log cleaner over each partition. */
  compact(topic: string): void {
    const { partitions, config } = this.#topic(topic)
    for (const { log, highWatermark } of partitions) compact(log, Math.min(highWatermark, log.firstUnstable), config)
  }

  /** The group has no committed offsets any more, as after offsets.retention.minutes without members. */
  loseOffsets(group: string): void {
    this.#cluster.groups.get(group)?.offsets.forgetCommitted()
  }

  /** Retention: what lies below `before` is gone. */
  trim(topic: string, partition: number, before: number): void {
    this.#topic(topic).partitions[partition]?.trim(before)
  }

  /** What lies in a partition and is committed: those of a transaction once its marker is in the log. */
  records(topic: string, partition: number): readonly CommittedRecord[] {
    const log = this.#topic(topic).partitions[partition]?.log
    const found: CommittedRecord[] = []
    for (const { bytes, base, isControl, committedAtMs, visibleAtMs } of log?.batches ?? []) {
      if (isControl || committedAtMs === Number.POSITIVE_INFINITY) continue
      const isAppendTime = (bytes.readInt16BE(layout.ATTRIBUTES_AT) & layout.LOG_APPEND_TIME) !== 0
      const time = layout.int64At(bytes, isAppendTime ? layout.MAX_TIMESTAMP_AT : layout.BASE_TIMESTAMP_AT)
      const { source, records } = recordsIn(bytes)
      for (const { offsetDelta, timestampDelta, key, value, headersAt: at } of records) {
        const timestampMs = isAppendTime ? time : time + timestampDelta
        const headers = headersAt(source, at)
        found.push({ offset: base + offsetDelta, timestampMs, key, value, headers, committedAtMs, visibleAtMs })
      }
    }
    return found
  }

  /** Transactions whose end was decided, in that order. */
  ended(): readonly DecidedTransaction[] {
    return this.#cluster.transactions.decided
  }

  #topic(name: string) {
    const topic = this.#controller.topics.get(name)
    if (topic === undefined) throw new Error(`There is no topic ${name}`)
    return topic
  }
}
