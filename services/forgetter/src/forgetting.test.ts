import { TransactionError } from '@weir/kafka'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { type Committed, fakeProducer, member, orderRow, pseudonym, rowsIn } from '../fixtures/fakes.ts'
import { Forgetting } from './forgetting.ts'
import { makeForgetterMetrics } from './metrics.ts'
import type { OrderLane } from './order-lane.ts'

const NOON_MS = Date.UTC(2026, 2, 3, 12)

/** Time stands still until the test moves it; delays are those of the list, in the order in which orders come. */
async function setUp({ delays = [] as number[], committed = 0, earliest = 0 } = {}) {
  const world = { nowMs: 0, events: [] as string[] }
  const fake = fakeProducer()
  const forgetting = new Forgetting({
    kafka: { endOffsets: async () => [earliest] },
    producer: fake.producer,
    topic: 'consent.forget',
    forgetTopics: new Map([
      ['ads', [{ topic: 'shop.ads.forget', partitions: 1 }]],
      ['news', ['shop', 'blog'].map((stream) => ({ topic: `${stream}.news.forget`, partitions: 1 }))],
    ]),
    delayMs: () => delays.shift() ?? 0,
    randomBelow: () => 0,
    monotonicMs: () => world.nowMs,
    nowMs: () => NOON_MS,
    metrics: makeForgetterMetrics(new Registry()),
    onEvent: ({ message }) => world.events.push(message),
  })
  const { lane, position } = await forgetting.begin(0, committed)
  const lanes = new Map<number, OrderLane>([[0, lane]])
  const at = async (nowMs: number) => {
    world.nowMs = nowMs
    await forgetting.step(member, lanes)
    return fake.committed.splice(0).map(told)
  }
  return { ...fake, forgetting, lane, position, world, at }
}

/** Keys by topic in the order of the batch, and where the group stands. */
function told({ offsets, batches }: Committed) {
  const keys = batches.map((batch) => [batch.topic, rowsIn(batch).map(({ key }) => String(key))])
  return { position: offsets[0]?.offset, ...Object.fromEntries(keys) }
}

describe('a forget order', () => {
  it('goes when its own time comes, and the group’s offset never passes one that is not out', async () => {
    const { forgetting, lane, at } = await setUp({ delays: [50, 10, 30] })
    forgetting.take(lane, [orderRow(0, 'ads', 1), orderRow(1, 'ads', 2), orderRow(2, 'ads', 3)], 4)
    expect(await at(9)).toEqual([])
    expect(await at(10)).toEqual([{ position: 0, 'shop.ads.forget': [pseudonym(2)] }])
    expect(await at(30)).toEqual([{ position: 0, 'shop.ads.forget': [pseudonym(3)] }])
    // Behind the marker of the projector's transaction.
    expect(await at(50)).toEqual([{ position: 4, 'shop.ads.forget': [pseudonym(1)] }])
    expect(await at(99)).toEqual([])
  })

  it('goes to every output of its purpose, and never in one transaction with another purpose', async () => {
    const { forgetting, lane, at } = await setUp()
    forgetting.take(lane, [orderRow(0, 'ads', 1), orderRow(1, 'news', 2)], 2)
    expect(await at(0)).toEqual([
      { position: 1, 'shop.ads.forget': [pseudonym(1)] },
      { position: 2, 'shop.news.forget': [pseudonym(2)], 'blog.news.forget': [pseudonym(2)] },
    ])
  })

  it('lies among those that go with it by its pseudonym, under the day alone', async () => {
    const { forgetting, lane, committed } = await setUp()
    forgetting.take(lane, [orderRow(0, 'ads', 9), orderRow(1, 'ads', 7), orderRow(2, 'ads', 8)], 3)
    await forgetting.step(member, new Map([[0, lane]]))
    const [transaction] = committed
    expect(transaction && told(transaction)).toMatchObject({ 'shop.ads.forget': [7, 8, 9].map(pseudonym) })
    const times = transaction?.batches.flatMap(rowsIn).map(({ timeMs }) => timeMs)
    expect(new Set(times)).toEqual(new Set([Date.UTC(2026, 2, 3)]))
  })

  it('waits on when its transaction was aborted', async () => {
    const { forgetting, lane, failures, at } = await setUp()
    forgetting.take(lane, [orderRow(0, 'ads', 1)], 1)
    failures.push('aborted')
    await expect(at(0)).rejects.toThrow(TransactionError)
    expect(await at(0)).toEqual([{ position: 1, 'shop.ads.forget': [pseudonym(1)] }])
  })

  it('of a purpose without an output is passed over', async () => {
    const { forgetting, lane, at } = await setUp()
    forgetting.take(lane, [orderRow(0, 'surveys', 1)], 1)
    expect(await at(0)).toEqual([{ position: 1 }])
  })

  it('that this version can’t read is not passed', async () => {
    const { forgetting, lane, at } = await setUp()
    const unreadable = { ...orderRow(0, 'ads', 1), value: Buffer.of(9) }
    expect(() => forgetting.take(lane, [unreadable], 1)).toThrow(/offset 0.*can’t read/)
    expect(await at(0)).toEqual([])
  })
})

describe('where nothing was ever committed', () => {
  it('begins with what is left, says that something is missing, and commits a place', async () => {
    const { position, world, at } = await setUp({ committed: -1, earliest: 7 })
    expect(position).toBe(7)
    expect(world.events).toEqual([expect.stringMatching(/begins at 7.*never forwarded/)])
    expect(await at(0)).toEqual([{ position: 7 }])
  })
})
