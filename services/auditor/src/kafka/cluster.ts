import { Kafka, type KafkaConfig, logLevel } from 'kafkajs'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { EvidenceError } from '../evidence.ts'

// kafkajs plans its next look at pending requests also when there are none, with a negative delay: a warning and a loop
// of 1 ms on Node 24 and later (kafkajs#1751).
const scheduleCheck = RequestQueue.prototype.scheduleCheckPendingRequests
RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleOnlyIfPending(this: RequestQueue): void {
  if (this.pending.length > 0) scheduleCheck.call(this)
}

/** A request as kafkajs sends it, and how its answer is read. */
export interface Exchange<T> {
  readonly request: object
  readonly response: { decode(payload: Buffer): Promise<object>; parse(decoded: object): Promise<T> }
}

/** kafkajs's cluster, by which requests of our own go out: connections, TLS and login are its. */
interface InnerCluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  refreshMetadata(): Promise<void>
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>
  findBroker(options: { nodeId: string }): Promise<{
    connectionPool: { send<T>(exchange: Exchange<T>): Promise<T> }
  }>
}

const SWEEP = 'transaction.abort.timed.out.transaction.cleanup.interval.ms'
const BROKER = 4

/** What an audit asks of Kafka. */
export class Cluster {
  readonly #inner: InnerCluster
  readonly #admin: ReturnType<Kafka['admin']>

  private constructor(kafka: Kafka, inner: InnerCluster) {
    this.#inner = inner
    this.#admin = kafka.admin()
  }

  /** @throws EvidenceError when no broker answers */
  static async connect(config: KafkaConfig): Promise<Cluster> {
    const kafka = new Kafka({
      ...config,
      logLevel: logLevel.NOTHING,
      connectionTimeout: 10_000,
      requestTimeout: 60_000,
    })
    const cluster = new Cluster(kafka, innerOf(kafka))
    try {
      await Promise.all([cluster.#inner.connect(), cluster.#admin.connect()])
    } catch (error) {
      throw new EvidenceError(`Kafka can't be reached: ${error instanceof Error ? error.message : ''}`)
    }
    return cluster
  }

  async close(): Promise<void> {
    await Promise.all([this.#inner.disconnect(), this.#admin.disconnect()])
  }

  /** First offset that is still there and next one, by partition; null: no such topic. */
  async extents(topic: string): Promise<readonly { readonly from: number; readonly to: number }[] | null> {
    const names = await this.#admin.listTopics()
    if (!names.includes(topic)) return null
    const extents: { from: number; to: number }[] = []
    for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(topic))
      extents[partition] = { from: Number(low), to: Number(high) }
    return extents
  }

  /** How often brokers look for transactions that ran out (ms); the slowest counts. Null: they don't say. */
  async sweepMs(): Promise<number | null> {
    const { brokers } = await this.#admin.describeCluster()
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: brokers.map(({ nodeId }) => ({ type: BROKER, name: String(nodeId), configNames: [SWEEP] })),
    })
    const values = resources.flatMap(({ configEntries }) => configEntries.map(({ configValue }) => Number(configValue)))
    const known = values.filter((value) => value > 0)
    return known.length === 0 ? null : Math.max(...known)
  }

  /** Sends to the partition's leader. */
  async toLeader<T>(topic: string, partition: number, exchange: Exchange<T>): Promise<T> {
    await this.#inner.addMultipleTargetTopics([topic])
    const [nodeId] = Object.keys(this.#inner.findLeaderForPartitions(topic, [partition]))
    if (nodeId === undefined) throw new EvidenceError(`partition ${partition} of ${topic} has no leader`)
    const broker = await this.#inner.findBroker({ nodeId })
    return broker.connectionPool.send(exchange)
  }

  refresh(): Promise<void> {
    return this.#inner.refreshMetadata()
  }
}

/** kafkajs keeps the maker of its cluster under a symbol. */
function innerOf(kafka: Kafka): InnerCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  )
  if (symbol === undefined) throw new EvidenceError('this version of kafkajs has no cluster to be found')
  const create: (options: object) => InnerCluster = Reflect.get(kafka, symbol)
  return create({ metadataMaxAge: 300_000, allowAutoTopicCreation: false })
}
