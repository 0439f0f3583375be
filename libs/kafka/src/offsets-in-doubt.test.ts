import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Answer } from '../fixtures/fake-broker.ts'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { connectKafka } from './connect.ts'
import { TransactionError } from './errors.ts'
import type { Kafka, Member, TransactionalProducer } from './port.ts'

const member: Member = {
  groupId: 'g',
  assigned: [0],
  leave: async () => undefined,
  confirmed: async () => undefined,
  commit: async () => undefined,
  withIdentity: (use) => use({ groupId: 'g', memberId: 'm', generation: 1 }),
}
const place = [{ topic: 'topic', partition: 0 }]
const next = [{ topic: 'topic', partition: 0, offset: 8 }]

const NOT_COORDINATOR = 16

/** Answer of an OffsetFetch. */
function tells(offset: bigint): Answer {
  return (body) => {
    body.int32(0).arrayLength(1).string('g').arrayLength(1).string('topic').arrayLength(1)
    body.int32(0).int64(offset).int32(-1).nullableString('').int16(0).tags().tags().int16(0).tags().tags()
  }
}

/** Answer of a TxnOffsetCommit. */
function takes(code: number): Answer {
  return (body) => {
    body.int32(0).arrayLength(1).string('topic').arrayLength(1).int32(0).int16(code).tags().tags().tags()
  }
}

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
    broker.on(9, () => tells(nodeId === 0 ? 5n : 7n))
    // It can't write; and then the other one is found.
    broker.on(28, () => {
      if (nodeId === 0) found = 1
      return takes(nodeId === 0 ? NOT_COORDINATOR : 0)
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

describe('When the coordinator that told was lost sight of, and the same one is found again', () => {
  let joined: Member
  let refusals: number[]
  /** Who was sent the last heartbeat. */
  let asked: number

  beforeEach(async () => {
    refusals = []
    for (const [nodeId, broker] of cluster.brokers.entries()) {
      broker.on(68, () => (body) => {
        asked = nodeId
        body.int32(0).int16(refusals.shift() ?? 0)
        body.nullableString(null).nullableString('m').int32(1).int32(20).int8(-1).tags()
      })
    }
    const stays = async () => undefined
    const callbacks = { onAssigned: stays, onRevoked: stays, onLost: stays }
    joined = await kafka.join({ groupId: 'g', topic: 'topic', rebalanceTimeoutMs: 1_000, ...callbacks })
  })

  /** One heartbeat falls between: who is elected again has learned what it had missed. */
  async function comesBack(): Promise<void> {
    refusals.push(NOT_COORDINATOR)
    await joined.confirmed()
    cluster.brokers[0]?.on(9, () => tells(7n))
  }

  async function isReadAgain(): Promise<void> {
    cluster.brokers[0]?.on(28, () => takes(0))
    await expect(slot.begin(member, next)).rejects.toMatchObject({ outcome: 'unknown' })
    await slot.init()
    expect(await kafka.committedOffsets('g', place)).toEqual([7])
    await (await slot.begin(member, next)).commit()
  }

  test('what it told before is read again, once', async () => {
    expect(await kafka.committedOffsets('g', place)).toEqual([5])
    await comesBack()
    await isReadAgain()
  })

  test('so is what it was just telling', async () => {
    cluster.brokers[0]?.on(9, async () => {
      await comesBack()
      return tells(5n)
    })
    expect(await kafka.committedOffsets('g', place)).toEqual([5])
    await isReadAgain()
  })

  test('so is what it told before another one was found, though nothing went wrong', async () => {
    expect(await kafka.committedOffsets('g', place)).toEqual([5])
    const now = performance.now.bind(performance)
    let hours = 0
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + hours * 3_600_000)
    try {
      for (const [later, nodeId] of [1, 0].entries()) {
        hours = later + 1
        found = nodeId
        await vi.waitFor(() => expect(asked).toBe(nodeId))
      }
      cluster.brokers[0]?.on(9, () => tells(7n))
      await isReadAgain()
    } finally {
      clock.mockRestore()
    }
  })
})

test('Once the next offsets were taken, a coordinator that moves is no reason for doubt', async () => {
  found = 1
  await kafka.committedOffsets('g', place)
  await (await slot.begin(member, next)).commit()
  cluster.brokers[0]?.on(28, () => takes(0))
  cluster.brokers[1]?.on(28, () => {
    found = 0
    return takes(NOT_COORDINATOR)
  })
  await (await slot.begin(member, next)).commit()
})
