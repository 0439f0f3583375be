import * as layout from '../../../../libs/kafka/src/batch/layout.ts'
import { type Batch, batchOf, isSound, markerOf, stampAppendTime } from '../batch.ts'
import { Code } from '../errors.ts'
import { hasKeys } from '../keys.ts'
import type { Participant } from '../markers.ts'
import type { Partition } from '../partition.ts'
import { type Answer, type Cluster, readTopics } from './answer.ts'

/** Defaults of the topic settings that the model knows. */
const MAX_MESSAGE_BYTES = 1_048_588
const AHEAD_MS = 3_600_000
/** add.partitions.to.txn.retry.backoff.ms, and .max.ms */
const VERIFY_RETRY_MS = 20
const VERIFY_WITHIN_MS = 100

interface Appending {
  readonly topic: string
  readonly index: number
  readonly partition: Partition | undefined
  readonly batch: Batch | undefined
  code: number
  base: number
  /** Where its records end: told once all in-sync replicas have them. -1: nothing is awaited. */
  end: number
}

/** Produce 12, acks=all (ReplicaManager.handleProduceAppend, UnifiedLog.append). */
export const produce: Answer = (cluster, broker, request, respond, body) => {
  const { controller, transactions } = cluster
  const transactionalId = request.nullableString()
  request.int16() // acks: all
  const timeoutMs = request.int32()
  const topics = readTopics(request, (topic): Appending => {
    const index = request.int32()
    const bytes = request.bytes()
    request.tags()
    const partition = controller.partition(topic, index)
    const batch = isSound(bytes) ? batchOf(bytes) : undefined
    const code = batch === undefined ? Code.CORRUPT_MESSAGE : leadingCode(cluster, broker, partition)
    return { topic, index, partition, batch, code, base: -1, end: -1 }
  })
  const all = topics.flatMap(({ of }) => of)
  const send = () => {
    const answer = body().arrayLength(topics.length)
    for (const { topic, of } of topics) {
      answer.string(topic).arrayLength(of.length)
      for (const { index, code, base, partition } of of) {
        answer
          .int32(index)
          .int16(code)
          .int64Number(code === 0 ? base : -1)
          .int64Number(-1)
        answer
          .int64Number(code === 0 ? (partition?.log.start ?? -1) : -1)
          .arrayLength(0)
          .nullableString(null)
          .tags()
      }
      answer.tags()
    }
    respond(answer.int32(0).tags())
  }

  const isCutOff = controller.isIsolated(broker)
  const unverified = all.filter(({ code, batch, partition }) => {
    if (code !== 0 || batch === undefined || partition === undefined || transactionalId === null) return false
    return batch.isTransactional && batch.producerId >= 0 && !partition.log.hasOpen(batch.producerId, batch.epoch)
  })
  const append = () => {
    for (const one of all) if (one.code === 0) appendOne(cluster, broker, one)
    awaitReplicas(cluster, broker, all, timeoutMs, send)
  }
  // Nobody hears of what a leader appends that has lost touch: it waits for replicas in vain.
  if (isCutOff) {
    controller.world.after(timeoutMs, () => {
      for (const one of all) if (one.code === 0) one.code = Code.REQUEST_TIMED_OUT
      send()
    })
    return
  }
  const first = unverified[0]?.batch
  if (first === undefined || transactionalId === null) return append()
  const participants = unverified.map(({ partition }) => participantOf(cluster, partition as Partition))
  const untilMs = performance.now() + VERIFY_WITHIN_MS
  const verify = () => {
    const verified = (code: number) => {
      if (code === Code.CONCURRENT_TRANSACTIONS && performance.now() < untilMs) {
        controller.world.after(VERIFY_RETRY_MS, verify)
        return
      }
      // The client is told to try again: the broker could not find out.
      const told = code === Code.CONCURRENT_TRANSACTIONS ? Code.NOT_ENOUGH_REPLICAS : code
      for (const one of unverified) one.code = told
      append()
    }
    if (controller.actingCoordinator('transaction', transactionalId) === undefined || !controller.isConnected(broker)) {
      verified(Code.NOT_ENOUGH_REPLICAS)
    } else {
      transactions.add(transactionalId, first, participants, verified)
    }
  }
  controller.world.after(controller.world.delayMs(), verify)
}

