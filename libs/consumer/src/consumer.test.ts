import { encodeTopicsRecord, topicsKey } from '@weir/replay'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FakeKafka } from '../fixtures/fake-kafka.ts'
import { CleanConsumer, type ConsumerParts } from './consumer.ts'
import { CallbackFailed, NoSuchTopic } from './errors.ts'
import { ForgetOrders } from './forget-orders.ts'

const follow = { stream: 'shop', purpose: 'ads' }
const limits = { maxBatchRecords: 10, rebalanceTimeoutMs: 1_000, connectWithinMs: 1_000 }
const nothing = async () => {}

let kafka: FakeKafka
let consumer: CleanConsumer | undefined

beforeEach(() => {
  kafka = new FakeKafka()
  for (const topic of ['ads', 'ads.forget', 'weir.topics']) kafka.make(topic, 1)
  consumer = undefined
})
afterEach(() => consumer?.close())

function switchTo(topic: string) {
  const record = { kind: 'alias', alias: { ...follow, topic, sinceMs: 1, planId: null } } as const
  kafka.append('weir.topics', 0, { key: topicsKey(record).toString(), value: encodeTopicsRecord(record) })
}

async function start(options: Partial<ConsumerParts['options']> = {}): Promise<CleanConsumer> {
  const signal = AbortSignal.timeout(10_000)
  const orders = await ForgetOrders.open({ kafka, groupId: 'g', topic: 'ads.forget', onForget: nothing }, signal)
  const given = { groupId: 'g', follow, onRecords: nothing, ...options }
  consumer = await CleanConsumer.start({ kafka, orders, limits, topic: 'ads', options: given }, signal)
  return consumer
}

test('A topic that is said to be the current one and does not exist ends it, at the start and later', async () => {
  switchTo('ads.replay-00000001')
  await expect(start()).rejects.toThrow(NoSuchTopic)
  kafka.make('weir.topics', 1)
  const { done } = await start()
  switchTo('ads.replay-00000001')
  await expect(done).rejects.toThrow(NoSuchTopic)
  expect(kafka.acts.slice(-2)).toEqual(['leave', 'close'])
})

test('A switch that its user can’t handle ends it, whichever way that is told', async () => {
  kafka.make('ads.replay-00000001', 1)
  const { done } = await start({
    onSwitch() {
      throw new Error('full')
    },
  })
  switchTo('ads.replay-00000001')
  const failure: unknown = await done.catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(CallbackFailed)
  expect(failure).toMatchObject({ message: expect.stringMatching(/^onSwitch failed/), cause: { message: 'full' } })
})

test('Closing ends it without an error, and lets go of everything', async () => {
  const running = await start()
  await running.close()
  await running.done
  expect(kafka.acts.slice(-2)).toEqual(['leave', 'close'])
})
