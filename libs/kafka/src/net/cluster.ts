import { BrokerError, ConnectionLost, KafkaError, NoSuchPartition } from '../errors.ts'
import type { TopicInfo } from '../port.ts'
import type { Api } from '../protocol/api.ts'
import { Code, isCoordinatorMove } from '../protocol/error-codes.ts'
import { type CoordinatorType, findCoordinator } from '../protocol/find-coordinator.ts'
import { metadata, type TopicMetadata } from '../protocol/metadata.ts'
import type { Connections } from './connections.ts'
import type { CallLimits } from './kafkajs-connection.ts'
import { ToldOffsets } from './told-offsets.ts'

export interface Leader {
  readonly nodeId: number
  readonly leaderEpoch: number
}

interface Known {
  readonly info: TopicInfo
  readonly leaders: readonly (Leader | undefined)[]
  /** Something went wrong by it: read it again before the next use. */
  stale: boolean
  /** When (monotonic) it has quietly aged: read it again beside its next use. */
  readAgainMs: number
}

interface KnownCoordinator {
  readonly nodeId: number
  findAgainMs: number
}

/**
 * A broker that has lost touch with the others goes on answering as the leader it was. Nothing goes wrong by it, so what
 * is known is read again after this time, by the next one who uses it.
 */
const MAX_AGE_MS = 5 * 60_000
/** Reading again what has aged was tried; the next try comes not before this. */
const AGED_RETRY_MS = 10_000

/** The lane of requests that any broker answers at once. */
export const CONTROL_LANE = 'control'

/** Who leads which partition, who coordinates which group or transactional id; and calls to them. */
export class Cluster {
  readonly connections: Connections
  readonly requestTimeoutMs: number
  readonly #topics = new Map<string, Known>()
  readonly #reading = new Map<string, Promise<void>>()
  readonly #coordinators = new Map<string, KnownCoordinator>()
  /** Which broker told the committed offsets that nothing has proved yet, by group and partition. */
  readonly toldOffsets = new ToldOffsets()
  /** Moves on with every trouble, so that not always the same broker is asked, which may be the one that is behind. */
  #turn = 0

  constructor(connections: Connections, requestTimeoutMs: number) {
    this.connections = connections
    this.requestTimeoutMs = requestTimeoutMs
  }

  /** One request to one broker on a lane of its own. */
  async call<Response>(
    nodeId: number,
    lane: string,
    api: Api<Response>,
    limits?: Partial<CallLimits>,
  ): Promise<Response> {
    const connection = await this.connections.get(nodeId, lane)
    return connection.call(api, { timeoutMs: this.requestTimeoutMs, ...limits })
  }

