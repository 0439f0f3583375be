import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endTxn } from '../../../libs/kafka/src/protocol/end-txn.ts'
import { offsetFetch } from '../../../libs/kafka/src/protocol/offset-fetch.ts'
import { txnOffsetCommit } from '../../../libs/kafka/src/protocol/txn-offset-commit.ts'
import { LAG_MS, pass, passing, SESSION_MS, ThreeBrokers } from './three-brokers.ts'

const OFFSET_NOT_AVAILABLE = 78
const FENCED_LEADER_EPOCH = 74
const UNKNOWN_LEADER_EPOCH = 75
const NOT_LEADER = 6
const TIMED_OUT = 7
const UNKNOWN_MEMBER_ID = 25
const INVALID_PRODUCER_EPOCH = 47
const OFFSET_FETCH = 9

let on: ThreeBrokers

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date', 'performance'] })
  on = new ThreeBrokers()
})

afterEach(() => void vi.useRealTimers())

test('a new leader refuses ListOffsets until its followers have fetched; a Fetch it answers by what it knows', async () => {
  await passing(on.append(0, 'a'))
  await pass(1_000)
  // Followers learn a high watermark with the fetch after: of this one they have not heard when their leader goes.
  await passing(on.append(0, 'b'))
  on.model.killBroker(0)
  await pass(LAG_MS - 10)
  on.delayMs = 40
  await pass(20)
  on.delayMs = 1
  expect(await passing(on.led(1))).toEqual({ leader: 1, leaderEpoch: 1 })
  expect(await passing(on.end(1, 1))).toEqual({ code: OFFSET_NOT_AVAILABLE })
  expect(await passing(on.fetched(1))).toEqual({ code: 0, high: 1 })
  await pass(100)
  expect(await passing(on.end(1, 1))).toBe(2)
})

test('a leader that has lost touch answers clients by what it knew, and takes nothing more', async () => {
  await passing(on.append(0, 'a'))
  on.model.isolate(0)
  await pass(LAG_MS + 100)
  expect(await passing(on.led(1))).toEqual({ leader: 1, leaderEpoch: 1 })
  expect(await passing(on.led(0))).toEqual({ leader: 0, leaderEpoch: 0 })
  expect(await passing(on.append(1, 'b'))).toBe(0)
  expect(await passing(on.end(0, 0))).toBe(1)
  expect(await passing(on.fetched(0))).toEqual({ code: 0, high: 1 })
  expect(await passing(on.end(0, 1))).toEqual({ code: UNKNOWN_LEADER_EPOCH })
  expect(await passing(on.end(1, 1))).toBe(2)
  expect(await passing(on.end(1, 0))).toEqual({ code: FENCED_LEADER_EPOCH })
  expect(await passing(on.append(0, 'lost'))).toBe(TIMED_OUT)
  on.model.rejoin(0)
  await pass(100)
  expect(await passing(on.end(0, 1))).toEqual({ code: NOT_LEADER })
  expect(on.values).toEqual(['a', 'b'])
})

test('what only the leader had is gone with it, and nobody was told that it stays', async () => {
  await passing(on.append(0, 'a'))
  on.delayMs = 30
  const told = vi.fn()
  void on.append(0, 'b').then(told, () => undefined)
  await pass(70)
  on.model.killBroker(0)
  on.delayMs = 1
  await pass(LAG_MS + 100)
  expect(await passing(on.append(1, 'c'))).toBe(0)
  expect(on.values).toEqual(['a', 'c'])
  expect(told).not.toHaveBeenCalled()
})

test('offsets of a transaction may be seen before its records are, while markers of topics are slow', async () => {
  const member = await passing(on.join('group'))
  const slot = await passing(on.init('slot'))
  const offsets = [{ topic: on.topic, partition: 0, offset: 7 }]
  await passing(on.call(member.broker, txnOffsetCommit('slot', slot, member, offsets)))
  await passing(on.append(0, 'a', slot, 'slot'))
  on.model.pauseMarkers(400, 'topics')
  const coordinator = await passing(on.coordinator('transaction', 'slot'))
  expect(await passing(on.call(coordinator, endTxn('slot', slot, true)))).toMatchObject({ errorCode: 0 })
  await pass(100)
  expect(await passing(on.call(member.broker, offsetFetch('group', offsets)))).toMatchObject({
    offsets: [{ offset: 7 }],
  })
  expect(await passing(on.end(0, 0, true))).toBe(0)
  expect(on.values).toEqual([])
  await pass(400)
  expect(await passing(on.end(0, 0, true))).toBe(2)
  expect(on.model.ended()).toMatchObject([
    { transactionalId: 'slot', isCommit: true, offsets: [{ group: 'group', offset: 7 }] },
  ])
  const [record] = on.model.records(on.topic, 0)
  expect(record?.visibleAtMs).toBeGreaterThan((record?.committedAtMs ?? 0) + 300)
})

