import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { fetchResponse, readFetch } from '../fixtures/fetch-exchange.ts'
import { dataBatch } from '../fixtures/log.ts'
import { connectKafka } from './connect.ts'
import type { Fetcher, Kafka } from './port.ts'

// What a reader may rely on, and therefore does not check: each run of batches begins at the offset that comes next.

let cluster: FakeCluster
let kafka: Kafka
let fetcher: Fetcher
/** Offsets asked for, and when they may be answered. */
let asked: number[]
let answering: Promise<void>

beforeEach(async () => {
  asked = []
  answering = Promise.resolve()
  cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  cluster.brokers[0]?.on(1, async (request) => {
    const [one] = readFetch(request).asked
    if (one === undefined) return fetchResponse(cluster.topic, [])
    asked.push(one.offset)
    await answering
    const two = [1, 2].map(() => ({ timestampMs: 1, key: null, value: null }))
    return fetchResponse(cluster.topic, [{ partition: 0, records: dataBatch(one.offset, two) }])
  })
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test' })
  const bounds = { maxWaitMs: 10, maxPartitionBytes: 1_000, maxBytes: 1_000, readAheadBytes: 100_000 }
  fetcher = kafka.fetcher({ topic: cluster.topic, isolation: 'read_committed', ...bounds })
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

/** Where the next runs begin. */
async function runs(count: number): Promise<number[]> {
  const begun: number[] = []
  while (begun.length < count) {
    for (const { records, fetchOffset } of await fetcher.poll(5_000)) if (records.length > 0) begun.push(fetchOffset)
  }
  return begun
}

const hasAsked = (offset: number) => expect.poll(() => asked, { interval: 2, timeout: 5_000 }).toContain(offset)

test('A run begins where the one before it ended', async () => {
  fetcher.assign(0, 3)
  expect(await runs(3)).toEqual([3, 5, 7])
})

test('What was read ahead from an old position is not given after assigning anew', async () => {
  fetcher.assign(0, 3)
  await hasAsked(9)
  fetcher.assign(0, 4)
  expect(await runs(2)).toEqual([4, 6])
})

test('An answer to a question for an old position, come late, is not given after assigning anew', async () => {
  const late = Promise.withResolvers<void>()
  answering = late.promise
  fetcher.assign(0, 3)
  await hasAsked(3)
  fetcher.assign(0, 20)
  late.resolve()
  expect(await runs(2)).toEqual([20, 22])
})
