import { BrokerError, ConnectionLost, WrongPartitionCount } from './errors.ts'
import { type Cluster, CONTROL_LANE } from './net/cluster.ts'
import { retrying } from './net/retry.ts'
import { endOffsets } from './offsets.ts'
import type { Admin, TopicPosition, TopicSpec } from './port.ts'
import type { Api } from './protocol/api.ts'
import { describeConfigs, Resource, setTopicConfig } from './protocol/configs.ts'
import { createTopics } from './protocol/create-topics.ts'
import { deleteRecords } from './protocol/delete-records.ts'
import { deleteTopics } from './protocol/delete-topics.ts'
import { Code, isStaleMetadata } from './protocol/error-codes.ts'
import type { TopicResult } from './protocol/topic-result.ts'

/** For each step of a set-up, trying again included. */
const WITHIN_MS = 30_000

/**
 * Set-up and inspection. Each step is tried again while time can mend it, so each must bear being done twice: what is
 * there already is not created, what is gone already is deleted.
 */
export class ClusterAdmin implements Admin {
  readonly #cluster: Cluster
  readonly #signal: AbortSignal

  constructor(cluster: Cluster, signal: AbortSignal) {
    this.#cluster = cluster
    this.#signal = signal
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<{ created: string[]; changed: string[]; same: string[] }> {
    const existing = await this.#partitionCounts(specs)
    for (const { topic, partitions } of specs) {
      const has = existing.get(topic)
      if (has !== undefined && has !== partitions) throw new WrongPartitionCount(topic, has, partitions)
    }
    const missing = specs.filter((spec) => !existing.has(spec.topic))
    await this.#create(missing)
    const changed: string[] = []
    const same: string[] = []
    for (const spec of specs) {
      if (missing.includes(spec)) continue
      if (await this.#setConfig(spec)) changed.push(spec.topic)
      else same.push(spec.topic)
    }
    await this.#canBeUsed(missing)
    // Somebody else may have created one at the same time.
    for (const [topic, has] of await this.#partitionCounts(missing)) {
      const wanted = missing.find((spec) => spec.topic === topic)
      if (wanted === undefined) continue
      if (has !== wanted.partitions) throw new WrongPartitionCount(topic, has, wanted.partitions)
      await this.#setConfig(wanted)
    }
    return { created: missing.map((spec) => spec.topic), changed, same }
  }

  topicConfig(topic: string): Promise<Record<string, string>> {
    const ask = () => this.#cluster.callAny(describeConfigs(Resource.topic, topic))
    return this.#described(ask, `Reading the config of topic ${topic}`)
  }

  async brokerConfigs(): Promise<Map<number, Record<string, string>>> {
    // Who belongs to the cluster now: one that has gone is not waited for.
    await this.#trying(() => this.#cluster.topics([]), this.#cluster.requestTimeoutMs)
    const nodeIds = this.#cluster.connections.candidates(0).filter((id) => id >= 0)
    if (nodeIds.length === 0) throw new ConnectionLost('No broker is known', false)
    return new Map(await Promise.all(nodeIds.map(async (id) => [id, await this.#configOf(id)] as const)))
  }

  #configOf(nodeId: number): Promise<Record<string, string>> {
    const ask = () => this.#cluster.call(nodeId, CONTROL_LANE, describeConfigs(Resource.broker, String(nodeId)))
    return this.#described(ask, `Reading the config of broker ${nodeId}`)
  }

  /** A topic that does not exist is no error: it may have been deleted by a try whose answer was lost. */
  async deleteTopics(topics: readonly string[]): Promise<void> {
    if (topics.length === 0) return
    const api = deleteTopics(topics, this.#cluster.requestTimeoutMs)
    await this.#trying(() => this.#each(api, 'Deleting topic', Code.UNKNOWN_TOPIC_OR_PARTITION))
  }

  async deleteRecords(before: readonly TopicPosition[]): Promise<void> {
    const unlike = before.find(({ offset }) => !Number.isSafeInteger(offset) || offset < 0)
    // Below 0 it would mean all that there is.
    if (unlike !== undefined) throw new RangeError(`${unlike.offset} is no offset to delete records before`)
    for (const at of before) await this.#trying(() => this.#deleteBefore(at))
  }

  async #deleteBefore(at: TopicPosition): Promise<void> {
    const { topic, partition } = at
    const { nodeId } = await this.#cluster.leader(topic, partition)
    const api = deleteRecords([at], this.#cluster.requestTimeoutMs)
    const answers = await this.#cluster.call(nodeId, CONTROL_LANE, api).catch((error: unknown) => {
      this.#cluster.stale(topic)
      throw error
    })
    const code = answers.find((answer) => answer.topic === topic && answer.partition === partition)?.errorCode ?? -1
    if (isStaleMetadata(code)) this.#cluster.stale(topic)
    if (code !== Code.NONE) {
      const doing = `DeleteRecords before offset ${at.offset} of partition ${partition} of ${topic}`
      throw new BrokerError(code, doing, null, 'DeleteRecords')
    }
  }

  async #partitionCounts(specs: readonly TopicSpec[]): Promise<Map<string, number>> {
    const topics = await this.#cluster.topics(specs.map((spec) => spec.topic))
    return new Map(topics.map(({ topic, partitions }) => [topic, partitions]))
  }

  async #create(specs: readonly TopicSpec[]): Promise<void> {
    if (specs.length === 0) return
    const api = createTopics(specs, this.#cluster.requestTimeoutMs)
    await this.#trying(() => this.#each(api, 'Creating topic', Code.TOPIC_ALREADY_EXISTS))
  }

  /** One request about several topics; `fine` is an error that says that it is done already. */
  async #each(api: Api<TopicResult[]>, doing: string, fine: number): Promise<void> {
    for (const { topic, errorCode, errorMessage } of await this.#cluster.callAny(api)) {
      if (errorCode !== Code.NONE && errorCode !== fine) {
        throw new BrokerError(errorCode, `${doing} ${topic}`, errorMessage)
      }
    }
  }

  /** A new topic can be used only some time after it was created: when its leaders answer. */
  async #canBeUsed(specs: readonly TopicSpec[]): Promise<void> {
    const all = specs.flatMap(({ topic, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
    )
    await this.#trying(() => endOffsets(this.#cluster, all, 'earliest'))
  }

  /** True when something had to be set. */
  async #setConfig({ topic, config }: TopicSpec): Promise<boolean> {
    const now = await this.topicConfig(topic)
    const wanted = Object.entries(config).filter(([name, value]) => now[name] !== value)
    if (wanted.length === 0) return false
    const api = setTopicConfig(topic, Object.fromEntries(wanted))
    await this.#trying(async () => {
      const answer = await this.#cluster.callAny(api)
      const { errorCode, errorMessage } = answer ?? { errorCode: -1, errorMessage: 'no answer for it' }
      if (errorCode !== Code.NONE) {
        throw new BrokerError(errorCode, `Setting the config of topic ${topic}`, errorMessage)
      }
    })
    return true
  }

  #described(
    ask: () => Promise<ReturnType<ReturnType<typeof describeConfigs>['read']>>,
    doing: string,
  ): Promise<Record<string, string>> {
    return this.#trying(async () => {
      const answer = await ask()
      if (answer === undefined) throw new BrokerError(-1, doing, 'no answer for it')
      if (answer.errorCode !== Code.NONE) throw new BrokerError(answer.errorCode, doing, answer.errorMessage)
      return { ...answer.config }
      // A topic that does not exist is told of soon.
    }, this.#cluster.requestTimeoutMs)
  }

  #trying<T>(step: () => Promise<T>, withinMs = WITHIN_MS): Promise<T> {
    const untilMs = performance.now() + withinMs
    return retrying(step, { untilMs, signal: this.#signal, what: 'The Kafka client' })
  }
}
