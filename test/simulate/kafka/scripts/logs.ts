import { initProducerId } from '../../../../libs/kafka/src/protocol/init-producer-id.ts'
import { metadata } from '../../../../libs/kafka/src/protocol/metadata.ts'
import { until } from '../../../support/until.ts'
import type { Ground, Script } from './script.ts'
import { ends, fetched, produceAs } from './steps.ts'

const nobody = { producerId: -1n, epoch: -1 }
const HOUR_MS = 3_600_000

/** What lies in logs, outside transactions, and how it is read. */
export const logScripts: readonly Script[] = [
  {
    name: 'a position beyond the end is out of range, the end itself is empty',
    async run(ground) {
      const topic = await ground.topic()
      await produceAs(ground, null, nobody, topic, ['a', 'b'], -1)
      return {
        beyond: await fetched(ground, topic, 'read_committed', { offset: 3 }),
        end: await fetched(ground, topic, 'read_committed', { offset: 2 }),
        negative: await fetched(ground, topic, 'read_uncommitted', { offset: -5 }),
      }
    },
  },
  {
    name: 'a position inside a batch gives the whole batch, and the first one comes however large',
    async run(ground) {
      const topic = await ground.topic()
      await produceAs(ground, null, nobody, topic, ['a', 'b', 'c'], -1)
      await produceAs(ground, null, nobody, topic, ['d'], -1)
      return {
        inside: await fetched(ground, topic, 'read_committed', { offset: 1 }),
        small: (await fetched(ground, topic, 'read_committed', { maxPartitionBytes: 1 })).position,
      }
    },
  },
  {
    name: 'a topic or a partition that is not there',
    async run(ground) {
      const topic = await ground.topic()
      const none = `${ground.namespace}none`
      return {
        fetch: await fetched(ground, none, 'read_committed'),
        partition: await fetched(ground, topic, 'read_committed', { partition: 7 }),
        ends: await ends(ground, none),
        produce: await produceAs(ground, null, nobody, none, ['a'], -1),
        metadata: (await ground.call(metadata([none]))).topics.map(({ errorCode }) => errorCode),
      }
    },
  },
  {
    name: 'a leader epoch of the future is unknown, one of now is taken, and what was read under it is looked up',
    async run(ground) {
      const topic = await ground.topic()
      await produceAs(ground, null, nobody, topic, ['a'], -1)
      return {
        fetch: (await fetched(ground, topic, 'read_committed', { leaderEpoch: 9 })).code,
        ends: await ends(ground, topic, 0, 9),
        now: await ends(ground, topic, 0, 0),
        read: await fetched(ground, topic, 'read_committed', { leaderEpoch: 0, offset: 1, lastEpoch: 0 }),
        beyond: await fetched(ground, topic, 'read_committed', { leaderEpoch: 0, offset: 4, lastEpoch: 0 }),
        future: await fetched(ground, topic, 'read_committed', { leaderEpoch: 0, offset: 1, lastEpoch: 3 }),
      }
    },
  },
  {
    name: 'an idempotent producer: repeats are dropped, gaps and old epochs refused, a new epoch begins at 0',
    async run(ground) {
      const topic = await ground.topic()
      const id = await producer(ground)
      const send = (values: string[], sequence: number, epoch = 0) =>
        produceAs(ground, null, { ...id, epoch }, topic, values, sequence)
      const answers = [
        await send(['a'], 0),
        await send(['b', 'c'], 1),
        await send(['a'], 0),
        await send(['b', 'c'], 1),
        await send(['e'], 4),
        await send(['d'], 3),
        await send(['f'], 7, 1),
        await send(['f'], 0, 1),
        await send(['g'], 4),
        await send(['d'], 3),
        await send(['f'], 0, 1),
      ]
      return { answers, values: (await fetched(ground, topic, 'read_uncommitted')).values }
    },
  },
  {
    name: 'a repeat is known among the last five batches only',
    async run(ground) {
      const topic = await ground.topic()
      const id = await producer(ground)
      for (let i = 0; i < 7; i++) await produceAs(ground, null, { ...id, epoch: 0 }, topic, [`v${i}`], i)
      const again = []
      for (let i = 0; i < 7; i++) again.push(await produceAs(ground, null, { ...id, epoch: 0 }, topic, [`v${i}`], i))
      return { again, high: (await ends(ground, topic)).high }
    },
  },
  {
    name: 'a producer that a partition has never seen may begin with any sequence number',
    async run(ground) {
      const topic = await ground.topic()
      const id = await producer(ground)
      return [
        await produceAs(ground, null, { ...id, epoch: 0 }, topic, ['a'], 5),
        await produceAs(ground, null, { ...id, epoch: 0 }, topic, ['b'], 6),
        await produceAs(ground, null, { ...id, epoch: 0 }, topic, ['a'], 0),
      ]
    },
  },
  {
    name: 'what a topic does not take: too large, without a key where it is compacted, a time too far ahead',
    async run(ground) {
      const small = await ground.topic(1, { 'max.message.bytes': '200' })
      const compacted = await ground.topic(1, { 'cleanup.policy': 'compact' })
      const plain = await ground.topic()
      const stamped = await ground.topic(1, { 'message.timestamp.type': 'LogAppendTime' })
      const later = Date.now() + 2 * HOUR_MS
      return {
        large: await produceAs(ground, null, nobody, small, ['x'.repeat(300)], -1),
        keyless: await produceAs(ground, null, nobody, compacted, ['a'], -1),
        ahead: await produceAs(ground, null, nobody, plain, ['a'], -1, 0, later),
        stamped: await produceAs(ground, null, nobody, stamped, ['a'], -1, 0, later),
        readable: (await fetched(ground, stamped, 'read_committed')).values,
      }
    },
  },
  {
    name: 'a fetch that waits is answered by what is appended meanwhile, or with nothing at its end',
    async run(ground) {
      const topic = await ground.topic()
      const nothing = await fetched(ground, topic, 'read_committed', { maxWaitMs: 100 })
      const kafka = await ground.connect()
      const fetcher = kafka.fetcher({
        topic,
        isolation: 'read_committed',
        maxWaitMs: 20_000,
        maxPartitionBytes: 1_000_000,
        maxBytes: 1_000_000,
        readAheadBytes: 1_000_000,
      })
      fetcher.assign(0, 0)
      const waiting = fetcher.poll(20_000)
      const appender = await ground.kafka.appender()
      await appender.append(topic, [{ partition: 0, key: null, value: Buffer.from('a') }])
      const [some] = await waiting
      await fetcher.close()
      return { nothing, some: { high: some?.highWatermark, stable: some?.lastStableOffset, from: some?.fetchOffset } }
    },
  },
  {
    name: 'a topic made anew begins at 0, under another id, and a reader is told so',
    async run(ground) {
      const topic = await ground.topic()
      await produceAs(ground, null, nobody, topic, ['a', 'b'], -1)
      const [before] = await ground.kafka.topics([topic])
      await ground.kafka.admin.deleteTopics([topic])
      await until('it is gone', async () => (await ground.kafka.topics([topic])).length === 0)
      await ground.kafka.admin.ensureTopics([{ topic, partitions: 1, config: {} }])
      const [after] = await ground.kafka.topics([topic])
      return {
        another: before?.topicId !== after?.topicId,
        ends: await ends(ground, topic),
        old: (await fetched(ground, topic, 'read_committed', { offset: 2 })).code,
      }
    },
  },
]

/** Without transactions. */
async function producer(ground: Ground): Promise<{ readonly producerId: bigint }> {
  return until('a producer id', async () => {
    const { errorCode, producerId } = await ground.call(initProducerId(null, 0x7fffffff))
    return errorCode === 0 && { producerId }
  })
}
