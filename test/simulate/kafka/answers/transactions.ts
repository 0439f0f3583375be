import { Code } from '../errors.ts'
import type { IdentityAnswer } from '../transactions.ts'
import { type Answer, coordinatorCode, readTopics } from './answer.ts'

/** InitProducerId 5. */
export const initProducerId: Answer = (cluster, broker, request, respond, body) => {
  const { controller, transactions } = cluster
  const id = request.nullableString()
  const timeoutMs = request.int32()
  const given = { producerId: Number(request.int64()), epoch: request.int16() }
  const answer = ({ code, producerId, epoch }: IdentityAnswer) =>
    respond(body().int32(0).int16(code).int64Number(producerId).int16(epoch).tags())
  // Without transactions: brokers have blocks of ids of their own.
  if (id === null) return answer({ code: 0, producerId: transactions.newProducerId(), epoch: 0 })
  const code = coordinatorCode(cluster, broker, 'transaction', id)
  if (code !== 0) return answer({ code, producerId: -1, epoch: -1 })
  // It can't write to its log.
  if (controller.isIsolated(broker)) return
  transactions.init(id, timeoutMs, given, answer)
}

/** EndTxn 5. */
export const endTxn: Answer = (cluster, broker, request, respond, body) => {
  const id = request.string()
  const identity = { producerId: Number(request.int64()), epoch: request.int16() }
  const isCommit = request.bool()
  const answer = ({ code, producerId, epoch }: IdentityAnswer) =>
    respond(body().int32(0).int16(code).int64Number(producerId).int16(epoch).tags())
  const code = coordinatorCode(cluster, broker, 'transaction', id)
  if (code !== 0) return answer({ code, producerId: -1, epoch: -1 })
  if (cluster.controller.isIsolated(broker)) return
  cluster.transactions.end(id, identity, isCommit, answer)
}

/**
 * TxnOffsetCommit 5: adds the group to the transaction, and only then looks whether the member may commit, so a
 * transaction is open also when the member is refused.
 */
export const txnOffsetCommit: Answer = (cluster, broker, request, respond, body) => {
  const { controller, transactions, groups } = cluster
  const transactionalId = request.string()
  const groupId = request.string()
  const producer = { producerId: Number(request.int64()), epoch: request.int16() }
  const generation = request.int32()
  const memberId = request.string()
  request.nullableString() // instance
  const topics = readTopics(request, () => {
    const asked = { partition: request.int32(), offset: request.int64Number() }
    request.int32() // leader epoch
    request.nullableString() // metadata
    request.tags()
    return asked
  })
  const respondWith = (codeOf: (topic: string, partition: number) => number) => {
    const answer = body().int32(0).arrayLength(topics.length)
    for (const { topic, of } of topics) {
      answer.string(topic).arrayLength(of.length)
      for (const { partition } of of) answer.int32(partition).int16(codeOf(topic, partition)).tags()
      answer.tags()
    }
    respond(answer.tags())
  }
  const refuse = (code: number) => respondWith(() => code)
  const code = coordinatorCode(cluster, broker, 'group', groupId)
  if (code !== 0) return refuse(code)
  if (controller.isIsolated(broker)) return
  const isKnown = (topic: string, partition: number) => controller.partition(topic, partition) !== undefined
  const commit = () => {
    const known = groups.get(groupId)
    if (known === undefined && generation >= 0) return refuse(Code.ILLEGAL_GENERATION)
    const { group, offsets } = known ?? groups.made(groupId)
    const refusal = group.checkCommit(memberId, generation)
    if (refusal !== 0) return refuse(refusal)
    const taken = topics.flatMap(({ topic, of }) =>
      of.flatMap(({ partition, offset }) =>
        isKnown(topic, partition) ? [{ place: `${topic}/${partition}`, offset }] : [],
      ),
    )
    offsets.add(producer.producerId, taken)
    respondWith((topic, partition) => (isKnown(topic, partition) ? 0 : Code.UNKNOWN_TOPIC_OR_PARTITION))
  }
  controller.world.after(controller.world.delayMs(), () => {
    if (!controller.isConnected(broker)) return
    if (controller.actingCoordinator('transaction', transactionalId) === undefined) {
      return refuse(Code.COORDINATOR_NOT_AVAILABLE)
    }
    transactions.add(transactionalId, producer, [groups.participant(groupId)], (added) => {
      if (added !== 0) return refuse(added)
      const moved = coordinatorCode(cluster, broker, 'group', groupId)
      if (moved !== 0) return refuse(moved)
      if (controller.isConnected(broker)) commit()
    })
  })
}
