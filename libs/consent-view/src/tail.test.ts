import { encodeState, encodeStateTick, tickKey } from '@weir/consent'
import type { FetchedPartition, Fetcher } from '@weir/kafka'
import { expect, it, vi } from 'vitest'
import { state } from '../fixtures/fakes.ts'
import { PartitionTail } from './partition-tail.ts'
import { Tail, type TailOptions } from './tail.ts'

const TOPIC = 'consent.state'

/** A broker whose fetchers wait until the test breaks them or the tail closes them. */
function brokerOf() {
  const broken: ((error: Error) => void)[] = []
  const kafka: TailOptions['kafka'] = {
    topics: async () => [{ topic: TOPIC, topicId: 'a'.repeat(32), partitions: 16 }],
    endOffsets: async (asked) => asked.map(() => 7),
    fetcher: (): Fetcher => {
      const waiting = Promise.withResolvers<FetchedPartition[]>()
      broken.push(waiting.reject)
      return {
        assign: () => {},
        unassign: () => {},
        poll: () => waiting.promise,
        close: async () => waiting.resolve([]),
      }
    },
  }
  return { kafka, broken }
}

it('tells those who listen each time it starts over, and not of its first start', async () => {
  const { kafka, broken } = brokerOf()
  const tail = new Tail({
    kafka,
    topic: TOPIC,
    maxChangedPerPartition: 10,
    maxRememberedPerPartition: 10,
    onEvent: () => {},
  })
  const generations: number[] = []
  tail.listeners.onRestart(() => generations.push(tail.generation))
  tail.start()
  await vi.waitFor(() => expect(broken).toHaveLength(1))
  expect(generations).toEqual([])
  broken[0]?.(new Error('lost records'))
  await vi.waitFor(() => expect(generations).toEqual([2]))
  await tail.close()
})

it('takes a later leader epoch for a new leader: what a former one said proves nothing, and it is told', () => {
  const tail = new PartitionTail(7, 10, 10)
  expect(tail.ledBy(4)).toBe(false)
  tail.reached(7, 7, 100, 4)
  tick(tail, 1)
  tick(tail, 2)
  expect(tail.freshness.ageMs(200)).toBe(100)

  expect(tail.ledBy(5)).toBe(true)
  expect(tail.freshness.ageMs(200)).toBe(Number.POSITIVE_INFINITY)
  // An answer of the former one that comes late.
  expect(tail.ledBy(4)).toBe(false)
  tail.reached(9, 9, 300, 4)
  tick(tail, 3)
  tick(tail, 4)
  expect(tail.freshness.ageMs(400)).toBe(Number.POSITIVE_INFINITY)

  expect(tail.ledBy(5)).toBe(false)
  tail.reached(11, 11, 350, 5)
  tick(tail, 5)
  tick(tail, 6)
  expect(tail.freshness.ageMs(400)).toBe(50)
})

it('knows how far the ledger came out, by states and ticks, and never goes back for what is repeated or unreadable', () => {
  const tail = new PartitionTail(7, 10, 10)
  const after = (take: () => void) => {
    take()
    return tail.ledgerPosition
  }
  expect(tail.ledgerPosition).toBe(-1)
  expect(after(() => tick(tail, 1, 40))).toBe(40)
  expect(after(() => bringState(tail, 52))).toBe(52)
  // Folded once more, as after the projector's place was set back.
  expect(after(() => bringState(tail, 31))).toBe(52)
  expect(after(() => tick(tail, 1, 40))).toBe(52)
  expect(after(() => void tail.take({ offset: tail.position, timeMs: 0, key: ref, value: Buffer.of(9) }))).toBe(52)
  expect(after(() => tick(tail, 2, 60))).toBe(60)
})

const ref = Buffer.alloc(16, 3)

function bringState(tail: PartitionTail, position: number): void {
  tail.take({ offset: tail.position, timeMs: 0, key: ref, value: encodeState(state(position)) })
}

function tick(tail: PartitionTail, n: number, position: number = tail.position): void {
  const value = encodeStateTick({ incarnation: 'f'.repeat(32), n, timeMs: 0, position })
  tail.take({ offset: tail.position, timeMs: 0, key: tickKey, value })
}
