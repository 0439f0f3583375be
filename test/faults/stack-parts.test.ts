import { randomUUID } from 'node:crypto'
import { ownStack, whileAway, whileFrozen } from '@weir/test/support/faults-stack.ts'
import { dump, produce } from '@weir/test/support/foreign/foreign.ts'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'

const stack = ownStack({ start: ['redis', 'registry'] })

describe("a stack's parts", () => {
  it('can be started later, at the address that was known from the start', async () => {
    const { env, parts } = stack()
    const topic = `parts.${randomUUID()}`
    expect(parts.kafka.pid).toBeUndefined()

    await parts.kafka.start()
    await createTopic(env.KAFKA_BROKERS, topic)
    await produce(env.KAFKA_BROKERS, [{ topic, key: null, value: Buffer.from('kept') }])

    const before = parts.kafka.pid
    await whileAway(parts.kafka, async () => expect(parts.kafka.pid).toBeUndefined())
    expect(parts.kafka.pid).not.toBe(before)
    const [record] = await dump(env.KAFKA_BROKERS, [topic])
    expect(String(record?.value)).toBe('kept')
  }, 120_000)

  it('include a registry whose schemas survive a crash', async () => {
    const { env, parts } = stack()
    const url = `${env.SCHEMA_REGISTRY_URL}/subjects/kept-value/versions`
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: '"string"' }),
    })
    const { id } = await answer.json()

    await whileAway(parts.registry, async () => {
      await expect(fetch(url)).rejects.toThrow()
    })
    expect(await (await fetch(`${url}/1`)).json()).toMatchObject({ id, schema: '"string"' })
  }, 120_000)

  it('include a Redis that comes back empty from a crash', async () => {
    const { env, parts } = stack()
    const redis = new Redis(env.REDIS_URL)
    redis.on('error', () => {})
    try {
      await redis.set('key', 'value')
      await whileAway(parts.redis, async () => {})
      expect(await redis.get('key')).toBeNull()
    } finally {
      redis.disconnect()
    }
  }, 60_000)

  it('can hang: nothing is answered until they are thawed, and nothing is lost', async () => {
    const { env, parts } = stack()
    const redis = new Redis(env.REDIS_URL)
    try {
      await redis.set('key', 'before')
      const answer = await whileFrozen(parts.redis, async () => {
        const impatient = new Redis(env.REDIS_URL, { commandTimeout: 300, maxRetriesPerRequest: 0 })
        impatient.on('error', () => {})
        try {
          await expect(impatient.ping()).rejects.toThrow('Command timed out')
        } finally {
          impatient.disconnect()
        }
        return { asked: redis.set('key', 'meanwhile') }
      })
      expect(await answer.asked).toBe('OK')
      expect(await redis.get('key')).toBe('meanwhile')
    } finally {
      redis.disconnect()
    }
  }, 60_000)
})

async function createTopic(brokers: string, topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, replicationFactor: 1 }], waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
}
