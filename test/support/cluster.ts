import { type KafkaCluster, startKafkaCluster } from '@weir/infra/stack/index.ts'
import kafkajs, { type Admin } from 'kafkajs'
import { afterAll, beforeAll } from 'vitest'
import { until } from './until.ts'

const START_MS = 240_000
const IN_SYNC_MS = 120_000

/**
 * Three brokers of the test file's own: started before its first test, gone after its last.
 *
 * @returns a function that gives the cluster, to be called inside tests and hooks.
 */
export function ownCluster(): () => KafkaCluster {
  let cluster: KafkaCluster | undefined
  beforeAll(async () => {
    cluster = await startKafkaCluster()
  }, START_MS)
  afterAll(async () => {
    await cluster?.stop()
  }, START_MS)
  return () => {
    if (!cluster) throw new Error('The cluster is there only while tests run.')
    return cluster
  }
}

/** Waits until every replica of every partition is in sync: then the next broker may go. */
export async function allInSync(brokers: string): Promise<void> {
  const look = () =>
    withAdmin(brokers, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata()
      const partitions = topics.flatMap((topic) => topic.partitions)
      return partitions.every(({ isr, replicas, leader }) => leader >= 0 && isr.length === replicas.length)
    })
  await until('every replica is in sync', look, IN_SYNC_MS)
}

/** Creates a topic of which one broker leads all partitions, until something happens to it. */
export async function createLedByFirst(brokers: string, topic: string, partitions: number): Promise<void> {
  const replicaAssignment = Array.from({ length: partitions }, (_, partition) => ({ partition, replicas: [1, 2, 3] }))
  await withAdmin(brokers, (admin) => admin.createTopics({ topics: [{ topic, replicaAssignment }] }))
}

/** Deletes the records of a partition below an offset, as retention does. */
export async function deleteRecordsBefore(
  brokers: string,
  topic: string,
  partition: number,
  offset: number,
): Promise<void> {
  const partitions = [{ partition, offset: String(offset) }]
  await withAdmin(brokers, async (admin) => {
    // kafkajs looks for the leader in what it knows already.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions })
  })
}

/** Node id of a partition's leader, as some broker knows it; -1: none. */
export function leaderOf(brokers: string, topic: string, partition: number): Promise<number> {
  return withAdmin(brokers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader ?? -1
  })
}

/**
 * Node id of the broker that coordinates a group or a transactional id: the leader of the partition of the internal
 * topic that its name hashes to.
 */
export async function coordinatorOf(brokers: string, kind: 'group' | 'transaction', name: string): Promise<number> {
  const topic = kind === 'group' ? '__consumer_offsets' : '__transaction_state'
  const partitions = await withAdmin(brokers, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.length ?? 0
  })
  return leaderOf(brokers, topic, (javaHash(name) & 0x7fffffff) % partitions)
}

/** String.hashCode of Java. */
function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}

async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const retry = { retries: 3 }
  const client = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING, retry })
  const admin = client.admin()
  try {
    await admin.connect()
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
