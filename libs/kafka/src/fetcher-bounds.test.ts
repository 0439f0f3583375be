import { afterEach, expect, test, vi } from 'vitest'
import { type FakeCluster, type FakeLeader, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { fetchResponse, readFetch } from '../fixtures/fetch-exchange.ts'
import { dataBatch } from '../fixtures/log.ts'
import { connectKafka } from './connect.ts'
import type { Fetcher, FetcherOptions, Kafka } from './port.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

interface Brought {
  /** Of each request that was answered. */
  readonly bytes: number[]
  readonly asked: number[]
}

/**
 * Brokers that have a record of `recordBytes` at every offset of every partition, and answer as a broker does: batches up
 * to what was asked for, and the first one whatever its size (KIP-74).
 */
async function endless(leaders: FakeLeader[], brokerCount: number, recordBytes: number) {
  const cluster = await startFakeCluster(brokerCount, leaders)
  open.push(() => cluster.close())
  const brought: Brought = { bytes: [], asked: [] }
  for (const broker of cluster.brokers) {
    broker.on(1, (request) => {
      const { maxBytes, asked } = readFetch(request)
      let left = maxBytes
      let bytes = 0
      const answers = asked.map(({ partition, offset, maxBytes: partitionMaxBytes }) => {
        const batches: Buffer[] = []
        let ofPartition = 0
        for (let at = offset; at < offset + 50; at++) {
          const batch = dataBatch(at, [{ timestampMs: 1, key: null, value: Buffer.alloc(recordBytes) }])
          const first = bytes === 0
          if (!first && (batch.length > left || ofPartition + batch.length > partitionMaxBytes)) break
          batches.push(batch)
          ofPartition += batch.length
          bytes += batch.length
          left -= batch.length
        }
        return { partition, records: Buffer.concat(batches) }
      })
      brought.bytes.push(bytes)
      brought.asked.push(maxBytes)
      return fetchResponse(cluster.topic, answers)
    })
  }
  return { cluster, brought }
}

async function reader(cluster: FakeCluster, bounds: Pick<FetcherOptions, 'maxBytes' | 'readAheadBytes'>) {
  const kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test' })
  open.push(() => kafka.close())
  const more = { isolation: 'read_committed', maxWaitMs: 10, maxPartitionBytes: 1 << 20 } as const
  const fetcher = kafka.fetcher({ topic: cluster.topic, ...more, ...bounds })
  for (const partition of cluster.leaders.keys()) fetcher.assign(partition, 0)
  return { kafka, fetcher }
}

/** Waits until nothing has been asked for while many requests of another kind came and went. */
async function quiet(kafka: Kafka, cluster: FakeCluster, brought: Brought): Promise<void> {
  for (;;) {
    const before = brought.bytes.length
    for (let i = 0; i < 20; i++) await kafka.topics([cluster.topic])
    if (before > 0 && brought.bytes.length === before) return
  }
}

async function pollAll(fetcher: Fetcher): Promise<number> {
  let bytes = 0
  for (;;) {
    const fetched = await fetcher.poll(0)
    if (fetched.length === 0) return bytes
    for (const { records } of fetched) bytes += records.length
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0)
const onThree = Array.from({ length: 12 }, (_, i) => ({ nodeId: i % 3, epoch: 0 }))

test('While nobody polls, three brokers of twelve partitions bring no more than the bound, and are not asked again', async () => {
  const { cluster, brought } = await endless(onThree, 3, 1_000)
  const { kafka, fetcher } = await reader(cluster, { maxBytes: 1 << 20, readAheadBytes: 90_000 })
  await quiet(kafka, cluster, brought)
  expect(sum(brought.bytes)).toBeLessThanOrEqual(90_000)
  expect(sum(brought.bytes)).toBeGreaterThan(60_000)
  // All of it is handed out, and then reading goes on, again up to the bound.
  const first = sum(brought.bytes)
  expect(await pollAll(fetcher)).toBeGreaterThan(0)
  await quiet(kafka, cluster, brought)
  const polled = await pollAll(fetcher)
  expect(polled).toBeLessThanOrEqual(90_000)
  expect(sum(brought.bytes)).toBeGreaterThan(first)
})

test('A first batch larger than the bound comes all the same, one for each broker, and nothing more until it is polled', async () => {
  const { cluster, brought } = await endless(onThree, 3, 50_000)
  const { kafka, fetcher } = await reader(cluster, { maxBytes: 1 << 20, readAheadBytes: 3_000 })
  await quiet(kafka, cluster, brought)
  expect(brought.bytes.length).toBeLessThanOrEqual(3)
  expect(Math.max(...brought.asked)).toBeLessThanOrEqual(1_500)
  const seen = new Set<number>()
  while (seen.size < 12) {
    for (const { partition, records } of await fetcher.poll(5_000)) if (records.length > 0) seen.add(partition)
  }
})

test('A broker that has nothing new keeps the others from nothing', async () => {
  const leaders = [
    { nodeId: 0, epoch: 0 },
    { nodeId: 1, epoch: 0 },
  ]
  const { cluster } = await endless(leaders, 2, 1_000)
  let release = (): void => undefined
  cluster.brokers[0]?.on(1, async () => {
    await new Promise<void>((resolve) => {
      release = resolve
    })
    return 'hang-up' as const
  })
  const { fetcher } = await reader(cluster, { maxBytes: 1 << 20, readAheadBytes: 20_000 })
  let position = 0
  while (position < 200) {
    for (const { partition, records } of await fetcher.poll(5_000)) {
      expect(partition).toBe(1)
      position += Math.floor(records.length / 1_000)
    }
  }
  release()
})

test('After five minutes without any trouble the leaders are read again, and the one that only believes it leads is left', async () => {
  const leaders = [{ nodeId: 0, epoch: 3 }]
  const { cluster } = await endless(leaders, 2, 10)
  const { fetcher } = await reader(cluster, { maxBytes: 1_000, readAheadBytes: 1_000 })
  const comesFrom = async (epoch: number) => {
    for (let polls = 0; polls < 1_000; polls++) {
      const fetched = await fetcher.poll(5_000)
      if (fetched.some(({ leaderEpoch }) => leaderEpoch === epoch)) return
    }
    throw new Error(`nothing comes under epoch ${epoch}`)
  }
  await comesFrom(3)
  cluster.leaders[0] = { nodeId: 1, epoch: 4 }
  const metadata = vi.fn(cluster.metadata)
  for (const broker of cluster.brokers) broker.on(3, metadata)
  for (let i = 0; i < 5; i++) await comesFrom(3)
  expect(metadata).not.toHaveBeenCalled()
  const now = performance.now.bind(performance)
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 5 * 60_000)
  try {
    await comesFrom(4)
    expect(metadata).toHaveBeenCalledOnce()
  } finally {
    clock.mockRestore()
  }
})

test('In trouble another broker is asked who leads: the one that is behind may be the one that was asked before', async () => {
  const { cluster } = await endless([{ nodeId: 0, epoch: 3 }], 2, 10)
  const { fetcher } = await reader(cluster, { maxBytes: 1_000, readAheadBytes: 1_000 })
  await fetcher.poll(5_000)
  // Broker 0 leads no more, and goes on telling that it does.
  cluster.brokers[0]?.on(3, (request, version) => {
    const truth = cluster.leaders.splice(0, 1, { nodeId: 0, epoch: 3 })
    const answer = cluster.metadata(request, version)
    return (body) => {
      if (typeof answer === 'function') answer(body)
      cluster.leaders.splice(0, 1, ...truth)
    }
  })
  cluster.brokers[0]?.on(1, (request) => {
    const { asked } = readFetch(request)
    return fetchResponse(
      cluster.topic,
      asked.map(({ partition }) => ({ partition, code: 6 })),
    )
  })
  cluster.leaders[0] = { nodeId: 1, epoch: 4 }
  for (;;) {
    const fetched = await fetcher.poll(5_000)
    expect(fetched).not.toEqual([])
    if (fetched.some(({ leaderEpoch }) => leaderEpoch === 4)) break
  }
})
