import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { Api } from '../../../libs/kafka/src/protocol/api.ts'
import { apiVersions } from '../../../libs/kafka/src/protocol/api-versions.ts'
import { consumerGroupHeartbeat } from '../../../libs/kafka/src/protocol/consumer-group-heartbeat.ts'
import { endTxn } from '../../../libs/kafka/src/protocol/end-txn.ts'
import { initProducerId } from '../../../libs/kafka/src/protocol/init-producer-id.ts'
import { offsetFetch } from '../../../libs/kafka/src/protocol/offset-fetch.ts'
import { produce } from '../../../libs/kafka/src/protocol/produce.ts'
import { until } from '../../support/until.ts'
import type { KafkaLab } from '../lab.ts'
import type { RawBroker } from '../raw-broker.ts'
import { Errors, notConcurrent, RawTransactionalId, rawMember, sealed } from '../raw-transaction.ts'
import { fact, type Recipe } from '../recipe.ts'
import { LAST_EPOCH } from './transactions.ts'

/** What the broker does that our client rests on. When one of these fails, a new broker behaves in another way. */
export const protocolFacts: readonly Recipe[] = [
  {
    name: 'Fact: ApiVersions 3 tells that transactions of version 2 and the new group protocol are finalized',
    async run(lab) {
      const { features } = await (await lab.raw()).call(apiVersions())
      assert.ok((features.get('transaction.version') ?? 0) >= 2)
      assert.ok((features.get('group.version') ?? 0) >= 1)
      return fact(
        `transaction.version ${features.get('transaction.version')}, group.version ${features.get('group.version')}`,
      )
    },
  },
  {
    name: 'Fact: Produce 12 adds its partition to the transaction itself, Produce 11 does not',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      const first = await txn.init()
      assert.equal(await txn.produce(first, topic, 'a'), Errors.NONE)
      const next = await txn.end(first, true)
      const old: Api<{ errorCode: number }[]> = { ...produce(txn.id, [sealed(next, topic, 'b')], 5_000), version: 11 }
      const code = await notConcurrent(async () => (await raw.call(old))[0]?.errorCode ?? -1)
      assert.equal(code, Errors.TRANSACTION_ABORTABLE)
      return fact('NONE by 12, TRANSACTION_ABORTABLE by 11')
    },
  },
  {
    name: 'Fact: each EndTxn 5 answers the next epoch, an abort too; EndTxn 4 does not raise it',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      const first = await txn.init()
      await txn.produce(first, topic, 'a')
      const second = await txn.end(first, true)
      assert.deepEqual([second.producerId, second.epoch], [first.producerId, first.epoch + 1])
      await txn.produce(second, topic, 'b')
      const third = await txn.end(second, false)
      assert.deepEqual([third.producerId, third.epoch], [first.producerId, first.epoch + 2])
      await txn.produce(third, topic, 'c')
      const old: Api<number> = {
        ...endTxn(txn.id, third, true),
        version: 4,
        read: (reader) => {
          reader.int32()
          const code = reader.int16()
          reader.tags()
          return code
        },
      }
      assert.equal(await raw.call(old), Errors.NONE)
      // Still the epoch of the transaction that has ended: it can begin another one.
      assert.equal(await txn.produce(third, topic, 'd', 1), Errors.NONE)
      return fact('epoch + 1 by commit and by abort; the same by EndTxn 4')
    },
  },
  {
    name: 'Fact: sequence numbers begin at 0 in every transaction',
    async run(lab) {
      const { txn, topic } = await ground(lab)
      const first = await txn.init()
      await txn.produce(first, topic, 'a')
      const second = await txn.end(first, true)
      assert.equal(await txn.produce(second, topic, 'b', 1), Errors.OUT_OF_ORDER_SEQUENCE_NUMBER)
      assert.equal(await txn.produce(second, topic, 'b', 0), Errors.NONE)
      return fact('OUT_OF_ORDER_SEQUENCE_NUMBER for 1, NONE for 0')
    },
  },
  {
    name: 'Fact: a transactional batch without a producer id is taken without a word, so none may ever be sent',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      await txn.init()
      const batch = sealed({ producerId: -1n, epoch: -1 }, topic, 'a', -1)
      const code = (await raw.call(produce(txn.id, [batch], 5_000)))[0]?.errorCode
      assert.equal(code, Errors.NONE)
      return fact('NONE')
    },
  },
  {
    name: 'Fact: EndTxn sent again answers the same; with the other verb INVALID_TXN_STATE',
    async run(lab) {
      const { txn, topic } = await ground(lab)
      const first = await txn.init()
      await txn.produce(first, topic, 'a')
      const once = await txn.end(first, true)
      const twice = await txn.end(first, true)
      assert.deepEqual(twice, once)
      assert.equal((await txn.end(first, false)).errorCode, Errors.INVALID_TXN_STATE)
      return fact('NONE and the same epoch; INVALID_TXN_STATE')
    },
  },
  {
    name: 'Fact: EndTxn sent again after the next transaction began is refused, and that one is unharmed',
    async run(lab) {
      const { txn, topic } = await ground(lab)
      const first = await txn.init()
      await txn.produce(first, topic, 'a')
      const second = await txn.end(first, true)
      await txn.produce(second, topic, 'b')
      const [commit, abort] = [await txn.end(first, true), await txn.end(first, false)]
      assert.deepEqual([commit.errorCode, abort.errorCode], [Errors.PRODUCER_FENCED, Errors.PRODUCER_FENCED])
      assert.equal(await txn.produce(second, topic, 'c', 1), Errors.NONE)
      assert.equal((await txn.end(second, true)).errorCode, Errors.NONE)
      await until('all of it is visible', async () => (await lab.values(topic)).join() === 'a,b,c')
      return fact('PRODUCER_FENCED; the next one committed')
    },
  },
  {
    name: 'Fact: a transaction with nothing in it can be aborted and not committed',
    async run(lab) {
      const { txn } = await ground(lab)
      const first = await txn.init()
      assert.equal((await txn.end(first, true)).errorCode, Errors.INVALID_TXN_STATE)
      const aborted = await txn.end(first, false)
      assert.deepEqual([aborted.errorCode, aborted.epoch], [Errors.NONE, first.epoch + 1])
      return fact('commit INVALID_TXN_STATE, abort NONE')
    },
  },
  {
    name: 'Fact: after its timeout the broker has aborted a transaction, and refuses to end it or to add to it',
    async run(lab) {
      const raw = await lab.raw()
      const topic = await lab.topic()
      const txn = new RawTransactionalId(raw, 200)
      const first = await txn.init()
      await txn.produce(first, topic, 'a')
      const end = async () => (await lab.kafka.endOffsets([{ topic, partition: 0 }], 'stable'))[0]
      await until('the broker has aborted it', async () => (await end()) === 2)
      assert.equal((await txn.end(first, true)).errorCode, Errors.INVALID_TXN_STATE)
      assert.equal(await txn.produce(first, topic, 'b', 1), Errors.INVALID_PRODUCER_EPOCH)
      assert.deepEqual(await lab.values(topic), [])
      return fact('EndTxn INVALID_TXN_STATE, Produce INVALID_PRODUCER_EPOCH')
    },
  },
  {
    name: 'Fact: after a new InitProducerId everything of the old producer is refused',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      const member = await rawMember(raw, `${lab.namespace}raw`, topic)
      const old = await txn.init()
      await txn.produce(old, topic, 'a')
      await txn.init()
      assert.equal(await txn.produce(old, topic, 'b', 1), Errors.INVALID_PRODUCER_EPOCH)
      assert.equal(await txn.offsets(old, member, topic, 1), Errors.INVALID_PRODUCER_EPOCH)
      assert.equal((await txn.end(old, true)).errorCode, Errors.PRODUCER_FENCED)
      const mine = initProducerId(txn.id, 60_000)
      const keeping: Api<{ errorCode: number }> = {
        ...mine,
        write: (writer) =>
          void writer.nullableString(txn.id).int32(60_000).int64(old.producerId).int16(old.epoch).tags(),
      }
      assert.equal((await raw.call(keeping)).errorCode, Errors.PRODUCER_FENCED)
      assert.deepEqual(await lab.values(topic), [])
      return fact('Produce and TxnOffsetCommit INVALID_PRODUCER_EPOCH, EndTxn and InitProducerId PRODUCER_FENCED')
    },
  },
  {
    name: 'Fact: after the last epoch EndTxn answers a new producer id, which must be taken too',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      let last = await txn.init()
      while (last.epoch < LAST_EPOCH) {
        const answers = Array.from({ length: Math.min(2_000, LAST_EPOCH - last.epoch) }, () =>
          raw.call(initProducerId(txn.id, 60_000)),
        )
        last = (await Promise.all(answers)).at(-1) ?? last
      }
      assert.equal(last.epoch, LAST_EPOCH)
      assert.equal(await txn.produce(last, topic, 'a'), Errors.NONE)
      const next = await txn.end(last, true)
      assert.equal(next.errorCode, Errors.NONE)
      assert.notEqual(next.producerId, last.producerId)
      assert.equal(next.epoch, 0)
      assert.equal(await txn.produce(next, topic, 'b'), Errors.NONE)
      assert.equal((await txn.end(next, true)).errorCode, Errors.NONE)
      await until('both are visible', async () => (await lab.values(topic)).join() === 'a,b')
      return fact('a new producer id and epoch 0')
    },
  },
  {
    name: 'Fact: OffsetFetch answers UNSTABLE_OFFSET_COMMIT while offsets are pending; without require_stable it says -1',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      const member = await rawMember(raw, `${lab.namespace}raw`, topic)
      const first = await txn.init()
      assert.equal(await txn.offsets(first, member, topic, 5), Errors.NONE)
      const stable = offsetFetch(member.groupId, [{ topic, partition: 0 }])
      assert.equal((await raw.call(stable)).offsets[0]?.errorCode, Errors.UNSTABLE_OFFSET_COMMIT)
      const unstable: typeof stable = {
        ...stable,
        write: (writer) => {
          writer.arrayLength(1).string(member.groupId).nullableString(null).int32(-1).arrayLength(1)
          writer.string(topic).int32Array([0]).tags().tags().bool(false).tags()
        },
      }
      const pending = (await raw.call(unstable)).offsets[0]
      assert.deepEqual([pending?.errorCode, pending?.offset], [Errors.NONE, -1])
      await txn.end(first, true)
      await until('it is committed', async () => (await raw.call(stable)).offsets[0]?.offset === 5)
      return fact('UNSTABLE_OFFSET_COMMIT; -1, which would read as "start from 0"')
    },
  },
  {
    name: 'Fact: TxnOffsetCommit refuses an old generation, a stranger and who has left, if both fields are sent',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      const member = await rawMember(raw, `${lab.namespace}raw`, topic)
      const first = await txn.init()
      const commit = (change: object) => txn.offsets(first, { ...member, ...change }, topic, 9)
      assert.equal(await commit({ generation: member.generation + 10 }), Errors.ILLEGAL_GENERATION)
      assert.equal(await commit({ memberId: randomUUID() }), Errors.UNKNOWN_MEMBER_ID)
      // What the broker takes although it should not: so both fields are always sent.
      assert.equal(await commit({ generation: -1, memberId: '' }), Errors.NONE)
      await txn.end(first, false)
      await leave(raw, member)
      const second = await txn.init()
      assert.equal(await txn.offsets(second, member, topic, 9), Errors.UNKNOWN_MEMBER_ID)
      return fact('ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID; but NONE for generation -1 without a member')
    },
  },
  {
    name: 'Fact: TxnOffsetCommit takes offsets of partitions that another member owns, so a member must not send them',
    async run(lab) {
      const { raw, txn, topic } = await ground(lab)
      const owner = await rawMember(raw, `${lab.namespace}raw`, topic)
      const idle = await rawMember(raw, owner.groupId, topic)
      const first = await txn.init()
      assert.equal(await txn.offsets(first, idle, topic, 9), Errors.NONE)
      await txn.end(first, false)
      return fact('NONE')
    },
  },
  {
    name: 'Fact: nulls in a heartbeat mean unchanged; an epoch gone by is FENCED_MEMBER_EPOCH, a stranger UNKNOWN_MEMBER_ID',
    async run(lab) {
      const raw = await lab.raw()
      const topic = await lab.topic()
      const member = await rawMember(raw, `${lab.namespace}raw`, topic)
      const beat = (change: object) =>
        raw.call(
          consumerGroupHeartbeat({
            groupId: member.groupId,
            memberId: member.memberId,
            memberEpoch: member.generation,
            rebalanceTimeoutMs: null,
            topics: null,
            owned: null,
            ...change,
          }),
        )
      const same = await beat({})
      assert.deepEqual([same.errorCode, same.memberEpoch], [Errors.NONE, member.generation])
      assert.ok(same.heartbeatIntervalMs > 0)
      assert.equal((await beat({ memberEpoch: member.generation + 5 })).errorCode, Errors.FENCED_MEMBER_EPOCH)
      assert.equal((await beat({ memberId: randomUUID() })).errorCode, Errors.UNKNOWN_MEMBER_ID)
      await leave(raw, member)
      assert.equal((await beat({})).errorCode, Errors.UNKNOWN_MEMBER_ID)
      return fact('the same epoch; FENCED_MEMBER_EPOCH; UNKNOWN_MEMBER_ID, after leaving too')
    },
  },
]

async function ground(lab: KafkaLab) {
  const raw = await lab.raw()
  return { raw, txn: new RawTransactionalId(raw), topic: await lab.topic() }
}

async function leave(raw: RawBroker, { groupId, memberId }: { groupId: string; memberId: string }): Promise<void> {
  const nothing = { rebalanceTimeoutMs: null, topics: null, owned: null }
  await raw.call(consumerGroupHeartbeat({ groupId, memberId, memberEpoch: -1, ...nothing }))
}