function leadingCode({ controller }: Cluster, broker: number, partition: Partition | undefined): number {
  if (partition === undefined) return Code.UNKNOWN_TOPIC_OR_PARTITION
  return controller.led(broker, partition) === undefined ? Code.NOT_LEADER_OR_FOLLOWER : Code.NONE
}

/** Checks and appends one batch. */
function appendOne(cluster: Cluster, broker: number, one: Appending): void {
  const { partition, batch } = one
  if (partition === undefined || batch === undefined) return
  // It may have moved while the transaction was asked for.
  one.code = leadingCode(cluster, broker, partition)
  if (one.code !== 0) return
  const config = cluster.controller.topics.get(one.topic)?.config ?? {}
  one.code = refusal(batch, partition, config)
  if (one.code !== 0) return
  const repeated = batch.producerId < 0 ? undefined : partition.log.producers.repeated(batch)
  if (repeated !== undefined) {
    one.base = repeated.base
    one.end = repeated.last + 1
    return
  }
  one.code = batch.producerId < 0 ? 0 : partition.log.producers.check(batch)
  if (one.code !== 0) return
  if (config['message.timestamp.type'] === 'LogAppendTime') stampAppendTime(batch)
  partition.append(batch)
  cluster.controller.appended(partition)
  one.base = batch.base
  one.end = batch.last + 1
}

function refusal(batch: Batch, partition: Partition, config: Readonly<Record<string, string>>): number {
  if (partition.inSync.length < Number(config['min.insync.replicas'] ?? 1)) return Code.NOT_ENOUGH_REPLICAS
  if (batch.bytes.length > Number(config['max.message.bytes'] ?? MAX_MESSAGE_BYTES)) return Code.MESSAGE_TOO_LARGE
  if (config['cleanup.policy']?.includes('compact') && !hasKeys(batch.bytes)) return Code.INVALID_RECORD
  if (config['message.timestamp.type'] === 'LogAppendTime') return 0
  return layout.int64At(batch.bytes, layout.MAX_TIMESTAMP_AT) > Date.now() + AHEAD_MS ? Code.INVALID_TIMESTAMP : 0
}

function awaitReplicas(
  { controller }: Cluster,
  broker: number,
  all: readonly Appending[],
  timeoutMs: number,
  send: () => void,
): void {
  const awaited = all.filter(({ code, end }) => code === 0 && end >= 0)
  let missing = awaited.length
  if (missing === 0) return send()
  let isOver = false
  let timer: NodeJS.Timeout | undefined
  const over = () => {
    isOver = true
    clearTimeout(timer)
    send()
  }
  for (const one of awaited) {
    one.partition?.whenReplicated(one.end, (isReplicated) => {
      // An isolated leader hears neither of replicas nor of its successor.
      if (isOver || controller.isIsolated(broker)) return
      if (!isReplicated) one.code = Code.NOT_LEADER_OR_FOLLOWER
      one.end = -1
      if (--missing === 0) over()
    })
  }
  if (isOver) return
  timer = controller.world.after(timeoutMs, () => {
    if (isOver) return
    for (const one of awaited) if (one.end >= 0) one.code = Code.REQUEST_TIMED_OUT
    over()
  })
}

/** How a partition takes part in a transaction: its leader appends the marker. */
function participantOf({ controller }: Cluster, partition: Partition): Participant {
  return {
    kind: 'topics',
    key: `${partition.topic}/${partition.index}`,
    mark: ({ producerId, epoch, isCommit, decidedAtMs }, done) => {
      // A topic that is gone needs no marker.
      if (controller.partition(partition.topic, partition.index) !== partition) {
        done(true)
        return true
      }
      if (partition.leader < 0 || !controller.isConnected(partition.leader)) return false
      partition.appendMarker(markerOf(producerId, epoch, isCommit), decidedAtMs)
      controller.appended(partition)
      partition.whenReplicated(partition.log.end, done)
      return true
    },
  }
}
