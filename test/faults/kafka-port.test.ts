import {
  BatchBuilder,
  connectKafka,
  type Fetcher,
  type Kafka,
  KafkaError,
  type Member,
  RecordWalk,
  Rows,
  type TopicPosition,
  TransactionError,
} from '@weir/kafka'
import { describe, expect, test } from 'vitest'
import { ownStack, whileAway, whileFrozen } from '../support/faults-stack.ts'
import { readToEnd } from '../support/kafka-read.ts'
import { until } from '../support/until.ts'

const PARTITIONS = [0, 1, 2, 3]
const CHUNK = 20

const stack = ownStack({ start: ['kafka'] })

/** Copies a topic to another, partition by partition, in transactions: the recovery rule and nothing else. */
class Copier {
  commits = 0
  readonly outcomes: string[] = []
  readonly #kafka: Kafka
  readonly #slot: string
  readonly #stop = new AbortController()
  #idle: Promise<void> = Promise.resolve()
  #running: Promise<void> | undefined
  #fetcher: Fetcher | undefined
  #member: Member | undefined
  readonly #mine = new Set<number>()

  constructor(kafka: Kafka, slot: string) {
    this.#kafka = kafka
    this.#slot = slot
  }

  async start(): Promise<void> {
    const producer = this.#kafka.transactionalProducer({ transactionalId: this.#slot, transactionTimeoutMs: 5_000 })
    await again(() => producer.init())
    const options = { maxWaitMs: 20, maxPartitionBytes: 2_000, maxBytes: 8_000, readAheadBytes: 16_000 }
    const fetcher = this.#kafka.fetcher({ topic: 'in', isolation: 'read_committed', ...options })
    this.#fetcher = fetcher
    const forget = async (partitions: readonly number[]) => {
      for (const partition of partitions) {
        this.#mine.delete(partition)
        fetcher.unassign(partition)
      }
    }
    this.#member = await this.#kafka.join({
      groupId: 'copier',
      topic: 'in',
      rebalanceTimeoutMs: 20_000,
      onAssigned: async (partitions) => {
        await this.#goOnFromCommitted(partitions)
        for (const partition of partitions) this.#mine.add(partition)
      },
      onRevoked: async (partitions) => {
        await forget(partitions)
        await this.#idle
      },
      onLost: forget,
    })
    this.#running = this.#run(producer, this.#member)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await this.#member?.leave()
    await this.#fetcher?.close()
  }

  async #goOnFromCommitted(partitions: readonly number[]): Promise<void> {
    const at = partitions.map((partition) => ({ topic: 'in', partition }))
    const committed = await this.#kafka.committedOffsets('copier', at)
    for (const [i, partition] of partitions.entries()) this.#fetcher?.assign(partition, Math.max(0, committed[i] ?? 0))
  }

  async #run(producer: ReturnType<Kafka['transactionalProducer']>, member: Member): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#idle = promise
      try {
        await this.#chunk(producer, member)
      } catch (error) {
        if (!(error instanceof TransactionError)) throw error
        this.outcomes.push(error.outcome)
        if (error.outcome !== 'aborted') await again(() => producer.init())
        await again(() => this.#goOnFromCommitted([...this.#mine]))
      } finally {
        resolve()
      }
    }
  }

  async #chunk(producer: ReturnType<Kafka['transactionalProducer']>, member: Member): Promise<void> {
    const rows = new Rows(10_000)
    const offsets: TopicPosition[] = []
    for (const fetched of (await this.#fetcher?.poll(50)) ?? []) {
      const walk = new RecordWalk(fetched)
      walk.fill(rows, 10_000)
      const { partition } = fetched
      if (walk.position > fetched.fetchOffset && this.#mine.has(partition)) {
        offsets.push({ topic: 'in', partition, offset: walk.position })
      }
    }
    if (offsets.length === 0) return
    const builders = new Map(offsets.map(({ partition }) => [partition, new BatchBuilder('out', partition)]))
    for (let i = 0; i < rows.count; i++) {
      const value = rows.source[i]?.subarray(rows.valueStart[i], rows.valueEnd[i]) ?? null
      builders.get(rows.partition[i] ?? -1)?.append(rows.timestampMs[i] ?? 0, null, value)
    }
    const transaction = await producer.begin(member, offsets)
    await transaction.produce([...builders.values()].flatMap((builder) => builder.finish()))
    await transaction.commit()
    this.commits++
  }
}

/** Goes on writing records to be copied, so that there is always something in flight when the broker goes. */
async function feed(kafka: Kafka, signal: AbortSignal): Promise<void> {
  const appender = await kafka.appender()
  for (let n = 0; !signal.aborted; n += CHUNK) {
    const records = Array.from({ length: CHUNK }, (_, i) => ({
      partition: (n / CHUNK) % PARTITIONS.length,
      key: null,
      value: Buffer.from(`record ${n + i} ${'.'.repeat(60)}`),
    }))
    // What is sent twice after a lost answer lies in the log twice, and is to be copied twice.
    await again(() => appender.append('in', records))
  }
  await appender.close()
}

/** Until it succeeds: the broker may be away. */
async function again(action: () => Promise<unknown>): Promise<void> {
  await until('the broker is back', () =>
    action().then(
      () => true,
      (error: unknown) => {
        if (error instanceof KafkaError) throw error
        throw new Error('a bug', { cause: error })
      },
    ),
  )
}

describe('the Kafka port, while its broker is killed and frozen', () => {
  test('copies each record once and in order, by members that come and go', async () => {
    const brokers = stack().env.KAFKA_BROKERS.split(',')
    const kafka = await connectKafka({ brokers, clientId: 'test' })
    const specs = ['in', 'out'].map((topic) => ({ topic, partitions: PARTITIONS.length, config: {} }))
    await kafka.admin.ensureTopics(specs)
    const feeding = new AbortController()
    const fed = feed(kafka, feeding.signal)

    const first = new Copier(kafka, 'slot.0')
    await first.start()
    await until('it copies', () => first.commits > 3)
    await whileAway(stack().parts.kafka, async () => undefined)
    const afterFirst = first.commits
    await until('it copies again', () => first.commits > afterFirst + 2)

    const other = await connectKafka({ brokers, clientId: 'test-2' })
    const second = new Copier(other, 'slot.1')
    await second.start()
    await until('both copy', () => second.commits > 2)
    await whileAway(stack().parts.kafka, async () => undefined)
    const afterSecond = second.commits
    await until('both copy again', () => second.commits > afterSecond)
    await whileFrozen(stack().parts.kafka, async () => {
      const since = performance.now()
      await until('longer than a transaction may take', () => performance.now() - since > 7_000)
    })
    await second.stop()
    feeding.abort()
    await fed

    const at = PARTITIONS.map((partition) => ({ topic: 'in', partition }))
    const ends = await until('the ends', () => kafka.endOffsets(at, 'stable'))
    await until(
      'all is copied',
      async () => {
        const committed = await kafka.committedOffsets('copier', at)
        return committed.every((offset, i) => offset === ends[i])
      },
      90_000,
    )
    await first.stop()
    for (const partition of PARTITIONS) {
      const [from, to] = [
        await readToEnd(kafka, { topic: 'in', partition }),
        await readToEnd(kafka, { topic: 'out', partition }),
      ]
      expect(to.records.map((r) => r.value)).toEqual(from.records.map((r) => r.value))
    }
    await other.close()
    await kafka.close()
  })
})
