import { randomUUID } from 'node:crypto'
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
import { afterEach, beforeEach } from 'vitest'
import { type KafkaProxy, startKafkaProxy } from './kafka-proxy.ts'
import { readToEnd } from './kafka-read.ts'

/** What tests of the Kafka port work with: a client, topics and members of their own, all gone after each test. */
export class PortBench {
  readonly brokers: string
  namespace = ''
  readonly #open: (() => Promise<unknown>)[] = []
  #kafka: Kafka | undefined

  constructor(brokers: string) {
    this.brokers = brokers
    beforeEach(async () => {
      this.namespace = `kafka-port.${randomUUID()}.`
      await this.reconnect()
    })
    afterEach(async () => {
      // Last opened first.
      for (const close of this.#open.splice(0).reverse()) await close()
    })
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

  async connect(brokers = this.brokers, more: Partial<KafkaOptions> = {}): Promise<Kafka> {
    const kafka = await connectKafka({ brokers: brokers.split(','), clientId: 'weir-test', ...more })
    this.closing(() => kafka.close())
    return kafka
  }

  async proxy(): Promise<KafkaProxy> {
    const proxy = await startKafkaProxy(this.brokers)
    this.closing(() => proxy.close())
    return proxy
  }

  async topic(partitions = 1, config: Record<string, string> = {}): Promise<string> {
    const topic = `${this.namespace}t${randomUUID().slice(0, 8)}`
    await this.kafka.admin.ensureTopics([{ topic, partitions, config }])
    this.closing(() => this.kafka.admin.deleteTopics([topic]))
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
  async slot(on = this.kafka, transactionTimeoutMs = 5_000): Promise<TransactionalProducer> {
    const transactionalId = `${this.namespace}slot.0`
    const slot = on.transactionalProducer({ transactionalId, transactionTimeoutMs })
    await slot.init()
    return slot
  }

  /** Values of partition 0, as a reader of this isolation sees them. */
  async values(topic: string, isolation?: 'read_committed' | 'read_uncommitted'): Promise<(string | null)[]> {
    return (await readToEnd(this.kafka, { topic, partition: 0 }, isolation)).records.map((r) => r.value)
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
