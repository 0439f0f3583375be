import { describe, expect, test } from 'vitest'
import { Api } from '../../support/kafka-proxy.ts'
import { readToEnd } from '../../support/kafka-read.ts'
import { until } from '../../support/until.ts'
import { batch, type KafkaLab, outcome } from '../lab.ts'

/** What transactions of the port must do while nothing fails; the recipes say what when something does. */
export function transactions(bench: KafkaLab): void {
  describe('transactions', () => {
    test('What commits is visible with its offsets, what aborts never, and positions pass both', async () => {
      const [input, output] = [await bench.topic(), await bench.topic()]
      const member = await bench.member(input)
      const slot = await bench.slot()
      const first = await slot.begin(member, [{ topic: input, partition: 0, offset: 3 }])
      await first.produce(batch(output, ['a', 'b']))
      await first.produce(batch(output, ['c']))
      await first.commit()
      const second = await slot.begin(member, [{ topic: input, partition: 0, offset: 9 }])
      await second.produce(batch(output, ['never']))
      await second.abort()
      const third = await slot.begin(member, [{ topic: input, partition: 0, offset: 4 }])
      await third.produce(batch(output, ['d']))
      await third.commit()
      expect(await bench.kafka.committedOffsets(member.groupId, [{ topic: input, partition: 0 }])).toEqual([4])
      const seen = await until('the last marker', async () => {
        const read = await readToEnd(bench.kafka, { topic: output, partition: 0 })
        return read.records.length === 4 && read
      })
      expect(seen.records.map((r) => [r.offset, r.value])).toEqual([
        [0, 'a'],
        [1, 'b'],
        [2, 'c'],
        [6, 'd'],
      ])
      expect(await bench.values(output, 'read_uncommitted')).toEqual(['a', 'b', 'c', 'never', 'd'])
      await until('the position passes the last marker', async () => {
        return (await readToEnd(bench.kafka, { topic: output, partition: 0 })).position === 8
      })
    })

    test('An open transaction holds the stable end, not the high watermark', async () => {
      const topic = await bench.topic()
      const member = await bench.member(topic)
      const slot = await bench.slot()
      const open = await slot.begin(member, [{ topic, partition: 0, offset: 0 }])
      await open.produce(batch(topic, ['a']))
      const at = [{ topic, partition: 0 }]
      expect(await bench.kafka.endOffsets(at, 'stable')).toEqual([0])
      expect(await bench.kafka.endOffsets(at, 'high-watermark')).toEqual([1])
      expect(await bench.kafka.endOffsets(at, 'earliest')).toEqual([0])
      await open.commit()
      await until('the marker', async () => (await bench.kafka.endOffsets(at, 'stable'))[0] === 2)
    })

    test('Committed offsets are told only when no transaction on them is pending', async () => {
      const topic = await bench.topic()
      const member = await bench.member(topic)
      const slot = await bench.slot()
      const open = await slot.begin(member, [{ topic, partition: 0, offset: 5 }])
      let answered = false
      const asked = bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }]).finally(() => {
        answered = true
      })
      await bench.kafka.endOffsets([{ topic, partition: 0 }], 'stable')
      expect(answered).toBe(false)
      await open.commit()
      expect(await asked).toEqual([5])
    })

    test('A commit is not sent once the transaction timeout has passed since begin', async () => {
      const topic = await bench.topic()
      const member = await bench.member(topic)
      const proxy = await bench.proxy()
      const slot = await bench.slot(await bench.connect(proxy.address), 300)
      const since = performance.now()
      const late = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      await until('the timeout has passed', () => performance.now() > since + 400)
      const before = proxy.requests(Api.endTxn)
      expect(['aborted', 'unknown']).toContain(await outcome(late.commit()))
      // What was sent is the abort.
      expect(proxy.requests(Api.endTxn)).toBeLessThanOrEqual(before + 1)
      expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([-1])
    })
  })
}
