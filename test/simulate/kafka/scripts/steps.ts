import { randomUUID } from 'node:crypto'
import { BatchBuilder, RecordWalk, Rows } from '@weir/kafka'
import { seal } from '../../../../libs/kafka/src/batch/seal.ts'
import {
  consumerGroupHeartbeat,
  type HeartbeatRequest,
} from '../../../../libs/kafka/src/protocol/consumer-group-heartbeat.ts'
import { endTxn } from '../../../../libs/kafka/src/protocol/end-txn.ts'
import { type FetchQuestion, fetch } from '../../../../libs/kafka/src/protocol/fetch.ts'
import { findCoordinator } from '../../../../libs/kafka/src/protocol/find-coordinator.ts'
import { initProducerId, type ProducerIdentity } from '../../../../libs/kafka/src/protocol/init-producer-id.ts'
import { EARLIEST, LATEST, listOffsets } from '../../../../libs/kafka/src/protocol/list-offsets.ts'
import { offsetFetch } from '../../../../libs/kafka/src/protocol/offset-fetch.ts'
import { produce } from '../../../../libs/kafka/src/protocol/produce.ts'
import { txnOffsetCommit } from '../../../../libs/kafka/src/protocol/txn-offset-commit.ts'
import { until } from '../../../support/until.ts'
import type { Ground } from './script.ts'

const CONCURRENT = 51
const NOT_VERIFIED = 19
const NOT_YET = new Set([14, 15, 16])

/** A transactional id by single requests; who holds it is the script's to know. */
export class Slot {
  readonly id: string
  readonly #ground: Ground
  readonly #timeoutMs: number

  constructor(ground: Ground, timeoutMs = 60_000) {
    this.#ground = ground
    this.#timeoutMs = timeoutMs
    this.id = `${ground.namespace}slot.${randomUUID()}`
  }

  /** Until what was open has been ended. */
  init(): Promise<ProducerIdentity> {
    return until('InitProducerId', async () => {
      await this.#ground.call(findCoordinator('transaction', this.id))
      const { errorCode, producerId, epoch } = await this.#ground.call(initProducerId(this.id, this.#timeoutMs))
      return errorCode === 0 && { producerId, epoch }
    })
  }

  /** The code of one InitProducerId by whoever holds `identity`. */
  async initAs(identity: ProducerIdentity): Promise<number> {
    const api = initProducerId(this.id, this.#timeoutMs)
    const { producerId, epoch } = identity
    const answer = await this.#ground.call({
      ...api,
      write: (writer) =>
        void writer.nullableString(this.id).int32(this.#timeoutMs).int64(producerId).int16(epoch).tags(),
    })
    return answer.errorCode
  }

