import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { type AskedPartition, fetchResponse, readFetch } from '../fixtures/fetch-exchange.ts'
import { changed, dataBatch } from '../fixtures/log.ts'
import { LEADER_EPOCH_AT } from './batch/layout.ts'
import { connectKafka } from './connect.ts'
import { BrokerError, LogTruncated, OffsetOutOfRange } from './errors.ts'
import type { Fetcher, Kafka } from './port.ts'
import { Code } from './protocol/error-codes.ts'

let cluster: FakeCluster
let kafka: Kafka
let fetcher: Fetcher
/** Codes of the next answers about each partition; afterwards a record at the offset asked for. */
let codes: number[][]
/** What was asked of the broker. */
let questions: AskedPartition[]
/** Where the logs end that the next answers tell of, instead of records. */
let diverging: { epoch: number; endOffset: number }[]
/** Called for what an operator is told. */
let onEvent: (kind: string) => void

beforeEach(async () => {
  codes = [[], []]
  questions = []
  diverging = []
  onEvent = () => undefined
  cluster = await startFakeCluster(1, [
    { nodeId: 0, epoch: 0 },
    { nodeId: 0, epoch: 0 },
  ])
  cluster.brokers[0]?.on(1, (request) => {
    const { asked } = readFetch(request)
    questions.push(...asked)
    const answers = asked.map(({ partition, offset }) => {
      const code = codes[partition]?.shift() ?? 0
      const log = diverging.shift()
      if (log !== undefined) return { partition, diverging: log }
      return { partition, code, ...(code === 0 ? { records: batchAt(offset) } : {}) }
    })
    return fetchResponse(cluster.topic, answers)
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

/** One record, written under leader epoch 7. */
function batchAt(offset: number): Buffer {
  const batch = dataBatch(offset, [{ timestampMs: 1, key: null, value: null }])
  return changed(batch, (bytes) => bytes.writeInt32BE(7, LEADER_EPOCH_AT))
}

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

test('Each fetch tells the leader epoch that is known and the one of the last batch read; what comes tells whose it is', async () => {
  cluster.leaders[0] = { nodeId: 0, epoch: 9 }
  fetcher.assign(0, 3)
  const [first] = await fetcher.poll(5_000)
  await comes(0, 4)
  expect(first?.leaderEpoch).toBe(9)
  expect(questions.slice(0, 2)).toMatchObject([
    { offset: 3, leaderEpoch: 9, lastEpoch: -1 },
    { offset: 4, leaderEpoch: 9, lastEpoch: 7 },
  ])
})

test('A log that was cut back below our position is told, once, and not read on until assigned again', async () => {
  fetcher.assign(0, 3)
  await comes(0, 3)
  diverging = [{ epoch: 6, endOffset: 2 }]
  const truncated = await (async () => {
    for (;;) await fetcher.poll(5_000)
  })().catch((error: unknown) => error)
  expect(truncated).toBeInstanceOf(LogTruncated)
  // Whoever acts on positions that are gone need not know why.
  expect(truncated).toBeInstanceOf(OffsetOutOfRange)
  expect(truncated).toMatchObject({ code: 'WEIR_KAFKA_LOG_TRUNCATED', partition: 0, retriable: false })
  expect(String(truncated)).toContain('under leader epoch 7; of what came before, epoch 6 ends at 2')
  fetcher.assign(1, 5)
  await comes(1, 5)
  fetcher.assign(0, 2)
  await comes(0, 2)
})

test('A topic that was deleted and made anew is not read on at the old position', async () => {
  fetcher.assign(0, 3)
  await comes(0, 3)
  cluster.topicId = 'ff'.repeat(16)
  codes[0] = [Code.UNKNOWN_TOPIC_OR_PARTITION]
  const truncated = await (async () => {
    for (;;) await fetcher.poll(5_000)
  })().catch((error: unknown) => error)
  expect(truncated).toBeInstanceOf(LogTruncated)
  expect(String(truncated)).toContain('made anew')
  fetcher.assign(0, 0)
  await comes(0, 0)
})

test.each([
  ['FENCED_LEADER_EPOCH', 74],
  ['UNKNOWN_LEADER_EPOCH', 75],
])('%s: the epoch is read again and the fetch goes on with it', async (_, code) => {
  fetcher.assign(0, 3)
  await comes(0, 3)
  codes[0] = [code]
  cluster.leaders[0] = { nodeId: 0, epoch: 1 }
  for (;;) {
    const [fetched] = await fetcher.poll(5_000)
    if (fetched?.leaderEpoch === 1) break
  }
  expect(questions.findLast(({ leaderEpoch }) => leaderEpoch === 0)?.offset).toBeLessThanOrEqual(
    questions.find(({ leaderEpoch }) => leaderEpoch === 1)?.offset ?? -1,
  )
})