test('a Produce that comes when its process is long gone is refused once the slot was initialised anew', async () => {
  const first = await passing(on.init('slot'))
  on.model.next(0, { delayMs: 3_000 }, 'zombie')
  const told = vi.fn()
  void on.append(0, 'late', first, 'slot', 'zombie').then(told, () => undefined)
  expect((await passing(on.init('slot'))).epoch).toBe(first.epoch + 1)
  await pass(4_000)
  expect(told).toHaveBeenCalledExactlyOnceWith(INVALID_PRODUCER_EPOCH)
  expect(await passing(on.end(0, 0))).toBe(0)
})

test('a commit that comes after the timeout finds its transaction aborted', async () => {
  const slot = await passing(on.init('slot'))
  await passing(on.append(0, 'a', slot, 'slot'))
  const coordinator = await passing(on.coordinator('transaction', 'slot'))
  on.model.next(26, { delayMs: 7_000 })
  expect(await passing(on.call(coordinator, endTxn('slot', slot, true)))).not.toMatchObject({ errorCode: 0 })
  expect(on.values).toEqual([])
})

test('members outlast a coordinator that is away for longer than their session, and not their own silence', async () => {
  const { beat } = await passing(on.join('group'))
  on.model.coordinatorAway(SESSION_MS + 2_000)
  await pass(SESSION_MS + 2_500)
  expect(await passing(beat())).toBe(0)
  await pass(SESSION_MS + 500)
  expect(await passing(beat())).toBe(UNKNOWN_MEMBER_ID)
})

test('while no broker is left nothing is ended by its timeout, and soon after the first one is back it is', async () => {
  const slot = await passing(on.init('slot'))
  await passing(on.append(0, 'a', slot, 'slot'))
  for (const id of on.model.brokers) on.model.killBroker(id)
  await pass(8_000)
  expect(on.model.ended()).toEqual([])
  for (const id of on.model.brokers) on.model.startBroker(id)
  await pass(2_000)
  expect(on.model.ended()).toMatchObject([{ transactionalId: 'slot', isCommit: false }])
})

test('compaction keeps the last of each key, never touches the newest batch, and moves no offset', async () => {
  for (const value of ['a1', 'b1', 'a2', 'b2']) await passing(on.append(0, value))
  on.model.compact(on.topic)
  expect(on.values).toEqual(['b1', 'a2', 'b2'])
  await passing(on.append(0, 'c1'))
  on.model.compact(on.topic)
  expect(on.values).toEqual(['a2', 'b2', 'c1'])
  expect(on.model.records(on.topic, 0).map(({ offset }) => offset)).toEqual([2, 3, 4])
})

test('a coordinator that has lost touch tells offsets of before, and nobody commits from them', async () => {
  const kafka = await passing(on.model.connect('reader'))
  const stays = async () => undefined
  const callbacks = { onAssigned: stays, onRevoked: stays, onLost: stays }
  const member = await passing(
    kafka.join({ groupId: 'group', topic: on.topic, rebalanceTimeoutMs: 10_000, ...callbacks }),
  )
  const producer = kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 5_000 })
  const place = { topic: on.topic, partition: 0 }
  const begun = async (offset: number) => producer.begin(member, [{ ...place, offset }])
  await passing(producer.init())
  await passing(begun(5).then((transaction) => transaction.commit()))

  on.model.isolate(await passing(on.coordinator('group', 'group')))
  await pass(LAG_MS + 500)
  await passing(begun(9).then((transaction) => transaction.commit()))
  // Answers that get lost make it look for the coordinator again, until it asks the one that is cut off.
  const told = async (): Promise<number | undefined> => {
    on.model.next(OFFSET_FETCH, { lose: 'answer' }, 'reader')
    await producer.init()
    const [offset] = await kafka.committedOffsets('group', [place])
    return offset === 9 ? told() : offset
  }
  expect(await passing(told())).toBe(5)
  await expect(passing(begun(7))).rejects.toMatchObject({ outcome: 'unknown' })
  await passing(producer.init())
  expect(await passing(kafka.committedOffsets('group', [place]))).toEqual([9])
})
