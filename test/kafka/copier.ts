import {
  BatchBuilder,
  type Fetcher,
  type Kafka,
  KafkaError,
  type Member,
  RecordWalk,
  Rows,
  type TopicPosition,
  TransactionError,
} from '@weir/kafka'
import { until } from '../support/until.ts'

export interface CopyOptions {
  readonly from: string
  readonly to: string
  readonly groupId: string
  readonly slot: string
}

/** Copies a topic to another, partition by partition, in transactions: the recovery rule and nothing else. */
export class Copier {
  commits = 0
  readonly outcomes: string[] = []
  readonly #kafka: Kafka
  readonly #options: CopyOptions
  readonly #stop = new AbortController()
  #idle: Promise<void> = Promise.resolve()
  #running: Promise<void> | undefined
  #fetcher: Fetcher | undefined
  #member: Member | undefined
  readonly #mine = new Set<number>()

  constructor(kafka: Kafka, options: CopyOptions) {
    this.#kafka = kafka
    this.#options = options
  }

  async start(): Promise<void> {
    const { from, groupId, slot } = this.#options
    const producer = this.#kafka.transactionalProducer({ transactionalId: slot, transactionTimeoutMs: 5_000 })
    await again(() => producer.init())
    const options = { maxWaitMs: 20, maxPartitionBytes: 2_000, maxBytes: 8_000, readAheadBytes: 16_000 }
    const fetcher = this.#kafka.fetcher({ topic: from, isolation: 'read_committed', ...options })
    this.#fetcher = fetcher
    const forget = async (partitions: readonly number[]) => {
      for (const partition of partitions) {
        this.#mine.delete(partition)
        fetcher.unassign(partition)
      }
    }
    this.#member = await this.#kafka.join({
      groupId,
      topic: from,
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
    const { from, groupId } = this.#options
    const at = partitions.map((partition) => ({ topic: from, partition }))
    const committed = await this.#kafka.committedOffsets(groupId, at)
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
    const { from, to } = this.#options
    const rows = new Rows(10_000)
    const offsets: TopicPosition[] = []
    for (const fetched of (await this.#fetcher?.poll(50)) ?? []) {
      const walk = new RecordWalk(fetched)
      walk.fill(rows, 10_000)
      const { partition } = fetched
      if (walk.position > fetched.fetchOffset && this.#mine.has(partition)) {
        offsets.push({ topic: from, partition, offset: walk.position })
      }
    }
    if (offsets.length === 0) return
    const builders = new Map(offsets.map(({ partition }) => [partition, new BatchBuilder(to, partition)]))
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

/** Until it succeeds: the broker may be away. */
export async function again(action: () => Promise<unknown>): Promise<void> {
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