  /** A request that any broker can answer: the first one that does. */
  async callAny<Response>(api: Api<Response>): Promise<Response> {
    let failure: unknown = new ConnectionLost('No broker is known', false)
    for (const nodeId of this.connections.candidates(this.#turn)) {
      try {
        return await this.call(nodeId, CONTROL_LANE, api)
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        // What will not mend by itself (too old, login refused) must not be hidden behind a broker that is just away.
        if (!(failure instanceof KafkaError) || failure.retriable) failure = error
      }
    }
    throw failure
  }

  /** Reads brokers and the leaders of these topics from the cluster; topics that don't exist are absent. */
  async topics(names: readonly string[]): Promise<TopicInfo[]> {
    const response = await this.callAny(metadata(names))
    for (const { nodeId, host, port } of response.brokers) this.connections.place(nodeId, { host, port })
    if (response.brokers.length > 0) this.connections.keepOnly(new Set(response.brokers.map((b) => b.nodeId)))
    const found: TopicInfo[] = []
    for (const topic of response.topics) {
      if (topic.errorCode === Code.UNKNOWN_TOPIC_OR_PARTITION) {
        this.#topics.delete(topic.topic)
        continue
      }
      if (topic.errorCode !== 0 && topic.errorCode !== Code.LEADER_NOT_AVAILABLE) {
        throw new BrokerError(topic.errorCode, `Metadata of topic ${topic.topic}`)
      }
      found.push(this.#learn(topic))
    }
    return found
  }

  /** Leader of a partition, from memory unless it went stale. */
  async leader(topic: string, partition: number): Promise<Leader> {
    const known = await this.#known(topic)
    if (known === undefined || partition < 0 || partition >= known.info.partitions) {
      // Perhaps not yet: a topic that is just being made is told of without partitions, and one may get more.
      this.stale(topic)
      throw new NoSuchPartition(topic, partition)
    }
    const leader = known.leaders[partition]
    if (leader !== undefined) return leader
    this.stale(topic)
    throw new BrokerError(Code.LEADER_NOT_AVAILABLE, `Partition ${partition} of ${topic}`)
  }

  /** The leader as remembered; undefined when it has to be asked for. */
  knownLeader(topic: string, partition: number): Leader | undefined {
    const known = this.#topics.get(topic)
    if (known === undefined || known.stale) return undefined
    this.#readIfAged(known)
    return known.leaders[partition]
  }

  /** The topic's id as remembered: another one than before means that it was deleted and made anew. */
  topicId(topic: string): string | undefined {
    return this.#topics.get(topic)?.info.topicId
  }

  /** The partitions of this topic have moved or may have: its leaders are read again before their next use. */
  stale(topic: string): void {
    const known = this.#topics.get(topic)
    if (known === undefined || known.stale) return
    known.stale = true
    this.#turn++
  }

  /** Broker that coordinates a group or a transactional id, from memory unless it was forgotten. */
  async coordinator(type: CoordinatorType, key: string): Promise<number> {
    const known = this.#coordinators.get(`${type}/${key}`)
    if (known === undefined) return this.#findCoordinator(type, key)
    if (performance.now() >= known.findAgainMs) {
      known.findAgainMs = performance.now() + AGED_RETRY_MS
      aside(this.#findCoordinator(type, key))
    }
    return known.nodeId
  }

  async #findCoordinator(type: CoordinatorType, key: string): Promise<number> {
    const found = await this.callAny(findCoordinator(type, key))
    if (found === undefined) throw new BrokerError(Code.COORDINATOR_NOT_AVAILABLE, `Coordinator of ${type} ${key}`)
    if (found.errorCode !== 0) {
      throw new BrokerError(found.errorCode, `Coordinator of ${type} ${key}`, found.errorMessage)
    }
    this.connections.place(found.nodeId, { host: found.host, port: found.port })
    // Found beside its use, it may have moved without anything going wrong.
    if (this.#coordinators.get(`${type}/${key}`)?.nodeId !== found.nodeId) this.#forgetCoordinator(type, key)
    this.#coordinators.set(`${type}/${key}`, { nodeId: found.nodeId, findAgainMs: performance.now() + MAX_AGE_MS })
    return found.nodeId
  }

  /**
   * One request to a coordinator. When it has moved or can't be reached it is forgotten, so that the next call finds it
   * anew. `codeOf` tells the response's error code; the code itself is left to the caller.
   */
  async callCoordinator<Response>(
    type: CoordinatorType,
    key: string,
    lane: string,
    api: Api<Response>,
    codeOf: (response: Response) => number,
    limits?: Partial<CallLimits>,
  ): Promise<Response> {
    return this.callAsCoordinator(await this.coordinator(type, key), type, key, lane, api, codeOf, limits)
  }

  /** The same, of a broker that was found to be the coordinator. */
  async callAsCoordinator<Response>(
    nodeId: number,
    type: CoordinatorType,
    key: string,
    lane: string,
    api: Api<Response>,
    codeOf: (response: Response) => number,
    limits?: Partial<CallLimits>,
  ): Promise<Response> {
    try {
      const response = await this.call(nodeId, lane, api, limits)
      if (isCoordinatorMove(codeOf(response))) this.#forgetCoordinator(type, key)
      return response
    } catch (error) {
      this.#forgetCoordinator(type, key)
      throw error
    }
  }

  #forgetCoordinator(type: CoordinatorType, key: string): void {
    if (!this.#coordinators.delete(`${type}/${key}`)) return
    this.#turn++
    if (type === 'group') this.toldOffsets.lost(key)
  }

  #readIfAged(known: Known): void {
    if (performance.now() < known.readAgainMs) return
    known.readAgainMs = performance.now() + AGED_RETRY_MS
    aside(this.#read(known.info.topic))
  }

  async #known(topic: string): Promise<Known | undefined> {
    const known = this.#topics.get(topic)
    if (known !== undefined && !known.stale) {
      this.#readIfAged(known)
      return known
    }
    await this.#read(topic)
    return this.#topics.get(topic)
  }

  /** Many may want it at once: that is one request. */
  #read(topic: string): Promise<void> {
    let reading = this.#reading.get(topic)
    if (reading === undefined) {
      reading = this.topics([topic])
        .then(() => undefined)
        .finally(() => this.#reading.delete(topic))
      this.#reading.set(topic, reading)
    }
    return reading
  }

  /** Keeps the newest leader epoch of each partition: an isolated broker may tell of an older leader (KIP-320). */
  #learn(topic: TopicMetadata): TopicInfo {
    const before = this.#topics.get(topic.topic)
    const sameTopic = before?.info.topicId === topic.topicId
    const leaders: (Leader | undefined)[] = []
    for (const { partition, leader, leaderEpoch } of topic.partitions) {
      const known = sameTopic ? before.leaders[partition] : undefined
      if (known !== undefined && known.leaderEpoch > leaderEpoch) leaders[partition] = known
      else leaders[partition] = leader < 0 ? undefined : { nodeId: leader, leaderEpoch }
    }
    const info = { topic: topic.topic, topicId: topic.topicId, partitions: topic.partitions.length }
    const readAgainMs = performance.now() + MAX_AGE_MS
    this.#topics.set(topic.topic, { info, leaders, stale: leaders.includes(undefined), readAgainMs })
    return info
  }
}

/** Nobody waits for it, and it may fail as what it asks may; a bug does not pass unseen. */
function aside(work: Promise<unknown>): void {
  work.catch((error: unknown) => {
    if (!(error instanceof KafkaError)) throw error
  })
}
