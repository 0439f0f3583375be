import { randomUUID } from 'node:crypto'
import type { Part } from '@weir/infra/stack/index.ts'
import {
  BatchBuilder,
  connectKafka,
  type FinishedBatch,
  type Kafka,
  type KafkaOptions,
  type Member,
  type MemberOptions,
  type TransactionalProducer,
  TransactionError,
} from '@weir/kafka'
import { type KafkaProxy, startKafkaProxy } from '../support/kafka-proxy.ts'
import { readToEnd } from '../support/kafka-read.ts'
import { RawBroker } from './raw-broker.ts'

export type Connect = (options: KafkaOptions) => Promise<Kafka>

/** What work on the Kafka port happens in: a client, topics, members and proxies of its own, all gone after `close`. */
export class KafkaLab {
  readonly brokers: string
  /** The broker itself, where it may be killed. */
  readonly broker: Part | undefined
  namespace = ''
  readonly #connect: Connect
  readonly #open: (() => Promise<unknown>)[] = []
  readonly #topics: string[] = []
  #kafka: Kafka | undefined

  constructor(brokers: string, connect: Connect = connectKafka, broker?: Part) {
    this.brokers = brokers
    this.#connect = connect
    this.broker = broker
  }

  async open(): Promise<void> {
    this.namespace = `kafka-port.${randomUUID()}.`
    await this.reconnect()
  }

  async close(): Promise<void> {
    // Last opened first.
    for (const close of this.#open.splice(0).reverse()) await close()
    this.#kafka = undefined
    const topics = this.#topics.splice(0)
    if (topics.length === 0) return
    // The clients of the test may be closed already.
    const kafka = await this.#connect({ brokers: this.brokers.split(','), clientId: 'weir-test' })
    await kafka.admin.deleteTopics(topics)
    await kafka.close()
  }

  /** A client that goes straight to the broker. */
  get kafka(): Kafka {
    if (this.#kafka === undefined) throw new Error('The client is there only while tests run.')
    return this.#kafka
  }

  /** A new client in place of one that the test has closed. */
  async reconnect(): Promise<void> {
    this.#kafka = await this.connect()
  }

  /** Anything that is to be closed after the test. */
  closing(close: () => Promise<unknown>): void {
    this.#open.push(close)
  }

  /** A topic that is to be deleted after the test. */
  deletingTopic(topic: string): void {
    this.#topics.push(topic)
  }

  async connect(brokers = this.brokers, more: Partial<KafkaOptions> = {}): Promise<Kafka> {
    const kafka = await this.#connect({ brokers: brokers.split(','), clientId: 'weir-test', ...more })
    this.closing(() => kafka.close())
    return kafka
  }

  async proxy(): Promise<KafkaProxy> {
    const proxy = await startKafkaProxy(this.brokers)
    this.closing(() => proxy.close())
    return proxy
  }

  /** The broker by single requests, without the client. */
  async raw(): Promise<RawBroker> {
    const raw = await RawBroker.connect(this.brokers)
    this.closing(async () => raw.close())
    return raw
  }

  async topic(partitions = 1, config: Record<string, string> = {}): Promise<string> {
    const topic = `${this.namespace}t${randomUUID().slice(0, 8)}`
    // Records of tests are of 2023: a broker that happens to look would delete them.
    await this.kafka.admin.ensureTopics([{ topic, partitions, config: { 'retention.ms': '-1', ...config } }])
    this.deletingTopic(topic)
    return topic
  }

  async member(topic: string, more: Partial<MemberOptions> = {}, on = this.kafka): Promise<Member> {
    const nothing = async () => undefined
    const callbacks = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
    const groupId = `${this.namespace}group`
    const member = await on.join({ groupId, topic, rebalanceTimeoutMs: 10_000, ...callbacks, ...more })
    this.closing(() => member.leave())
    return member
  }

  /** An initialised transactional producer. */
  async slot(on = this.kafka, transactionTimeoutMs = 5_000, name = 'slot.0'): Promise<TransactionalProducer> {
    const slot = on.transactionalProducer({ transactionalId: `${this.namespace}${name}`, transactionTimeoutMs })
    await slot.init()
    return slot
  }

  /** Values of partition 0, as a reader of this isolation sees them. */
  async values(topic: string, isolation?: 'read_committed' | 'read_uncommitted'): Promise<(string | null)[]> {
    return (await readToEnd(this.kafka, { topic, partition: 0 }, isolation)).records.map((r) => r.value)
  }

  /** Offset the group has committed for partition 0; -1: none. */
  async committed(topic: string, groupId = `${this.namespace}group`): Promise<number> {
    return (await this.kafka.committedOffsets(groupId, [{ topic, partition: 0 }]))[0] ?? -1
  }
}

/** Values as batches of partition 0. */
export function batch(topic: string, values: readonly string[]): FinishedBatch[] {
  const builder = new BatchBuilder(topic, 0)
  for (const value of values) builder.append(1_700_000_000_000, Buffer.from(`k-${value}`), Buffer.from(value))
  return builder.finish()
}

/** How a transaction ended: 'committed', a failure's outcome, or the error that was none. */
export function outcome(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'committed',
    (error: unknown) => (error instanceof TransactionError ? error.outcome : error),
  )
}
