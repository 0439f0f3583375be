import { randomUUID } from 'node:crypto'
import { BatchBuilder } from '@weir/kafka'
import { vi } from 'vitest'
import { seal } from '../../../libs/kafka/src/batch/seal.ts'
import type { Api } from '../../../libs/kafka/src/protocol/api.ts'
import { consumerGroupHeartbeat } from '../../../libs/kafka/src/protocol/consumer-group-heartbeat.ts'
import { fetch } from '../../../libs/kafka/src/protocol/fetch.ts'
import { type CoordinatorType, findCoordinator } from '../../../libs/kafka/src/protocol/find-coordinator.ts'
import { initProducerId, type ProducerIdentity } from '../../../libs/kafka/src/protocol/init-producer-id.ts'
import { LATEST, listOffsets } from '../../../libs/kafka/src/protocol/list-offsets.ts'
import { metadata } from '../../../libs/kafka/src/protocol/metadata.ts'
import { produce } from '../../../libs/kafka/src/protocol/produce.ts'
import { Random } from '../../workload/random.ts'
import { ModelCluster } from './index.ts'

export const SESSION_MS = 6_000
/** Until a broker that is away is missed. */
export const LAG_MS = 1_000

const nobody: ProducerIdentity = { producerId: -1n, epoch: -1 }
const timeouts = { timeoutMs: 60_000 }

/** Three brokers, one partition that is led by broker 0, and single requests; under time that stands until it is moved. */
export class ThreeBrokers {
  readonly topic = 'state'
  /** Of each message, from now on. */
  delayMs = 1
  readonly model: ModelCluster

  constructor() {
    const settings = { groupSessionMs: SESSION_MS, heartbeatMs: 1_000, sweepMs: 1_000, replicaLagMs: LAG_MS }
    this.model = new ModelCluster({ brokers: 3, random: new Random('three'), delayMs: () => this.delayMs, settings })
    this.model.createTopic(this.topic, 1, { 'cleanup.policy': 'compact', 'min.insync.replicas': '2' })
  }

  async call<Response>(broker: number, api: Api<Response>, process = 'test'): Promise<Response> {
    const opening = this.model.opener(process)(
      { host: `kafka-${broker}`, port: 9092 },
      () => undefined,
      new AbortController().signal,
    )
    return (await opening).call(api, timeouts)
  }

  /** The partition as this broker knows it. */
  async led(knownBy: number): Promise<{ readonly leader: number; readonly leaderEpoch: number }> {
    const { topics } = await this.call(knownBy, metadata([this.topic]))
    const [partition] = topics[0]?.partitions ?? []
    if (partition === undefined) throw new Error('no partition')
    return { leader: partition.leader, leaderEpoch: partition.leaderEpoch }
  }

  /** One record with this value, whose first character is its key. */
  async append(broker: number, value: string, identity = nobody, slot: string | null = null, process = 'test') {
    const builder = new BatchBuilder(this.topic, 0)
    builder.append(Date.now(), Buffer.from(value[0] ?? ''), Buffer.from(value))
    const [batch] = builder.finish()
    if (batch === undefined) throw new Error('no batch')
    const bytes = Buffer.from(seal(batch, identity, slot === null ? -1 : 0, slot !== null))
    const api = produce(slot, [{ topic: this.topic, partition: 0, bytes }], 5_000)
    const [answer] = await this.call(broker, api, process)
    return answer?.errorCode
  }

  async end(broker: number, leaderEpoch: number, isStable = false) {
    const [answer] = await this.call(
      broker,
      listOffsets([{ topic: this.topic, partition: 0, leaderEpoch }], LATEST, isStable),
    )
    return answer?.errorCode === 0 ? answer.offset : { code: answer?.errorCode }
  }

  async fetched(broker: number) {
    const asked = { partition: 0, leaderEpoch: -1, offset: 0, lastEpoch: -1 }
    const bounds = { maxWaitMs: 0, maxBytes: 100_000, maxPartitionBytes: 100_000, readCommitted: true }
    const [answer] = (await this.call(broker, fetch(this.topic, [asked], bounds))).partitions
    return { code: answer?.errorCode, high: answer?.highWatermark }
  }

  async coordinator(kind: CoordinatorType, key: string): Promise<number> {
    return (await this.call(0, findCoordinator(kind, key)))?.nodeId ?? -1
  }

  async init(slot: string, timeoutMs = 5_000): Promise<ProducerIdentity> {
    const coordinator = await this.coordinator('transaction', slot)
    for (;;) {
      const answer = await this.call(coordinator, initProducerId(slot, timeoutMs))
      if (answer.errorCode === 0) return answer
    }
  }

  /** Joins alone; what it answers has the member's heartbeat. */
  async join(groupId: string) {
    const member = { groupId, memberId: randomUUID(), rebalanceTimeoutMs: 10_000, topics: [this.topic], owned: [] }
    const broker = await this.coordinator('group', groupId)
    const { memberEpoch: generation } = await this.call(broker, consumerGroupHeartbeat({ ...member, memberEpoch: 0 }))
    const same = { groupId, memberId: member.memberId, rebalanceTimeoutMs: null, topics: null, owned: null }
    const beat = async () =>
      (await this.call(broker, consumerGroupHeartbeat({ ...same, memberEpoch: generation }))).errorCode
    return { groupId, memberId: member.memberId, generation, broker, beat }
  }

  /** What has been committed for good. */
  get values(): (string | undefined)[] {
    return this.model.records(this.topic, 0).map(({ value }) => value?.toString())
  }
}

/** Lets time pass, with everything that happens in it. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

/** Lets time pass until this has come to its end. */
export async function passing<T>(something: Promise<T>): Promise<T> {
  let isOver = false
  const over = something.finally(() => {
    isOver = true
  })
  over.catch(() => undefined)
  while (!isOver) await vi.advanceTimersByTimeAsync(1)
  return over
}
