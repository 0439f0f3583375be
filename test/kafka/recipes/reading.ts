import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { BatchBuilder, type Transaction } from '@weir/kafka'
import { Api } from '../../support/kafka-proxy.ts'
import { readToEnd } from '../../support/kafka-read.ts'
import { until } from '../../support/until.ts'
import { batch, type KafkaLab } from '../lab.ts'
import { type Recipe, tally } from '../recipe.ts'
import { settled, write } from './transactions.ts'

export const readingRecipes: readonly Recipe[] = [
  {
    name: 'Aborted transactions of two producers, interleaved, leak no record, wherever reading begins',
    async run(lab) {
      const topic = await lab.topic()
      const [one, two] = [await opened(lab, 'one'), await opened(lab, 'two')]
      for (const [transaction, value] of [
        [one, 'x0'],
        [two, 'x1'],
        [one, 'x2'],
        [two, 'x3'],
      ] as const) {
        await transaction.produce(batch(topic, [value]))
      }
      await two.abort()
      await one.produce(batch(topic, ['x5']))
      await one.abort()
      const last = await opened(lab, 'one')
      await last.produce(batch(topic, ['a']))
      await last.commit()
      const seen = await settled(lab, topic)
      const [end = 0] = await lab.kafka.endOffsets([{ topic, partition: 0 }], 'stable')
      for (let from = 0; from < end; from++) {
        const { records, position } = await readToEnd(lab.kafka, { topic, partition: 0 }, 'read_committed', from)
        const promised = records.length > 0 ? ['a'] : []
        assert.deepEqual(
          tally(
            promised,
            records.map((r) => r.value),
          ),
          { lost: 0, repeated: 0 },
        )
        assert.equal(position, end)
      }
      return { did: `left them out from each of ${end} positions`, ...tally(['a'], seen) }
    },
  },
  {
    name: 'A key of four zero bytes ends no aborted transaction',
    async run(lab) {
      const topic = await lab.topic()
      const aborted = await opened(lab, 'one')
      for (const value of ['x0', 'x1', 'x2']) {
        const builder = new BatchBuilder(topic, 0)
        builder.append(1, Buffer.alloc(4), Buffer.from(value))
        await aborted.produce(builder.finish())
      }
      await aborted.abort()
      const committed = await opened(lab, 'one')
      const builder = new BatchBuilder(topic, 0)
      builder.append(1, Buffer.alloc(4), Buffer.from('a'))
      await committed.produce(builder.finish())
      await committed.commit()
      return { did: 'left out the aborted, gave the committed', ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'The position passes the markers of transactions, so that a reader at the end is at the end',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot()
      await write(slot, member, topic, 1, ['a'])
      const aborted = await slot.begin(member, [{ topic, partition: 0, offset: 2 }])
      await aborted.produce(batch(topic, ['never promised']))
      await aborted.abort()
      const seen = await settled(lab, topic)
      const { position } = await readToEnd(lab.kafka, { topic, partition: 0 })
      assert.deepEqual([position], await lab.kafka.endOffsets([{ topic, partition: 0 }], 'high-watermark'))
      assert.equal(position, 4)
      return { did: 'counted both markers', ...tally(['a'], seen) }
    },
  },
  {
    name: 'Batches that compaction has emptied stop no reader, also with a fetch that holds nothing else',
    async run(lab) {
      const topic = await lab.topic(1, {
        'cleanup.policy': 'compact',
        'segment.ms': '500',
        'min.cleanable.dirty.ratio': '0.001',
        'max.compaction.lag.ms': '500',
      })
      // One key by thirty producers: the cleaner keeps an empty batch for each.
      for (let i = 0; i < 30; i++) {
        const appender = await lab.kafka.appender()
        await appender.append(topic, [{ partition: 0, key: Buffer.from('k'), value: Buffer.from(`k${i}`) }])
        await appender.close()
      }
      const appender = await lab.kafka.appender()
      const found = await until(
        'compaction',
        async () => {
          // The newest segment is never cleaned: ticks roll it.
          await appender.append(topic, [{ partition: 0, key: Buffer.from('tick'), value: Buffer.from('t') }])
          const read = await readToEnd(lab.kafka, { topic, partition: 0 }, 'read_committed', 0, 500)
          return read.records.filter((r) => r.key === 'k').length === 1 && read
        },
        55_000,
      )
      assert.deepEqual(found.records.find((r) => r.key === 'k')?.offset, 29)
      assert.ok(found.position > 30)
      const seen = found.records.filter((r) => r.key === 'k').map((r) => r.value)
      return { did: 'went past 29 empty batches', ...tally(['k29'], seen) }
    },
  },
  {
    name: 'Connections that break in the middle of reading cost no record and give none twice',
    async run(lab) {
      const topic = await lab.topic()
      const proxy = await lab.proxy()
      const far = await lab.connect(proxy.address)
      const appender = await lab.kafka.appender()
      const values = Array.from({ length: 60 }, (_, i) => `v${i}`)
      // A batch each, so that it takes many fetches.
      for (const value of values) await appender.append(topic, [{ partition: 0, key: null, value: Buffer.from(value) }])
      let done = false
      const reading = readToEnd(far, { topic, partition: 0 }, 'read_committed', 0, 100).finally(() => {
        done = true
      })
      let cuts = 0
      for (; !done && cuts < 10; cuts++) {
        const asked = proxy.requests(Api.fetch)
        await until('it reads', () => done || proxy.requests(Api.fetch) > asked)
        proxy.cut()
      }
      assert.ok(cuts >= 2, 'it was cut in the middle')
      const { records } = await reading
      await appender.close()
      return {
        did: `went on from where it was, ${cuts} times`,
        ...tally(
          values,
          records.map((r) => r.value),
        ),
      }
    },
  },
  {
    name: 'Nothing plans a timer in the past, as a kafkajs of its own does on Node 24 and later (kafkajs#1751)',
    async run(lab) {
      assert.ok((await warningsOf('kafkajs', lab.brokers)).includes('TimeoutNegativeWarning'))
      assert.deepEqual(await warningsOf('weir', lab.brokers), [])
      return { did: 'no warning; plain kafkajs in another process warns', lost: 0, repeated: 0 }
    },
  },
]

async function opened(lab: KafkaLab, name: string): Promise<Transaction> {
  const input = await lab.topic()
  const member = await lab.member(input, { groupId: `${lab.namespace}${name}.${input}` })
  return (await lab.slot(lab.kafka, 5_000, name)).begin(member, [{ topic: input, partition: 0, offset: 1 }])
}

async function warningsOf(client: 'weir' | 'kafkajs', brokers: string): Promise<string[]> {
  const probe = resolve(import.meta.dirname, '../timer-probe.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [probe, client, brokers])
  return JSON.parse(stdout)
}
