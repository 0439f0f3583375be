import { BrokerError, NotAMember } from '@weir/kafka'
import { beforeEach, expect, test, vi } from 'vitest'
import { FakeKafka } from '../fixtures/fake-kafka.ts'
import { CallbackFailed, NoSuchTopic, UnreadableOrder } from './errors.ts'
import { ForgetOrders } from './forget-orders.ts'

const TOPIC = 'ads.forget'
const text = (n: number) => `1.${n.toString(16).padStart(32, '0')}`

let kafka: FakeKafka
let told: string[][]
let onForget: (pseudonyms: readonly string[]) => Promise<void>

beforeEach(() => {
  kafka = new FakeKafka()
  kafka.make(TOPIC, 2)
  told = []
  onForget = async (pseudonyms) => void told.push([...pseudonyms])
})

const order = (partition: number, ...numbers: number[]) =>
  kafka.append(TOPIC, partition, ...numbers.map((n) => ({ key: text(n), value: Buffer.of(1, 0) })))

async function open() {
  const parts = { kafka, groupId: 'g', topic: TOPIC, onForget: (some: readonly string[]) => onForget(some) }
  const orders = await ForgetOrders.open(parts, AbortSignal.timeout(5_000))
  const nothing = async () => {}
  const callbacks = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
  const member = await kafka.join({ groupId: 'g', topic: 'ads', rebalanceTimeoutMs: 1, ...callbacks })
  const isForgotten = (n: number) => orders.isForgotten(Buffer.from(text(n)), 0, text(n).length)
  return { orders, member, isForgotten }
}

test('Nothing is settled before all orders that are there are read, told and acknowledged', async () => {
  order(0, 1, 2)
  order(1, 3)
  kafka.atOnce = 1
  const { orders, member, isForgotten } = await open()
  expect(await orders.settle(member)).toBe(false)
  expect(told.flat().sort()).toEqual([text(1), text(3)])
  expect(await orders.settle(member)).toBe(true)
  expect([1, 2, 3, 4].map(isForgotten)).toEqual([true, true, true, false])
  expect(told.flat().sort()).toEqual([text(1), text(2), text(3)])
  expect(kafka.committed).toEqual(
    new Map([
      [`${TOPIC}/0`, 2],
      [`${TOPIC}/1`, 1],
    ]),
  )
  expect(orders.size).toBe(3)
})

test('What the group has acknowledged holds, and is not told again', async () => {
  order(0, 1, 2)
  kafka.committed.set(`${TOPIC}/0`, 1)
  const { orders, member, isForgotten } = await open()
  expect(await orders.settle(member)).toBe(true)
  expect(told).toEqual([[text(2)]])
  expect(isForgotten(1)).toBe(true)
})

test('Orders of a topic that was made anew are told, wherever the group stood in the old one', async () => {
  order(0, 1)
  kafka.committed.set(`${TOPIC}/0`, 7)
  const { orders, member } = await open()
  await orders.settle(member)
  expect(told).toEqual([[text(1)]])
})

test('What was told is not acknowledged before it was handled, nor when that failed', async () => {
  order(0, 1)
  onForget = async () => {
    throw new Error('away')
  }
  const { orders, member } = await open()
  const failure: unknown = await orders.settle(member).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CallbackFailed)
  expect(failure).toMatchObject({ cause: { message: 'away' } })
  expect(kafka.committed.size).toBe(0)
})

test.each([new NotAMember('g'), new BrokerError(16, 'OffsetCommit')])(
  'What can’t be acknowledged now (%s) is so the next time, and not told twice',
  async (refusal) => {
    order(0, 1)
    kafka.failing.commit = [refusal]
    const { orders, member } = await open()
    expect(await orders.settle(member)).toBe(true)
    expect(kafka.committed.size).toBe(0)
    expect(await orders.settle(member)).toBe(true)
    expect(kafka.committed.get(`${TOPIC}/0`)).toBe(1)
    expect(told).toEqual([[text(1)]])
  },
)

test('A commit that the broker refuses for good ends it', async () => {
  order(0, 1)
  kafka.failing.commit = [new BrokerError(30, 'OffsetCommit')]
  const { orders, member } = await open()
  await expect(orders.settle(member)).rejects.toThrow(BrokerError)
})

test('Nothing is settled while it can’t be known where the orders end', async () => {
  const { orders, member } = await open()
  kafka.failing.ends = [new BrokerError(6, 'ListOffsets')]
  await expect(orders.settle(member)).rejects.toThrow(BrokerError)
})

test('Many are told a thousand at a time', async () => {
  order(0, ...Array.from({ length: 2_500 }, (_, n) => n))
  kafka.atOnce = 2_500
  const { orders, member } = await open()
  await orders.settle(member)
  expect(told.map(({ length }) => length)).toEqual([1_000, 1_000, 500])
})

test('An order that can’t be understood stops everything', async () => {
  for (const key of [null, 'somebody']) {
    kafka.make(TOPIC, 1)
    kafka.append(TOPIC, 0, { key })
    const { orders, member } = await open()
    await expect(orders.settle(member)).rejects.toThrow(UnreadableOrder)
  }
})

test('A topic without partitions is refused at the start', async () => {
  kafka.make(TOPIC, 0)
  await expect(open()).rejects.toThrow(NoSuchTopic)
})

test('What is acknowledged is so again each hour: the broker lets go of offsets that are left alone for a week', async () => {
  order(0, 1)
  const { orders, member } = await open()
  await orders.settle(member)
  await orders.settle(member)
  const commits = () => kafka.acts.filter((act) => act === `commit ${TOPIC}/0@1`).length
  expect(commits()).toBe(1)
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 3_700_000)
  try {
    await orders.settle(member)
    await orders.settle(member)
  } finally {
    clock.mockRestore()
  }
  expect(commits()).toBe(2)
})
