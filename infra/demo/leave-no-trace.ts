import type { Contracts } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { Redis } from 'ioredis'
import kafkajs from 'kafkajs'
import { topicSpecs } from '../kafka/topics.ts'
import type { StackEnv } from '../stack/index.ts'

const GROUP_ATTEMPTS = 20
const GROUP_PAUSE_MS = 500

/** Takes everything of a namespace off a stack that is not ours: topics, schemas, cached consent, groups. */
export async function leaveNoTrace(
  kafka: Kafka,
  stack: StackEnv,
  contracts: Contracts,
  namespace: string,
): Promise<void> {
  const topics = topicSpecs(contracts, { namespace, rawPartitions: 1 }).map((spec) => spec.topic)
  const there = await kafka.topics(topics)
  await kafka.admin.deleteTopics(there.map((info) => info.topic))
  for (const topic of topics) await deleteSubject(stack.SCHEMA_REGISTRY_URL, `${topic}-value`)
  const redis = new Redis(stack.REDIS_URL, { maxRetriesPerRequest: 1, lazyConnect: true })
  await redis.connect()
  for await (const keys of redis.scanStream({ match: `${namespace}*` })) {
    if (Array.isArray(keys) && keys.length > 0) await redis.del(...keys.map(String))
  }
  redis.disconnect()
  await deleteGroups(stack.KAFKA_BROKERS, namespace)
}

/** A member that has just left may still be counted for a moment. */
async function deleteGroups(brokers: string, namespace: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    for (let attempt = 1; ; attempt++) {
      const { groups } = await admin.listGroups()
      const own = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(namespace))
      if (own.length === 0) return
      try {
        await admin.deleteGroups(own)
        return
      } catch (error) {
        if (attempt === GROUP_ATTEMPTS) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, GROUP_PAUSE_MS))
    }
  } finally {
    await admin.disconnect()
  }
}

async function deleteSubject(registryUrl: string, subject: string): Promise<void> {
  const url = `${registryUrl}/subjects/${encodeURIComponent(subject)}`
  await fetch(url, { method: 'DELETE' })
  await fetch(`${url}?permanent=true`, { method: 'DELETE' })
}