  produce(identity: ProducerIdentity, topic: string, values: readonly string[], sequence = 0, partition = 0) {
    return produceAs(this.#ground, this.id, identity, topic, values, sequence, partition)
  }

  /** Once markers are no longer in the way; the code, and what rose. */
  async end(identity: ProducerIdentity, commit: boolean) {
    const answer = await until('EndTxn', async () => {
      const one = await this.#ground.call(endTxn(this.id, identity, commit))
      return one.errorCode !== CONCURRENT && one
    })
    const next = { producerId: answer.producerId, epoch: answer.epoch }
    const raised = answer.errorCode === 0 ? answer.epoch - identity.epoch : null
    return { next, seen: { code: answer.errorCode, raised } }
  }

  offsets(identity: ProducerIdentity, group: GroupMember, topic: string, offset: number): Promise<number> {
    const at = [{ topic, partition: 0, offset }]
    return once(() => this.#ground.call(txnOffsetCommit(this.id, identity, group, at)))
  }
}

/** One batch; `transactionalId` null: outside transactions. */
export async function produceAs(
  ground: Ground,
  transactionalId: string | null,
  identity: ProducerIdentity,
  topic: string,
  values: readonly string[],
  sequence = 0,
  partition = 0,
  timestampMs = Date.now(),
): Promise<{ code: number; base: number }> {
  const builder = new BatchBuilder(topic, partition)
  for (const value of values) builder.append(timestampMs, null, Buffer.from(value))
  const [batch] = builder.finish()
  if (batch === undefined) throw new Error('a batch needs records')
  const bytes = seal(batch, identity, sequence, transactionalId !== null)
  let base = -1
  const code = await once(async () => {
    const [answer] = await ground.call(
      produce(transactionalId, [{ topic, partition, bytes: Buffer.from(bytes) }], 5_000),
    )
    base = answer?.baseOffset ?? -1
    return answer?.errorCode ?? -1
  })
  return { code, base }
}

/** The code, once markers of the transaction before and a coordinator that comes up are out of the way. */
async function once(ask: () => Promise<number>): Promise<number> {
  const answered = await until('an answer', async () => {
    const code = await ask()
    return code !== CONCURRENT && code !== NOT_VERIFIED && !NOT_YET.has(code) && { code }
  })
  return answered.code
}

export interface GroupMember {
  readonly groupId: string
  readonly memberId: string
  readonly generation: number
}

/** One heartbeat: the code, the epoch, and what it assigns (numbers of partitions; null: not told). */
export async function beat(ground: Ground, request: HeartbeatRequest) {
  const answer = await until('a coordinator', async () => {
    const one = await ground.call(consumerGroupHeartbeat(request))
    return !NOT_YET.has(one.errorCode) && one
  })
  const { errorCode: code, memberEpoch: epoch, assignment } = answer
  return { code, epoch, assigned: assignment, partitions: assignment?.flatMap((topic) => topic.partitions) ?? null }
}

const unchanged = { rebalanceTimeoutMs: null, topics: null, owned: null }

/** A heartbeat with nothing new in it. */
export function still(member: GroupMember): HeartbeatRequest {
  return { groupId: member.groupId, memberId: member.memberId, memberEpoch: member.generation, ...unchanged }
}

/** Joins a group alone and owns what it is given. */
export async function joined(ground: Ground, topic: string, rebalanceTimeoutMs = 10_000) {
  const groupId = `${ground.namespace}group.${randomUUID()}`
  return joining(ground, groupId, topic, rebalanceTimeoutMs)
}

export async function joining(ground: Ground, groupId: string, topic: string, rebalanceTimeoutMs = 10_000) {
  const memberId = randomUUID()
  await until('a coordinator', async () => {
    const found = await ground.call(findCoordinator('group', groupId))
    return found?.errorCode === 0
  })
  const answer = await beat(ground, {
    groupId,
    memberId,
    memberEpoch: 0,
    rebalanceTimeoutMs,
    topics: [topic],
    owned: [],
  })
  return { member: { groupId, memberId, generation: answer.epoch }, answer }
}

/** The committed offset of partition 0, or the code that refuses to tell it. */
export async function committed(
  ground: Ground,
  groupId: string,
  topic: string,
): Promise<{ code: number; offset: number }> {
  const { errorCode, offsets } = await ground.call(offsetFetch(groupId, [{ topic, partition: 0 }]))
  return { code: errorCode || (offsets[0]?.errorCode ?? 0), offset: offsets[0]?.offset ?? -1 }
}

/** Ends of a partition. */
export async function ends(ground: Ground, topic: string, partition = 0, leaderEpoch = -1) {
  const at = [{ topic, partition, leaderEpoch }]
  const ask = async (timestamp: number, isStable: boolean) => {
    const [answer] = await ground.call(listOffsets(at, timestamp, isStable))
    return answer?.errorCode === 0 ? answer.offset : { code: answer?.errorCode }
  }
  return { start: await ask(EARLIEST, false), high: await ask(LATEST, false), stable: await ask(LATEST, true) }
}

/** What one Fetch gives. */
export async function fetched(
  ground: Ground,
  topic: string,
  isolation: 'read_committed' | 'read_uncommitted',
  question: Partial<FetchQuestion> & { readonly maxPartitionBytes?: number; readonly maxWaitMs?: number } = {},
) {
  const { maxPartitionBytes = 1_000_000, maxWaitMs = 0, ...more } = question
  const asked = { partition: 0, leaderEpoch: -1, offset: 0, lastEpoch: -1, ...more }
  const bounds = { maxWaitMs, maxBytes: 1_000_000, maxPartitionBytes, readCommitted: isolation === 'read_committed' }
  const { errorCode, partitions } = await ground.call(fetch(topic, [asked], bounds))
  const [answer] = partitions
  if (answer === undefined) return { errorCode }
  const { highWatermark, lastStableOffset, logStartOffset, aborted, diverging, records } = answer
  const values: string[] = []
  let position = asked.offset
  if (answer.errorCode === 0) {
    const walk = new RecordWalk({
      topic,
      partition: asked.partition,
      records,
      fetchOffset: asked.offset,
      highWatermark,
      lastStableOffset,
      logStartOffset,
      leaderEpoch: 0,
      aborted,
      sentAtMonotonicMs: 0,
    })
    const rows = new Rows(1_000)
    while (!walk.done) walk.fill(rows, rows.capacity)
    position = walk.position
    for (let i = 0; i < rows.count; i++) {
      const value = rows.source[i]?.subarray(rows.valueStart[i], rows.valueEnd[i]).toString()
      values.push(`${rows.offset[i]} ${value}`)
    }
  }
  return {
    code: answer.errorCode,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    aborted: aborted.map(({ firstOffset }) => firstOffset).sort((a, b) => a - b),
    diverging: diverging ?? null,
    values,
    position,
  }
}

/** Waits until the last stable offset has come this far: markers are written after EndTxn is answered. */
export async function stableAt(ground: Ground, topic: string, offset: number, partition = 0): Promise<void> {
  await until(`stable up to ${offset}`, async () => (await ends(ground, topic, partition)).stable === offset)
}

/** Waits until the high watermark has come this far, whatever of it is stable. */
export async function highAt(ground: Ground, topic: string, offset: number): Promise<void> {
  await until(`replicated up to ${offset}`, async () => (await ends(ground, topic)).high === offset)
}
