import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { type AnsweredPartition, fetchResponse, readFetch } from '../fixtures/fetch-exchange.ts'
import { dataBatch } from '../fixtures/log.ts'
import { connectKafka } from './connect.ts'
import type { Fetcher, Kafka } from './port.ts'
import { Code } from './protocol/error-codes.ts'

let cluster: FakeCluster
let kafka: Kafka
let fetcher: Fetcher

beforeEach(async () => {
  cluster = await startFakeCluster(2, [
    { nodeId: 0, epoch: 0 },
    { nodeId: 1, epoch: 0 },
  ])
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test' })
  const bounds = { maxWaitMs: 10, maxPartitionBytes: 1_000, maxBytes: 1_000, readAheadBytes: 100_000 }
  fetcher = kafka.fetcher({ topic: cluster.topic, isolation: 'read_committed', ...bounds })
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

/** What a broker answers about each partition it is asked for. */
function answers(
  nodeId: number,
  of: (partition: number, offset: number) => AnsweredPartition | Promise<AnsweredPartition>,
) {
  cluster.brokers[nodeId]?.on(1, async (request) => {
    const { asked } = readFetch(request)
    return fetchResponse(cluster.topic, await Promise.all(asked.map((one) => of(one.partition, one.offset))))
  })
}

const recordAt = (partition: number, offset: number) => ({
  partition,
  records: dataBatch(offset, [{ timestampMs: 1, key: null, value: null }]),
})

test('A partition that moves while the old leader’s answer is under way gives each record once', async () => {
  const [askedOld, askedNew, late] = [0, 1, 2].map(() => Promise.withResolvers<void>())
  answers(0, async (partition, offset) => {
    askedOld?.resolve()
    await late?.promise
    return recordAt(partition, offset)
  })
  let moved = false
  answers(1, async (partition, offset) => {
    if (partition === 1) return moved ? { partition, code: Code.NOT_LEADER_OR_FOLLOWER } : { partition }
    askedNew?.resolve()
    // The old leader's answer comes first, and once it has been taken this one.
    await took?.promise
    return recordAt(partition, offset)
  })
  const took = Promise.withResolvers<void>()
  fetcher.assign(0, 3)
  fetcher.assign(1, 3)
  await askedOld?.promise
  cluster.leaders[0] = { nodeId: 1, epoch: 1 }
  // Metadata is read again because of the other partition.
  moved = true
  await askedNew?.promise
  late?.resolve()
  const seen: number[] = []
  while (seen.length < 3) {
    for (const { partition, fetchOffset, records } of await fetcher.poll(100)) {
      if (partition !== 0 || records.length === 0) continue
      seen.push(fetchOffset)
      took.resolve()
    }
  }
  expect(seen).toEqual([3, 4, 5])
})

test('Each partition comes first in its turn, also when several brokers are asked side by side', async () => {
  cluster.leaders.push({ nodeId: 0, epoch: 0 }, { nodeId: 1, epoch: 0 })
  // As a broker whose answer is full after the first partition; both answer together.
  const firsts = new Set<number>()
  let waiting: (() => void)[] = []
  for (const broker of cluster.brokers) {
    broker.on(1, async (request) => {
      const { asked } = readFetch(request)
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        if (waiting.length < 2) return
        for (const answer of waiting) answer()
        waiting = []
      })
      if (asked[0] !== undefined) firsts.add(asked[0].partition)
      return fetchResponse(
        cluster.topic,
        asked.map(({ partition, offset }, i) => (i === 0 ? recordAt(partition, offset) : { partition })),
      )
    })
  }
  for (const partition of cluster.leaders.keys()) fetcher.assign(partition, 0)
  for (let answers = 0; answers < 12; answers++) await fetcher.poll(5_000)
  expect([...firsts].sort()).toEqual([0, 1, 2, 3])
})
