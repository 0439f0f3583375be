import { randomBytes, randomUUID } from 'node:crypto'
import { dump, features, produce } from '@weir/test/support/foreign/foreign.ts'
import { Redis } from 'ioredis'
import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

const { KAFKA_BROKERS: brokers, REDIS_URL: redisUrl, SCHEMA_REGISTRY_URL: registryUrl } = inject('stack')

let admin: Admin
const made: string[] = []

async function newTopic(numPartitions: number): Promise<string> {
  const topic = `stack-test.${randomUUID()}`
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }], waitForLeaders: true })
  made.push(topic)
  return topic
}

beforeAll(async () => {
  admin = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
})

afterAll(async () => {
  if (made.length > 0) await admin.deleteTopics({ topics: made })
  await admin.disconnect()
})

describe('the stack', () => {
  it('has a broker with transactions of version 2 and the new group protocol', async () => {
    expect(await features(brokers)).toMatchObject({ 'transaction.version': 2, 'group.version': 1 })
  })

  it('has a Redis that never evicts', async () => {
    const redis = new Redis(redisUrl)
    try {
      expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction'])
    } finally {
      redis.disconnect()
    }
  })

  it("has a registry that speaks the language of Confluent's", async () => {
    const answer = await fetch(`${registryUrl}/subjects`)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toBeInstanceOf(Array)
  })
})

describe('the foreign client', () => {
  it('reads back to the byte what it wrote, nulls and repeated headers too', async () => {
    const topic = await newTopic(3)
    const headers = [
      ['twice', Buffer.from([0, 255])],
      ['twice', null],
    ] as const
    const records = [
      { topic, partition: 2, timestamp: 1_700_000_000_000, key: randomBytes(16), value: randomBytes(300), headers },
      { topic, partition: 0, timestamp: 1_700_000_000_001, key: null, value: Buffer.alloc(0), headers: [] },
      { topic, partition: 2, timestamp: 1_700_000_000_002, key: Buffer.from('\n"'), value: null, headers: [] },
    ]

    const landed = await produce(brokers, records)
    expect(landed).toEqual([
      { topic, partition: 2, offset: 0 },
      { topic, partition: 0, offset: 0 },
      { topic, partition: 2, offset: 1 },
    ])

    const read = await dump(brokers, [topic])
    const byPlace = read.toSorted((a, b) => b.partition - a.partition || a.offset - b.offset)
    expect(byPlace).toEqual(
      [records[0], records[2], records[1]].map((record, n) => ({
        ...record,
        offset: [0, 1, 0][n],
        timestampType: 'CreateTime',
      })),
    )
  })

  it('does not read what was aborted, and ends behind it all the same', async () => {
    const topic = await newTopic(1)
    const value = (text: string) => [{ topic, partition: 0, key: null, value: Buffer.from(text) }]
    await produce(brokers, value('committed'), { transaction: { id: `${topic}.a`, end: 'commit' } })
    await produce(brokers, value('aborted'), { transaction: { id: `${topic}.b`, end: 'abort' } })

    const texts = async (isolation: 'read_committed' | 'read_uncommitted') =>
      (await dump(brokers, [topic], { isolation })).map((record) => String(record.value))
    expect(await texts('read_committed')).toEqual(['committed'])
    expect(await texts('read_uncommitted')).toEqual(['committed', 'aborted'])
  })

  it('reads nothing of an empty topic and says so when there is no such topic', async () => {
    expect(await dump(brokers, [await newTopic(2)])).toEqual([])
    await expect(dump(brokers, [`stack-test.${randomUUID()}`])).rejects.toThrow('no such topic')
  })
})
