import kafkajs, { type ConfigResourceTypes, type KafkaConfig, type Admin as KafkajsAdmin } from 'kafkajs'
import { BrokerError, KafkaError, WrongPartitionCount } from './errors.ts'
import type { Cluster } from './net/cluster.ts'
import { retrying } from './net/retry.ts'
import { endOffsets } from './offsets.ts'
import type { Admin, TopicSpec } from './port.ts'

/** Where DescribeConfigs says a value comes from: set on the topic itself. */
const DYNAMIC_TOPIC_CONFIG = 1
const USABLE_WITHIN_MS = 30_000

/**
 * Set-up and inspection by kafkajs's admin client, which is connected for each call and closed after it: this is rare,
 * and nothing is left behind.
 */
export class KafkajsAdminClient implements Admin {
  readonly #cluster: Cluster
  readonly #config: KafkaConfig
  readonly #signal: AbortSignal

  constructor(cluster: Cluster, config: KafkaConfig, signal: AbortSignal) {
    this.#cluster = cluster
    this.#config = config
    this.#signal = signal
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<{ created: string[]; changed: string[]; same: string[] }> {
    const existing = await this.#partitionCounts(specs)
    for (const { topic, partitions } of specs) {
      const has = existing.get(topic)
      if (has !== undefined && has !== partitions) throw new WrongPartitionCount(topic, has, partitions)
    }
    const missing = specs.filter((spec) => !existing.has(spec.topic))
    const changed: string[] = []
    const same: string[] = []
    await this.#with('Ensuring topics', async (admin) => {
      if (missing.length > 0) {
        await admin.createTopics({ topics: missing.map(toKafkajs), waitForLeaders: false })
      }
      for (const spec of specs) {
        if (missing.includes(spec)) continue
        if (await this.#setConfig(admin, spec)) changed.push(spec.topic)
        else same.push(spec.topic)
      }
    })
    await this.#canBeUsed(missing)
    // Somebody else may have created one at the same time.
    for (const [topic, has] of await this.#partitionCounts(missing)) {
      const wanted = missing.find((spec) => spec.topic === topic)?.partitions ?? has
      if (has !== wanted) throw new WrongPartitionCount(topic, has, wanted)
    }
    return { created: missing.map((spec) => spec.topic), changed, same }
  }

  topicConfig(topic: string): Promise<Record<string, string>> {
    return this.#with(`Reading the config of topic ${topic}`, async (admin) => {
      const entries = await describe(admin, kafkajs.ConfigResourceTypes.TOPIC, topic)
      return Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue]))
    })
  }

  brokerConfig(): Promise<Record<string, string>> {
    return this.#with('Reading the broker config', async (admin) => {
      const { brokers } = await admin.describeCluster()
      const entries = await describe(admin, kafkajs.ConfigResourceTypes.BROKER, String(brokers[0]?.nodeId ?? 0))
      return Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue]))
    })
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    return this.#with('Deleting topics', (admin) => admin.deleteTopics({ topics: [...topics] }))
  }

  async #partitionCounts(specs: readonly TopicSpec[]): Promise<Map<string, number>> {
    const topics = await this.#cluster.topics(specs.map((spec) => spec.topic))
    return new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
  }

  /** A new topic can be used only some time after it was created: when its leaders answer. */
  async #canBeUsed(specs: readonly TopicSpec[]): Promise<void> {
    const all = specs.flatMap(({ topic, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
    )
    const look = () => endOffsets(this.#cluster, all, 'earliest')
    const untilMs = performance.now() + USABLE_WITHIN_MS
    await retrying(look, { untilMs, signal: this.#signal, what: 'The Kafka client' })
  }

  /** True when something had to be set. AlterConfigs replaces all, so what else is set on the topic is sent along. */
  async #setConfig(admin: KafkajsAdmin, spec: TopicSpec): Promise<boolean> {
    const entries = await describe(admin, kafkajs.ConfigResourceTypes.TOPIC, spec.topic)
    const now = new Map(entries.map((entry) => [entry.configName, entry.configValue]))
    const wanted = Object.entries(spec.config)
    if (wanted.every(([name, value]) => now.get(name) === value)) return false
    const set = new Map<string, string>()
    for (const { configName, configValue, configSource } of entries) {
      if (configSource === DYNAMIC_TOPIC_CONFIG) set.set(configName, configValue)
    }
    for (const [name, value] of wanted) set.set(name, value)
    const configEntries = [...set].map(([name, value]) => ({ name, value }))
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.topic, configEntries }]
    await admin.alterConfigs({ validateOnly: false, resources })
    return true
  }

  async #with<T>(doing: string, use: (admin: KafkajsAdmin) => Promise<T>): Promise<T> {
    const admin = new kafkajs.Kafka(this.#config).admin()
    try {
      await admin.connect()
      return await use(admin)
    } catch (error) {
      throw ours(error, doing)
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
  }
}

async function describe(admin: KafkajsAdmin, type: ConfigResourceTypes, name: string) {
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type, name }] })
  return resources[0]?.configEntries ?? []
}

function toKafkajs({ topic, partitions, config }: TopicSpec) {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  return { topic, numPartitions: partitions, replicationFactor: -1, configEntries }
}

/** kafkajs's errors as ours; the first of several, since it wraps those of many topics in one. */
function ours(error: unknown, doing: string): KafkaError {
  if (error instanceof KafkaError) return error
  if (error instanceof kafkajs.KafkaJSAggregateError && error.errors[0] !== undefined)
    return ours(error.errors[0], doing)
  if (error instanceof kafkajs.KafkaJSProtocolError) return new BrokerError(error.code, doing, error.message)
  const retriable = error instanceof kafkajs.KafkaJSError && error.retriable
  return new KafkaError(`${doing}: ${error instanceof Error ? error.message : String(error)}`, retriable, {
    cause: error,
  })
}
