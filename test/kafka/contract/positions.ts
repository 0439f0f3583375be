import { BatchBuilder, BrokerError } from '@weir/kafka'
import { describe, expect, test } from 'vitest'
import { Api } from '../../support/kafka-proxy.ts'
import { readToEnd } from '../../support/kafka-read.ts'
import { until } from '../../support/until.ts'
import type { KafkaLab } from '../lab.ts'

/** Where reading begins: positions that a member commits by itself, offsets by time, records deleted below one. */
export function positions(bench: KafkaLab): void {
  describe('commits without a transaction', () => {
    test('A member commits positions of its topic and of another, and once more when the answer is lost', async () => {
      const [topic, other] = [await bench.topic(2), await bench.topic()]
      const proxy = await bench.proxy()
      const member = await bench.member(topic, {}, await bench.connect(proxy.address, { requestTimeoutMs: 500 }))
      await until('all are its', () => member.assigned.length === 2)
      proxy.dropResponses(Api.offsetCommit, 1)
      await member.commit([
        { topic, partition: 1, offset: 7 },
        { topic: other, partition: 0, offset: 3 },
      ])
      expect(proxy.requests(Api.offsetCommit)).toBe(2)
      const places = [
        { topic, partition: 0 },
        { topic, partition: 1 },
        { topic: other, partition: 0 },
      ]
      expect(await bench.kafka.committedOffsets(member.groupId, places)).toEqual([-1, 7, 3])
    })
  })

  describe('offsets by time', () => {
    test('It is the first record, or end of a transaction, whose timestamp is not before the time; none is null', async () => {
      const topic = await bench.topic(3)
      const producer = await bench.slot()
      const member = await bench.member(topic)
      const transaction = await producer.begin(member, [{ topic, partition: 0, offset: 1 }])
      const builder = new BatchBuilder(topic, 1)
      for (const second of [10, 20, 20, 30]) builder.append(second * 1_000, null, Buffer.from('x'))
      await transaction.produce(builder.finish())
      // What no reader can see yet is not there yet.
      const first = [{ topic, partition: 1, timeMs: 1_000 }]
      expect(await bench.kafka.offsetsForTimes(first)).toEqual([null])
      await transaction.commit()
      await until('it is visible', async () => (await bench.kafka.offsetsForTimes(first))[0] !== null)
      const times = [0, 10_000, 10_001, 20_000, 30_000, 30_001]
      const asked = times.map((timeMs) => ({ topic, partition: 1, timeMs }))
      expect(await bench.kafka.offsetsForTimes(asked)).toEqual([0, 0, 1, 1, 3, 4])

      await (await bench.kafka.appender()).append(topic, [{ partition: 2, key: null, value: Buffer.from('now') }])
      const [now, hour] = [Date.now(), 3_600_000]
      const near = [now - hour, now + hour].map((timeMs) => ({ topic, partition: 2, timeMs }))
      expect(await bench.kafka.offsetsForTimes([...near, { topic, partition: 0, timeMs: 0 }])).toEqual([0, null, null])
    })
  })

  describe('deleting records', () => {
    test('What lies before an offset is gone, doing it again changes nothing, and beyond the end is refused', async () => {
      const topic = await bench.topic()
      const appender = await bench.kafka.appender()
      const record = (text: string) => ({ partition: 0, key: null, value: Buffer.from(text) })
      await appender.append(topic, ['a', 'b', 'c'].map(record))
      const before = [{ topic, partition: 0, offset: 2 }]
      await bench.kafka.admin.deleteRecords(before)
      await bench.kafka.admin.deleteRecords(before)
      expect(await bench.kafka.endOffsets([{ topic, partition: 0 }], 'earliest')).toEqual([2])
      const { records } = await readToEnd(bench.kafka, { topic, partition: 0 }, 'read_committed', 2)
      expect(records.map((r) => r.value)).toEqual(['c'])
      const beyond = bench.kafka.admin.deleteRecords([{ topic, partition: 0, offset: 4 }])
      await expect(beyond).rejects.toMatchObject({ codeName: 'OFFSET_OUT_OF_RANGE', retriable: false })
    })

    test('A topic that is only compacted refuses it', async () => {
      const topic = await bench.topic(1, { 'cleanup.policy': 'compact' })
      const refused = bench.kafka.admin.deleteRecords([{ topic, partition: 0, offset: 0 }])
      await expect(refused).rejects.toThrow(BrokerError)
      await expect(refused).rejects.toMatchObject({ codeName: 'POLICY_VIOLATION' })
    })
  })
}
