import { randomUUID } from 'node:crypto'
import { BatchBuilder, type FinishedBatch, type MemberIdentity } from '@weir/kafka'
import * as layout from '../../libs/kafka/src/batch/layout.ts'
import { consumerGroupHeartbeat } from '../../libs/kafka/src/protocol/consumer-group-heartbeat.ts'
import { endTxn } from '../../libs/kafka/src/protocol/end-txn.ts'
import { findCoordinator } from '../../libs/kafka/src/protocol/find-coordinator.ts'
import { initProducerId, type ProducerIdentity } from '../../libs/kafka/src/protocol/init-producer-id.ts'
import { produce } from '../../libs/kafka/src/protocol/produce.ts'
import { txnOffsetCommit } from '../../libs/kafka/src/protocol/txn-offset-commit.ts'
import { until } from '../support/until.ts'
import type { RawBroker } from './raw-broker.ts'

/** Error codes by the names that Kafka gives them, as far as the protocol facts speak of them. */
export const Errors = {
  NONE: 0,
  ILLEGAL_GENERATION: 22,
  UNKNOWN_MEMBER_ID: 25,
  NOT_ENOUGH_REPLICAS: 19,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  CONCURRENT_TRANSACTIONS: 51,
  UNSTABLE_OFFSET_COMMIT: 88,
  PRODUCER_FENCED: 90,
  FENCED_MEMBER_EPOCH: 110,
  TRANSACTION_ABORTABLE: 120,
} as const

/** A transactional id by single requests. Its identity is the caller's to keep. */
export class RawTransactionalId {
  readonly id: string
  readonly #broker: RawBroker
  readonly #timeoutMs: number

  constructor(broker: RawBroker, timeoutMs = 60_000, id = `raw.${randomUUID()}`) {
    this.#broker = broker
    this.#timeoutMs = timeoutMs
    this.id = id
  }

  /** Until the coordinator has come up and what was open has been ended. */
  async init(): Promise<ProducerIdentity> {
    return until('InitProducerId', async () => {
      await this.#broker.call(findCoordinator('transaction', this.id))
      const answer = await this.#broker.call(initProducerId(this.id, this.#timeoutMs))
      return answer.errorCode === Errors.NONE && { producerId: answer.producerId, epoch: answer.epoch }
    })
  }

  /** Answers the error code; waits while the last transaction's markers are written. */
  async produce(identity: ProducerIdentity, topic: string, value: string, sequence = 0): Promise<number> {
    const batch = sealed(identity, topic, value, sequence)
    return notConcurrent(async () => (await this.#broker.call(produce(this.id, [batch], 5_000)))[0]?.errorCode ?? -1)
  }

  end(identity: ProducerIdentity, commit: boolean): Promise<ProducerIdentity & { readonly errorCode: number }> {
    return until('EndTxn', async () => {
      const answer = await this.#broker.call(endTxn(this.id, identity, commit))
      return answer.errorCode !== Errors.CONCURRENT_TRANSACTIONS && answer
    })
  }

  offsets(identity: ProducerIdentity, member: MemberIdentity, topic: string, offset: number): Promise<number> {
    const at = [{ topic, partition: 0, offset }]
    return notConcurrent(() => this.#broker.call(txnOffsetCommit(this.id, identity, member, at)))
  }
}

/** A transactional batch of one record for partition 0. Sealed here, so that the facts stand without the client. */
export function sealed(identity: ProducerIdentity, topic: string, value: string, sequence = 0): FinishedBatch {
  const builder = new BatchBuilder(topic, 0)
  builder.append(1, null, Buffer.from(value))
  const [batch] = builder.finish()
  if (batch === undefined) throw new Error('a batch needs records')
  const { bytes } = batch
  bytes.writeInt16BE(layout.TRANSACTIONAL, layout.ATTRIBUTES_AT)
  bytes.writeBigInt64BE(identity.producerId, layout.PRODUCER_ID_AT)
  bytes.writeInt16BE(identity.epoch, layout.PRODUCER_EPOCH_AT)
  bytes.writeInt32BE(sequence, layout.BASE_SEQUENCE_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(layout.ATTRIBUTES_AT)), layout.CRC_AT)
  return batch
}

/** CRC-32C, bit by bit: these batches are tiny. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0)
  }
  return (crc ^ 0xffff_ffff) >>> 0
}

/** Joins a group and takes what it is given: who a member is. */
export async function rawMember(broker: RawBroker, groupId: string, topic: string): Promise<MemberIdentity> {
  const memberId = randomUUID()
  const generation = await until('the group lets it in', async () => {
    await broker.call(findCoordinator('group', groupId))
    const joining = { groupId, memberId, memberEpoch: 0, rebalanceTimeoutMs: 10_000, topics: [topic], owned: [] }
    const answer = await broker.call(consumerGroupHeartbeat(joining))
    return answer.errorCode === Errors.NONE && answer.memberEpoch
  })
  return { groupId, memberId, generation }
}

/**
 * While the end of the last transaction is being written a Produce is answered NOT_ENOUGH_REPLICAS: the broker could
 * not verify that the partition is part of the transaction.
 */
export async function notConcurrent(ask: () => Promise<number>): Promise<number> {
  const { code } = await until('the last transaction has ended', async () => {
    const answered = await ask()
    const waits = answered === Errors.CONCURRENT_TRANSACTIONS || answered === Errors.NOT_ENOUGH_REPLICAS
    return !waits && { code: answered }
  })
  return code
}
