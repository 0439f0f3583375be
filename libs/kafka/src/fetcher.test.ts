import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { dataBatch } from '../fixtures/log.ts'
import { connectKafka } from './connect.ts'
import { BrokerError } from './errors.ts'
import type { Fetcher, Kafka } from './port.ts'
import { Code } from './protocol/error-codes.ts'

let cluster: FakeCluster
let kafka: Kafka
let fetcher: Fetcher
/** Codes of the next answers about each partition; afterwards a record at the offset asked for. */
let codes: number[][]
/** Called for what an operator is told. */
let onEvent: (kind: string) => void

beforeEach(async () => {
  codes = [[], []]
  onEvent = () => undefined
  cluster = await startFakeCluster(1, [
    { nodeId: 0, epoch: 0 },
    { nodeId: 0, epoch: 0 },
  ])
  cluster.brokers[0]?.on(1, (request) => {
    for (let i = 0; i < 4; i++) request.int32()
    request.int8()
    request.int32()
    request.int32()
    request.uvarint()
    request.string()
    const asked = request.array(() => {
      const partition = request.int32()
      request.int32()
      const offset = request.int64Number()
      request.int32()
      request.int64Number()
      request.int32()
      request.tags()
      return { partition, offset }
    })
    return (body) => {
      body.int32(0).int16(0).int32(0).arrayLength(1).string(cluster.topic).arrayLength(asked.length)
      for (const { partition, offset } of asked) {
        const code = codes[partition]?.shift() ?? 0
        body.int32(partition).int16(code).int64Number(9).int64Number(9).int64Number(0).arrayLength(0).int32(-1)
        const records = code === 0 ? dataBatch(offset, [{ timestampMs: 1, key: null, value: null }]) : Buffer.alloc(0)
        body.bytesByReference(records).tags()
      }
      body.tags().tags()
    }
  })
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', onEvent: ({ kind }) => onEvent(kind) })
  fetcher = kafka.fetcher({
    topic: cluster.topic,
    isolation: 'read_committed',
    maxWaitMs: 10,
    maxPartitionBytes: 1_000,
    maxBytes: 1_000,
    readAheadBytes: 1,
  })
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

/** Polls until the partition's records from this offset on have come. */
async function comes(partition: number, offset: number): Promise<void> {
  for (;;) {
    const fetched = await fetcher.poll(5_000)
    expect(fetched).not.toEqual([])
    if (fetched.some((one) => one.partition === partition && one.fetchOffset === offset)) return
  }
}

test.each([
  ['UNKNOWN_SERVER_ERROR', -1],
  ['TOPIC_AUTHORIZATION_FAILED', 29],
  ['ERROR_999', 999],
])(
  'Poll rejects once with %s, the other partition goes on, and the refused one once it is assigned again',
  async (codeName, code) => {
    codes[0] = [code]
    fetcher.assign(0, 3)
    const refused = await fetcher.poll(5_000).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(BrokerError)
    expect(refused).toMatchObject({ numericCode: code, codeName, retriable: false })
    fetcher.assign(1, 5)
    await comes(1, 5)
    fetcher.assign(0, 3)
    await comes(0, 3)
  },
)

test('After a bug in its reading, which comes out of poll, a partition is read again once it is assigned again', async () => {
  const bug = new Error('a listener that throws')
  onEvent = (kind) => {
    if (kind === 'fetch-retry') throw bug
  }
  codes[0] = [Code.NOT_LEADER_OR_FOLLOWER]
  fetcher.assign(0, 3)
  await expect(fetcher.poll(5_000)).rejects.toBe(bug)
  fetcher.assign(0, 3)
  await comes(0, 3)
  await fetcher.close()
})

test('A partition that is assigned again while its leader is looked up is read', async () => {
  codes[0] = [Code.NOT_LEADER_OR_FOLLOWER]
  fetcher.assign(0, 3)
  const stale = Promise.withResolvers<void>()
  onEvent = () => stale.resolve()
  await stale.promise
  // The look-up waits for this answer; what it is about is assigned anew meanwhile.
  const metadata = cluster.brokers[0]
  const looking = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const tell = cluster.metadata
  metadata?.on(3, async (request, version) => {
    looking.resolve()
    await answer.promise
    return tell(request, version)
  })
  await looking.promise
  fetcher.assign(0, 4)
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  answer.resolve()
  await comes(0, 4)
})
