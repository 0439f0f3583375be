import { setMaxListeners } from 'node:events'
import { ClusterAdmin } from './admin.ts'
import { BatchingAppender } from './appender.ts'
import { Closed, ConnectionLost } from './errors.ts'
import { PartitionFetcher } from './fetcher.ts'
import { GroupMember } from './member.ts'
import { Cluster } from './net/cluster.ts'
import { Connections, type OpenConnection } from './net/connections.ts'
import type { Address } from './net/kafkajs-connection.ts'
import { eitherAborts, retrying } from './net/retry.ts'
import { committedOffsets, endOffsets, offsetsForTimes } from './offsets.ts'
import type { KafkaOptions } from './options.ts'
import type {
  Appender,
  AppenderOptions,
  EndOf,
  Fetcher,
  FetcherOptions,
  Kafka,
  Member,
  MemberOptions,
  TopicInfo,
  TopicPartition,
  TopicTime,
  TransactionalProducer,
  TransactionalProducerOptions,
} from './port.ts'
import { SlotProducer } from './producer.ts'

/** Limit of each single request, unless the options say otherwise. */
export const REQUEST_TIMEOUT_MS = 5_000

export type { Connection, OpenConnection } from './net/connections.ts'

interface Part {
  stop(): Promise<void>
}

/**
 * Connects to a cluster over connections that `openConnection` opens. What else holds is `connectKafka`'s, which gives
 * sockets; a model of brokers gives its own.
 */
export async function connectOver(options: KafkaOptions, openConnection: OpenConnection): Promise<Kafka> {
  const client = new KafkaClient(options, openConnection)
  const giveUp = (): void => client.abandon()
  options.signal?.addEventListener('abort', giveUp, { once: true })
  try {
    if (options.signal?.aborted) giveUp()
    await client.start()
    return client
  } catch (error) {
    await client.close()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', giveUp)
  }
}

class KafkaClient implements Kafka {
  readonly admin: ClusterAdmin
  readonly #cluster: Cluster
  readonly #onEvent: NonNullable<KafkaOptions['onEvent']>
  readonly #lifetime = new AbortController()
  readonly #parts = new Set<Part>()
  #lanes = 0
  #closed = false

  constructor(options: KafkaOptions, openConnection: OpenConnection) {
    this.#onEvent = options.onEvent ?? (() => undefined)
    const connections = new Connections(options.brokers.map(addressOf), openConnection, this.#onEvent)
    this.#cluster = new Cluster(connections, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS)
    this.admin = new ClusterAdmin(this.#cluster, this.#lifetime.signal)
    // Many parts wait on this one signal at once; that is no leak.
    setMaxListeners(0, this.#lifetime.signal)
  }

  /** Resolves when a broker has answered and can do what is needed. */
  async start(): Promise<void> {
    const { signal } = this.#lifetime
    let told = false
    const ask = () =>
      this.#cluster.topics([]).catch((error: unknown) => {
        // A broker that can't be reached has been told of; one that hangs up on what it is asked has not.
        if (error instanceof ConnectionLost && error.maybeSent && !told) {
          told = true
          this.#onEvent({ kind: 'broker-hangs-up', message: error.message })
        }
        throw error
      })
    const untilMs = Number.POSITIVE_INFINITY
    await retrying(ask, { untilMs, signal, firstMs: 100, maxMs: 1_000, what: 'The Kafka client' })
  }

  async topics(names: readonly string[]): Promise<TopicInfo[]> {
    return names.length === 0 ? [] : this.#cluster.topics(names)
  }

  endOffsets(partitions: readonly TopicPartition[], end: EndOf): Promise<number[]> {
    return endOffsets(this.#cluster, partitions, end)
  }

  offsetsForTimes(times: readonly TopicTime[]): Promise<(number | null)[]> {
    return offsetsForTimes(this.#cluster, times, this.#lifetime.signal)
  }

  committedOffsets(groupId: string, partitions: readonly TopicPartition[], signal?: AbortSignal): Promise<number[]> {
    return committedOffsets(this.#cluster, groupId, partitions, eitherAborts(this.#lifetime.signal, signal))
  }

  fetcher(options: FetcherOptions): Fetcher {
    this.#refuseIfClosed()
    const lane = this.#lane('fetch', options.topic)
    const fetcher: PartitionFetcher = new PartitionFetcher(this.#cluster, options, lane, this.#onEvent, () =>
      this.#parts.delete(part),
    )
    const part = this.#keep(() => fetcher.close())
    return fetcher
  }

  transactionalProducer(options: TransactionalProducerOptions): TransactionalProducer {
    this.#refuseIfClosed()
    const lane = this.#lane('transaction', options.transactionalId)
    const producer: SlotProducer = new SlotProducer(this.#cluster, options, lane, () => this.#parts.delete(part))
    const part = this.#keep(() => producer.close())
    return producer
  }

  async join(options: MemberOptions): Promise<Member> {
    this.#refuseIfClosed()
    const lane = this.#lane('member', options.groupId)
    const member: GroupMember = new GroupMember(this.#cluster, options, lane, this.#onEvent, () =>
      this.#parts.delete(part),
    )
    const part = this.#keep(() => member.stop())
    try {
      await member.start()
      return member
    } catch (error) {
      await member.stop()
      throw error
    }
  }

  async appender(options: AppenderOptions = {}): Promise<Appender> {
    this.#refuseIfClosed()
    const lane = this.#lane('append', '')
    const appender: BatchingAppender = new BatchingAppender(this.#cluster, options, lane, () =>
      this.#parts.delete(part),
    )
    const part = this.#keep(() => appender.close())
    return appender
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled([...this.#parts].map((part) => part.stop()))
    this.#lifetime.abort()
    this.#cluster.connections.close()
  }

  abandon(): void {
    this.#lifetime.abort()
    this.#cluster.connections.close()
  }

  #keep(stop: () => Promise<void>): Part {
    const part = { stop }
    this.#parts.add(part)
    return part
  }

  #lane(kind: string, of: string): string {
    return `${kind}:${of}:${++this.#lanes}`
  }

  #refuseIfClosed(): void {
    // Abandoned is not closed: parts made since only find no broker, as when it is away, and are closed by `close`.
    if (this.#closed) throw new Closed('The Kafka client')
  }
}

/** "host:port"; the port may be left out (9092). IPv6 in brackets. */
function addressOf(broker: string): Address {
  const url = URL.canParse(`kafka://${broker}`) ? new URL(`kafka://${broker}`) : undefined
  if (url === undefined || url.hostname === '') {
    throw new TypeError(`"${broker}" is no broker address: host:port is wanted`)
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 9092 : Number(url.port) }
}
