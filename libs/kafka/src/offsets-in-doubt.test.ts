import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { connectKafka } from './connect.ts'
import { TransactionError } from './errors.ts'
import type { Kafka, Member, TransactionalProducer } from './port.ts'

const member: Member = {
  groupId: 'g',
  assigned: [0],
  leave: async () => undefined,
  confirmed: async () => undefined,
  withIdentity: (use) => use({ groupId: 'g', memberId: 'm', generation: 1 }),
}
const place = [{ topic: 'topic', partition: 0 }]
const next = [{ topic: 'topic', partition: 0, offset: 8 }]

let cluster: FakeCluster
let kafka: Kafka
let slot: TransactionalProducer
/** Broker 0 is the group's coordinator that lost touch, broker 1 its successor; who is found to be it. */
let found: number

beforeEach(async () => {
  found = 0
  cluster = await startFakeCluster(2, [{ nodeId: 0, epoch: 0 }])
  for (const [nodeId, broker] of cluster.brokers.entries()) {
    broker.on(10, () => (body) => {
      body.int32(0).arrayLength(1).string('key').int32(found).string('127.0.0.1')
      body
        .int32(cluster.brokers[found]?.port ?? 0)
        .int16(0)
        .nullableString(null)
        .tags()
        .tags()
    })
    broker.on(22, () => (body) => void body.int32(0).int16(0).int64(5n).int16(1).tags())
    broker.on(26, () => (body) => void body.int32(0).int16(0).int64(5n).int16(2).tags())
    broker.on(9, () => (body) => {
      const offset = nodeId === 0 ? 5n : 7n
      body.int32(0).arrayLength(1).string('g').arrayLength(1).string('topic').arrayLength(1)
      body.int32(0).int64(offset).int32(-1).nullableString('').int16(0).tags().tags().int16(0).tags().tags()
    })
    // NOT_COORDINATOR where it can't write, and then the other one is found.
    broker.on(28, () => (body) => {
      if (nodeId === 0) found = 1
      body
        .int32(0)
        .arrayLength(1)
        .string('topic')
        .arrayLength(1)
        .int32(0)
        .int16(nodeId === 0 ? 16 : 0)
        .tags()
        .tags()
        .tags()
    })
  }
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 500 })
  slot = kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 2_000 })
  await slot.init()
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

test('What another broker told than the one that takes the next offsets is read again before anything is committed', async () => {
  expect(await kafka.committedOffsets('g', place)).toEqual([5])
  const doubted = await slot.begin(member, next).catch((error: unknown) => error)
  expect(doubted).toBeInstanceOf(TransactionError)
  expect(doubted).toMatchObject({ outcome: 'unknown' })

  await slot.init()
  expect(await kafka.committedOffsets('g', place)).toEqual([7])
  await (await slot.begin(member, next)).commit()
})

test('Once the next offsets were taken, a coordinator that moves is no reason for doubt', async () => {
  found = 1
  await kafka.committedOffsets('g', place)
  await (await slot.begin(member, next)).commit()
  cluster.brokers[0]?.on(28, () => (body) => {
    body.int32(0).arrayLength(1).string('topic').arrayLength(1).int32(0).int16(0).tags().tags().tags()
  })
  cluster.brokers[1]?.on(28, () => (body) => {
    found = 0
    body.int32(0).arrayLength(1).string('topic').arrayLength(1).int32(0).int16(16).tags().tags().tags()
  })
  await (await slot.begin(member, next)).commit()
})
