import type { FetchedPartition, Fetcher } from '@weir/kafka'
import { expect, it, vi } from 'vitest'
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
  const tail = new Tail({ kafka, topic: TOPIC, maxChangedPerPartition: 10, onEvent: () => {} })
  const generations: number[] = []
  tail.listeners.onRestart(() => generations.push(tail.generation))
  tail.start()
  await vi.waitFor(() => expect(broken).toHaveLength(1))
  expect(generations).toEqual([])
  broken[0]?.(new Error('lost records'))
  await vi.waitFor(() => expect(generations).toEqual([2]))
  await tail.close()
})
