import { OffsetOutOfRange, RecordWalk, Rows } from '@weir/kafka'
import { describe, expect, test } from 'vitest'
import { Api } from '../../support/kafka-proxy.ts'
import { until } from '../../support/until.ts'
import type { KafkaLab } from '../lab.ts'

/** What a fetcher of the port must do. */
export function fetching(bench: KafkaLab): void {
  describe('fetching', () => {
    const options = { isolation: 'read_committed', maxBytes: 1e6, maxPartitionBytes: 1e6, readAheadBytes: 1e6 } as const

    test('A reader at the end learns so by answers to requests that were sent after it came there', async () => {
      const topic = await bench.topic(3)
      const fetcher = bench.kafka.fetcher({ ...options, topic, maxWaitMs: 20 })
      for (const partition of [0, 1, 2]) fetcher.assign(partition, 0)
      const since = performance.now()
      const fresh = new Set<number>()
      await until('every partition answered', async () => {
        for (const { partition, records, sentAtMonotonicMs, lastStableOffset } of await fetcher.poll(100)) {
          expect([records.length, lastStableOffset]).toEqual([0, 0])
          if (sentAtMonotonicMs > since) fresh.add(partition)
        }
        return fresh.size === 3
      })
    })

    test('Reading begins at the position asked for and goes on over what is appended later', async () => {
      const topic = await bench.topic()
      const appender = await bench.kafka.appender()
      const append = (text: string) => appender.append(topic, [{ partition: 0, key: null, value: Buffer.from(text) }])
      for (const text of ['a', 'b', 'c']) await append(text)
      const fetcher = bench.kafka.fetcher({ ...options, topic, maxWaitMs: 10_000 })
      fetcher.assign(0, 1)
      const seen: string[] = []
      const read = async (text: string) =>
        until(`${text} read`, async () => {
          for (const fetched of await fetcher.poll(1_000)) {
            const rows = new Rows(10)
            new RecordWalk(fetched).fill(rows, 10)
            for (let i = 0; i < rows.count; i++) {
              seen.push(rows.source[i]?.toString('utf8', rows.valueStart[i], rows.valueEnd[i]) ?? '')
            }
          }
          return seen.includes(text)
        })
      await read('c')
      await append('d')
      await read('d')
      expect(seen).toEqual(['b', 'c', 'd'])
    })

    test('An answer for an assignment that has ended meanwhile is dropped', async () => {
      const topic = await bench.topic()
      const proxy = await bench.proxy()
      const other = await bench.connect(proxy.address)
      const fetcher = other.fetcher({ ...options, topic, maxWaitMs: 20 })
      const release = proxy.holdRequests(Api.fetch)
      fetcher.assign(0, 0)
      await until('the request is out', () => proxy.requests(Api.fetch) > 0)
      const appender = await bench.kafka.appender()
      await appender.append(
        topic,
        ['a', 'b'].map((text) => ({ partition: 0, key: null, value: Buffer.from(text) })),
      )
      fetcher.assign(0, 1)
      await release()
      const fetched = await until('an answer', async () => (await fetcher.poll(1_000))[0])
      expect(fetched.fetchOffset).toBe(1)
      fetcher.unassign(0)
      expect(await fetcher.poll(100)).toEqual([])
    })

    test('A position that the partition does not have is an error and is never reset', async () => {
      const topic = await bench.topic(2)
      const fetcher = bench.kafka.fetcher({ ...options, topic, maxWaitMs: 20 })
      fetcher.assign(0, 7)
      fetcher.assign(1, 0)
      const failure = await until('the error', () =>
        fetcher.poll(1_000).then(
          () => undefined,
          (error: unknown) => error,
        ),
      )
      expect(failure).toBeInstanceOf(OffsetOutOfRange)
      expect(failure).toMatchObject({ topic, partition: 0, asked: 7, logStartOffset: 0 })
      // The other partition goes on, and this one too once its position is set.
      fetcher.assign(0, 0)
      const answered = new Set<number>()
      await until('both answered', async () => {
        for (const { partition } of await fetcher.poll(100)) answered.add(partition)
        return answered.size === 2
      })
    })

    test('A reader that does not poll holds no more than its read-ahead', async () => {
      const topic = await bench.topic()
      const appender = await bench.kafka.appender()
      const big = { partition: 0, key: null, value: Buffer.alloc(50_000) }
      for (let i = 0; i < 20; i++) await appender.append(topic, [big])
      const proxy = await bench.proxy()
      const other = await bench.connect(proxy.address)
      const bounds = { maxPartitionBytes: 60_000, maxBytes: 60_000, readAheadBytes: 150_000 }
      const fetcher = other.fetcher({ ...options, ...bounds, topic, maxWaitMs: 20 })
      fetcher.assign(0, 0)
      await until('the read-ahead is full', () => proxy.requests(Api.fetch) >= 3)
      let read = 0
      let ahead = 0
      await until('all read', async () => {
        const [fetched] = await fetcher.poll(1_000)
        if (fetched === undefined || fetched.records.length === 0) return read === 20
        // At the end of the log answers are empty and cost no room, so it is looked at before that.
        if (read < 16) ahead = Math.max(ahead, proxy.requests(Api.fetch) - read)
        const rows = new Rows(10)
        read += new RecordWalk(fetched).fill(rows, 10)
        return read === 20
      })
      // A fetch brings one record; three are the read-ahead, and one was polled just now.
      expect(ahead).toBeLessThanOrEqual(4)
    })

    test('Broken connections are mended inside, nothing lost and nothing twice', async () => {
      const topic = await bench.topic()
      const appender = await bench.kafka.appender()
      const proxy = await bench.proxy()
      const events: string[] = []
      const other = await bench.connect(proxy.address, { onEvent: ({ kind }) => events.push(kind) })
      const fetcher = other.fetcher({ ...options, topic, maxWaitMs: 20 })
      fetcher.assign(0, 0)
      const seen: number[] = []
      const read = async (count: number) =>
        until(`${count} read`, async () => {
          for (const fetched of await fetcher.poll(100)) {
            const rows = new Rows(10)
            new RecordWalk(fetched).fill(rows, 10)
            seen.push(...rows.offset.subarray(0, rows.count))
          }
          return seen.length >= count
        })
      const append = () => appender.append(topic, [{ partition: 0, key: null, value: Buffer.from('x') }])
      await append()
      await read(1)
      proxy.cut()
      await append()
      await read(2)
      await proxy.away()
      await append()
      await until('it is noticed', () => events.includes('broker-away'))
      // Nothing, or that there was nothing, from before.
      for (const { records } of await fetcher.poll(10)) expect(records).toHaveLength(0)
      await proxy.back()
      await read(3)
      expect(seen).toEqual([0, 1, 2])
      expect(events.filter((kind) => kind === 'broker-away')).toHaveLength(1)
      expect(events).toContain('broker-back')
    })
  })
}
