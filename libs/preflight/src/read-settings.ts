import type { Kafka } from '@weir/kafka'
import { Redis } from 'ioredis'
import type { FoundTopic, Settings } from './settings.ts'

/** Redis that does not answer is no reason to wait: nothing is decided without it, and the loader looks again. */
const REDIS_WITHIN_MS = 500

export interface SettingsOf {
  readonly kafka: Pick<Kafka, 'topics'> & { readonly admin: Pick<Kafka['admin'], 'brokerConfigs' | 'topicConfig'> }
  readonly redisUrl: string
  readonly namespace: string
  /** Full names. */
  readonly rawTopics: readonly string[]
}

/**
 * Reads what the rules look at, from every broker and Redis.
 * @throws MissingTopic; KafkaError, not retriable where the broker refuses (DescribeConfigs on cluster and topics is needed)
 */
export async function readSettings({ kafka, redisUrl, namespace, rawTopics }: SettingsOf): Promise<Settings> {
  const kinds = new Map<string, FoundTopic['kind']>([
    [`${namespace}consent.decisions`, 'decisions'],
    [`${namespace}consent.state`, 'state'],
    [`${namespace}consent.forget`, 'forget'],
    ...rawTopics.map((topic) => [topic, 'raw'] as const),
  ])
  const infos = await kafka.topics([...kinds.keys()])
  const topics = await Promise.all(
    [...kinds].map(async ([name, kind]): Promise<[string, FoundTopic]> => {
      const info = infos.find(({ topic }) => topic === name)
      if (info === undefined) throw new MissingTopic(name)
      return [name, { kind, partitions: info.partitions, config: await kafka.admin.topicConfig(name) }]
    }),
  )
  return {
    brokers: await kafka.admin.brokerConfigs(),
    topics: new Map(topics),
    ...(await redisSettings(redisUrl)),
  }
}

/** Set-up makes topics; until it has, there is nothing to look at. */
export class MissingTopic extends Error {
  override readonly name = 'MissingTopic'
  readonly code = 'WEIR_TOPIC_MISSING'

  constructor(topic: string) {
    super(`topic ${topic} is not there yet: run set-up (\`weir contract apply\`)`)
  }
}

async function redisSettings(url: string): Promise<Pick<Settings, 'evictionPolicy' | 'appendOnly'>> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: REDIS_WITHIN_MS,
    commandTimeout: REDIS_WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    const [memory, persistence] = await Promise.all([redis.info('memory'), redis.info('persistence')])
    const aof = /^aof_enabled:(\S+)/m.exec(persistence)?.[1]
    return {
      evictionPolicy: /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? null,
      appendOnly: aof === undefined ? null : aof === '1',
    }
  } catch {
    return { evictionPolicy: null, appendOnly: null }
  } finally {
    redis.disconnect()
  }
}
