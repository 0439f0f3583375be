import { Closed, WrongPartitionCount } from '@weir/kafka'
import { describe, expect, test } from 'vitest'
import { readToEnd } from '../../support/kafka-read.ts'
import { until } from '../../support/until.ts'
import type { KafkaLab } from '../lab.ts'

/** Topics, appends, connecting and closing, as the port has them. */
export function lifecycle(bench: KafkaLab): void {
  describe('topics', () => {
    test('Topics are created once, their configs follow the specification, and other settings on them stay', async () => {
      const topic = `${bench.namespace}ensured`
      bench.deletingTopic(topic)
      const spec = { topic, partitions: 3, config: { 'cleanup.policy': 'compact', 'segment.ms': '3600000' } }
      expect(await bench.kafka.admin.ensureTopics([spec])).toEqual({ created: [topic], changed: [], same: [] })
      expect(await bench.kafka.admin.ensureTopics([spec])).toEqual({ created: [], changed: [], same: [topic] })
      const narrower = { ...spec, config: { 'cleanup.policy': 'delete' } }
      expect(await bench.kafka.admin.ensureTopics([narrower])).toEqual({ created: [], changed: [topic], same: [] })
      expect(await bench.kafka.admin.topicConfig(topic)).toMatchObject({
        'cleanup.policy': 'delete',
        'segment.ms': '3600000',
      })
      await expect(bench.kafka.admin.ensureTopics([{ ...spec, partitions: 4 }])).rejects.toThrow(WrongPartitionCount)
      const [info] = await bench.kafka.topics([topic, `${bench.namespace}absent`])
      expect(info).toMatchObject({ topic, partitions: 3, topicId: expect.stringMatching(/^[0-9a-f]{32}$/) })
    })

    test('The brokers’ own settings can be read', async () => {
      const [config] = (await bench.kafka.admin.brokerConfigs()).values()
      expect(config).toHaveProperty('transaction.abort.timed.out.transaction.cleanup.interval.ms')
    })
  })

  describe('appending', () => {
    test('Appends at the same time get their own offsets, in the order given', async () => {
      const topic = await bench.topic(2)
      const appender = await bench.kafka.appender()
      const record = (partition: number, value: string) => ({ partition, key: null, value: Buffer.from(value) })
      const texts = Array.from({ length: 40 }, (_, i) => `v${i}`)
      const offsets = await Promise.all(
        texts.map((text) => appender.append(topic, [record(0, text), record(1, text), record(0, `${text}'`)])),
      )
      const found = await readToEnd(bench.kafka, { topic, partition: 0 })
      for (const [i, [first = -1, other, second = -1]] of offsets.entries()) {
        expect(found.records[first]?.value).toBe(texts[i])
        expect(found.records[second]?.value).toBe(`${texts[i]}'`)
        expect(other).toBe(i)
      }
      await appender.close()
      await expect(appender.append(topic, [record(0, 'late')])).rejects.toThrow(Closed)
    })

    test('Records that fill several batches get the offsets at which they lie', async () => {
      const topic = await bench.topic()
      const appender = await bench.kafka.appender()
      const big = (n: number) => ({ partition: 0, key: Buffer.from(String(n)), value: Buffer.alloc(300_000) })
      expect(await appender.append(topic, [0, 1, 2, 3, 4, 5, 6].map(big))).toEqual([0, 1, 2, 3, 4, 5, 6])
      const { records } = await readToEnd(bench.kafka, { topic, partition: 0 })
      expect(records.map((r) => r.key)).toEqual(['0', '1', '2', '3', '4', '5', '6'])
    })
  })

  describe('connecting', () => {
    test('A broker that is away at start is waited for, and told of once', async () => {
      const proxy = await bench.proxy()
      await proxy.away()
      const events: string[] = []
      const connecting = bench.connect(proxy.address, { onEvent: ({ kind }) => events.push(kind) })
      await until('it was noticed', () => events.length > 0)
      await proxy.back()
      expect(await (await connecting).topics([`${bench.namespace}absent`])).toEqual([])
      expect(events).toEqual(['broker-away', 'broker-back'])
    })

    test('Waiting ends when the signal aborts', async () => {
      const proxy = await bench.proxy()
      await proxy.away()
      const stop = new AbortController()
      const connecting = bench.connect(proxy.address, { signal: stop.signal, onEvent: () => stop.abort() })
      await expect(connecting).rejects.toThrow(Closed)
    })

    test('Closing leaves no timer and no socket', async () => {
      const topic = await bench.topic()
      await bench.kafka.close()
      const active = () => {
        const kinds = process.getActiveResourcesInfo()
        return {
          sockets: kinds.filter((kind) => kind.startsWith('TCP')).length,
          timers: kinds.filter((kind) => kind === 'Timeout').length,
        }
      }
      const before = await until('no socket is left', () => active().sockets === 0 && active())
      const another = await bench.connect()
      const bounds = { maxBytes: 1e6, maxPartitionBytes: 1e6, readAheadBytes: 1e6 }
      const fetcher = another.fetcher({ ...bounds, topic, isolation: 'read_committed', maxWaitMs: 30_000 })
      fetcher.assign(0, 0)
      await bench.member(topic, {}, another)
      await bench.slot(another)
      const appender = await another.appender()
      await appender.append(topic, [{ partition: 0, key: null, value: Buffer.from('x') }])
      await another.close()
      await until('all is closed', () => active().sockets === 0 && active().timers <= before.timers)
      await bench.reconnect()
    })
  })
}
