import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { BatchBuilder, type Member, type MemberIdentity, type TransactionalProducer } from '@weir/kafka'
import { initProducerId } from '../../../libs/kafka/src/protocol/init-producer-id.ts'
import { Api } from '../../support/kafka-proxy.ts'
import { until } from '../../support/until.ts'
import { batch, type KafkaLab, outcome } from '../lab.ts'
import { type Recipe, tally } from '../recipe.ts'

/** The highest epoch a producer may use: the end of its transaction answers a new producer id (KIP-890). */
export const LAST_EPOCH = 32_766

export const transactionRecipes: readonly Recipe[] = [
  {
    name: 'A produce whose answers never come, then an abort, costs the next transaction of the producer nothing',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab, 2_000)
      await write(slot, member, topic, 1, ['first'])
      const lost = await slot.begin(member, [{ topic, partition: 0, offset: 2 }])
      proxy.dropResponses(Api.produce, Number.POSITIVE_INFINITY)
      const ended = await outcome(lost.produce(batch(topic, ['never promised'])))
      proxy.dropResponses(Api.produce, 0)
      if (ended !== 'aborted') await slot.init()
      await write(slot, member, topic, 2, ['second'])
      const seen = await settled(lab, topic)
      return { did: `produce: ${String(ended)}; the next transaction committed`, ...tally(['first', 'second'], seen) }
    },
  },
  {
    name: 'A lost answer to a produce costs no record and gives none twice',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab)
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      proxy.dropResponses(Api.produce, 1)
      await transaction.produce(batch(topic, ['a', 'b']))
      await transaction.produce(batch(topic, ['c']))
      await transaction.commit()
      return { did: 'sent the batch again, in its place', ...tally(['a', 'b', 'c'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A produce to two partitions whose answer is lost is repeated in neither',
    async run(lab) {
      const topic = await lab.topic(2)
      const member = await lab.member(topic)
      const proxy = await lab.proxy()
      const slot = await lab.slot(await lab.connect(proxy.address, { requestTimeoutMs: 400 }), 8_000)
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      proxy.dropResponses(Api.produce, 1)
      const batches = [0, 1].flatMap((partition) => {
        const builder = new BatchBuilder(topic, partition)
        builder.append(1, null, Buffer.from(`p${partition}`))
        return builder.finish()
      })
      await transaction.produce(batches)
      await transaction.commit()
      const ends = [0, 1].map((partition) => ({ topic, partition }))
      // One record and one marker each.
      await until('the markers', async () => (await lab.kafka.endOffsets(ends, 'stable')).join() === '2,2')
      return { did: 'sent both again with their sequence numbers', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'A lost answer to the opener loses no transaction',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab)
      proxy.dropResponses(Api.txnOffsetCommit, 1)
      await write(slot, member, topic, 6, ['a'])
      assert.equal(await lab.committed(topic), 6)
      return { did: 'sent the offsets again', ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A commit whose answer is lost once is settled by sending it again',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab)
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      await transaction.produce(batch(topic, ['a']))
      proxy.dropResponses(Api.endTxn, 1)
      await transaction.commit()
      await write(slot, member, topic, 2, ['b'])
      return { did: 'committed, and went on without init', ...tally(['a', 'b'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A commit of which nothing is heard bricks no producer: it is unknown, and init tells what became of it',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab, 1_500)
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      await transaction.produce(batch(topic, ['a']))
      proxy.dropResponses(Api.endTxn, Number.POSITIVE_INFINITY)
      assert.equal(await outcome(transaction.commit()), 'unknown')
      proxy.dropResponses(Api.endTxn, 0)
      await slot.init()
      const done = (await lab.committed(topic)) === 1
      if (!done) await write(slot, member, topic, 1, ['a'])
      await write(slot, member, topic, 2, ['b'])
      const did = `unknown; after init the committed offset said ${done ? 'committed' : 'not committed'}`
      return { did, ...tally(['a', 'b'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A commit that arrives after its producer was made anew ends no later transaction',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab, 1_500)
      const late = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      await late.produce(batch(topic, ['redone']))
      const release = proxy.holdRequests(Api.endTxn)
      assert.equal(await outcome(late.commit()), 'unknown')
      const successor = await lab.slot()
      assert.equal(await lab.committed(topic), -1)
      const next = await successor.begin(member, [{ topic, partition: 0, offset: 1 }])
      await next.produce(batch(topic, ['redone']))
      await release()
      await next.produce(batch(topic, ['after']))
      await next.commit()
      const did = 'unknown; the successor did it again, and its transaction stayed open until its own commit'
      return { did, ...tally(['redone', 'after'], await settled(lab, topic)) }
    },
  },
  {
    name: 'An abort that arrives late ends no later transaction',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab, 1_500)
      const late = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      await late.produce(batch(topic, ['never promised']))
      const release = proxy.holdRequests(Api.endTxn)
      const ended = await outcome(late.abort())
      assert.equal(ended, 'unknown')
      const successor = await lab.slot()
      const next = await successor.begin(member, [{ topic, partition: 0, offset: 1 }])
      await next.produce(batch(topic, ['a']))
      await release()
      await next.produce(batch(topic, ['b']))
      await next.commit()
      return { did: 'unknown; the successor committed', ...tally(['a', 'b'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A produce that arrives after its transaction was given up writes nothing',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab, 1_500)
      const late = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      const release = proxy.holdRequests(Api.produce)
      const ended = await outcome(late.produce(batch(topic, ['never promised'])))
      const successor = await lab.slot()
      await release()
      await write(successor, member, topic, 1, ['a'])
      assert.deepEqual(await lab.values(topic, 'read_uncommitted'), ['a'])
      return { did: `${String(ended)}; the broker refused what came late`, ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'An opener that arrives after its producer was made anew commits no offset',
    async run(lab) {
      const { topic, member, proxy, slot } = await shaky(lab, 1_500)
      const release = proxy.holdRequests(Api.txnOffsetCommit)
      const ended = await outcome(slot.begin(member, [{ topic, partition: 0, offset: 50 }]))
      const successor = await lab.slot()
      await write(successor, member, topic, 1, ['a'])
      await release()
      await write(successor, member, topic, 2, ['b'])
      assert.equal(await lab.committed(topic), 2)
      return { did: String(ended), ...tally(['a', 'b'], await settled(lab, topic)) }
    },
  },
  {
    name: 'Transactions of nothing but offsets commit, sixty times in a row',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot()
      for (let i = 1; i <= 60; i++) await (await slot.begin(member, [{ topic, partition: 0, offset: i }])).commit()
      assert.equal(await lab.committed(topic), 60)
      return { did: 'committed 60 of 60', lost: 0, repeated: 0 }
    },
  },
  {
    name: 'A producer that is no member, or one of a generation gone by, commits no offset for a live group',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      await write(await lab.slot(), member, topic, 7, ['a'])
      const foreign = await lab.slot(lab.kafka, 5_000, 'foreign')
      const zombie = (change: Partial<MemberIdentity>): Member => ({
        groupId: member.groupId,
        assigned: [],
        leave: async () => undefined,
        confirmed: async () => undefined,
        commit: async () => undefined,
        withIdentity: (use) => member.withIdentity((identity) => use({ ...identity, ...change })),
      })
      for (const change of [
        { memberId: randomUUID() },
        { generation: 1_000 },
        { memberId: randomUUID(), generation: 3 },
      ]) {
        const ended = await outcome(foreign.begin(zombie(change), [{ topic, partition: 0, offset: 3 }]))
        assert.equal(ended, 'fenced')
        await foreign.init()
      }
      assert.equal(await lab.committed(topic), 7)
      return { did: 'fenced, three times of three', ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A transaction that the broker has ended by its timeout is never told as committed',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot(lab.kafka, 300)
      const late = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      await late.produce(batch(topic, ['never promised']))
      const end = async () => (await lab.kafka.endOffsets([{ topic, partition: 0 }], 'stable'))[0]
      await until('the broker has aborted it', async () => (await end()) === 2)
      const ended = await outcome(late.commit())
      assert.ok(ended === 'unknown' || ended === 'aborted', String(ended))
      await slot.init()
      assert.equal(await lab.committed(topic), -1)
      await write(slot, member, topic, 1, ['a'])
      return { did: `${String(ended)}; done again after init`, ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A batch over the limit aborts its transaction, and the producer goes on',
    async run(lab) {
      const topic = await lab.topic(1, { 'max.message.bytes': '2000' })
      const member = await lab.member(topic)
      const slot = await lab.slot()
      const refused = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      assert.equal(await outcome(refused.produce(batch(topic, ['x'.repeat(5_000)]))), 'aborted')
      await write(slot, member, topic, 1, ['fits'])
      return { did: 'aborted; the next one committed', ...tally(['fits'], await settled(lab, topic)) }
    },
  },
  {
    name: 'Records of more than a batch may hold are split over batches of one transaction',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot()
      const values = Array.from({ length: 12 }, (_, i) => `${i}${'.'.repeat(300_000)}`)
      await write(slot, member, topic, 1, values)
      return { did: 'split', ...tally(values, await settled(lab, topic)) }
    },
  },
  {
    name: 'After a topic the producer used is deleted, it goes on with others',
    async run(lab) {
      const [topic, doomed] = [await lab.topic(), await lab.topic()]
      const member = await lab.member(topic)
      const slot = await lab.slot(lab.kafka, 3_000)
      await write(slot, member, doomed, 0, ['gone'], topic)
      const appender = await lab.kafka.appender()
      await appender.append(doomed, [{ partition: 0, key: null, value: Buffer.from('gone') }])
      await lab.kafka.admin.deleteTopics([doomed])
      await until('it is gone', async () => (await lab.kafka.topics([doomed])).length === 0)
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
      const ended = await outcome(transaction.produce(batch(doomed, ['never promised'])))
      assert.ok(ended === 'aborted' || ended === 'unknown', String(ended))
      await slot.init()
      await write(slot, member, topic, 1, ['a'])
      await appender.append(topic, [{ partition: 0, key: null, value: Buffer.from('b') }])
      await lab.kafka.admin.ensureTopics([{ topic: doomed, partitions: 1, config: {} }])
      await write(slot, member, doomed, 2, ['again'], topic)
      const seen = [...(await settled(lab, topic)), ...(await settled(lab, doomed))]
      return {
        did: `${String(ended)}; then wrote to others, and to the topic made anew`,
        ...tally(['a', 'b', 'again'], seen),
      }
    },
  },
  {
    name: 'A slot taken by another process fences the one that had it, at whatever it does next',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const offsets = [{ topic, partition: 0, offset: 1 }]
      const old = await lab.slot()
      const another = await lab.connect()
      const committing = await old.begin(member, offsets)
      await committing.produce(batch(topic, ['never promised']))
      await lab.slot(another)
      assert.equal(await outcome(committing.commit()), 'fenced')
      await old.init()
      const producing = await old.begin(member, offsets)
      await lab.slot(another)
      assert.equal(await outcome(producing.produce(batch(topic, ['never promised']))), 'fenced')
      await old.init()
      const successor = await lab.slot(another)
      assert.equal(await outcome(old.begin(member, offsets)), 'fenced')
      assert.equal(await lab.committed(topic), -1)
      await write(successor, member, topic, 1, ['a'])
      return { did: 'fenced at commit, produce and begin', ...tally(['a'], await settled(lab, topic)) }
    },
  },
  {
    name: 'A producer goes on over the last epoch of its producer id',
    async run(lab) {
      const topic = await lab.topic()
      const member = await lab.member(topic)
      const slot = await lab.slot()
      const raw = await lab.raw()
      const id = `${lab.namespace}slot.0`
      for (let epoch = 0; epoch < LAST_EPOCH - 2; ) {
        const many = Array.from({ length: Math.min(2_000, LAST_EPOCH - 2 - epoch) }, () =>
          raw.call(initProducerId(id, 5_000)),
        )
        epoch = (await Promise.all(many)).at(-1)?.epoch ?? LAST_EPOCH
      }
      await slot.init()
      const values = ['a', 'b', 'c', 'd']
      for (const [i, value] of values.entries()) await write(slot, member, topic, i, [value])
      return { did: 'took the new producer id', ...tally(values, await settled(lab, topic)) }
    },
  },
]

/** One whole transaction. */
export async function write(
  slot: TransactionalProducer,
  member: Member,
  topic: string,
  offset: number,
  values: readonly string[],
  input = topic,
): Promise<void> {
  const transaction = await slot.begin(member, [{ topic: input, partition: 0, offset }])
  await transaction.produce(batch(topic, values))
  await transaction.commit()
}

/** A producer that reaches the broker through a proxy, and a member that does not. */
export async function shaky(lab: KafkaLab, transactionTimeoutMs = 8_000) {
  const topic = await lab.topic()
  const member = await lab.member(topic)
  const proxy = await lab.proxy()
  const slot = await lab.slot(await lab.connect(proxy.address, { requestTimeoutMs: 400 }), transactionTimeoutMs)
  return { topic, member, proxy, slot }
}

/** What is visible once nothing is open any more: EndTxn answers before its markers are written. */
export async function settled(lab: KafkaLab, topic: string): Promise<(string | null)[]> {
  const at = [{ topic, partition: 0 }]
  await until(`no transaction is open on ${topic}`, async () => {
    const [stable, high] = [await lab.kafka.endOffsets(at, 'stable'), await lab.kafka.endOffsets(at, 'high-watermark')]
    return stable[0] === high[0]
  })
  return lab.values(topic)
}
