import { randomUUID } from 'node:crypto'
import { loadContracts, type Stream } from '@weir/contracts'
import { Registry } from '@weir/infra/kafka/registry.ts'
import { subjectSpecs } from '@weir/infra/kafka/subjects.ts'
import { topicSpecs } from '@weir/infra/kafka/topics.ts'
import { connectKafka } from '@weir/kafka'
import { createProducer, InvalidEvent, type Producer, type ProducerOptions } from '@weir/producer'
import avro from 'avsc'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { dump, type ForeignRecord, produce } from '../support/foreign/foreign.ts'
import { Api, startKafkaProxy } from '../support/kafka-proxy.ts'
import type { ClickstreamEvent } from '../workload/clickstream-types.ts'

const FOLDER = new URL('../../infra/contracts', import.meta.url).pathname
const PARTITIONS = 5
const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

const namespace = `t${randomUUID().slice(0, 8)}.`
const topic = `${namespace}clickstream.raw`
const contracts = loadContracts(FOLDER)
const stream = sampleStream()
const type = avro.Type.forSchema(stream.rawSchema as avro.Schema)

function sampleStream(): Stream {
  const found = contracts.streams.find((one) => one.name === 'clickstream')
  if (found === undefined) throw new Error('the sample contract has no clickstream')
  return found
}

function options(): ProducerOptions {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = inject('stack')
  return { brokers: KAFKA_BROKERS, registryUrl: SCHEMA_REGISTRY_URL, stream, namespace }
}

function event(subjectId: string, leaves: Partial<ClickstreamEvent> = {}): ClickstreamEvent {
  return {
    eventId: randomUUID(),
    eventType: 'page_view',
    occurredAt: Date.now(),
    subjectId,
    sessionId: 's',
    page: { url: 'https://shop.example/', path: '/' },
    device: { userAgent: 'a browser', ip: '203.0.113.9', language: 'en' },
    ...leaves,
  }
}

function decode({ value }: ForeignRecord): Record<string, unknown> {
  return type.fromBuffer((value as Buffer).subarray(5))
}

describe('the producer, on real parts', () => {
  let producer: Producer<ClickstreamEvent>

  beforeAll(async () => {
    const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL } = inject('stack')
    const kafka = await connectKafka({ brokers: KAFKA_BROKERS.split(','), clientId: 'weir-test' })
    const specs = topicSpecs(contracts, { namespace, rawPartitions: PARTITIONS })
    await kafka.admin.ensureTopics(specs.filter((spec) => spec.topic === topic))
    await kafka.close()
    const registry = new Registry(SCHEMA_REGISTRY_URL)
    for (const spec of subjectSpecs(contracts, namespace)) {
      if (spec.subject === `${topic}-value`) await registry.register(spec)
    }
    producer = await createProducer<ClickstreamEvent>(options())
  })
  afterAll(() => producer?.close())

  it('writes nothing twice and loses nothing when answers are lost on the way', async () => {
    const proxy = await startKafkaProxy(inject('stack').KAFKA_BROKERS)
    const shaky = await createProducer<ClickstreamEvent>({
      ...options(),
      brokers: proxy.address,
      kafka: { requestTimeoutMs: 600 },
    })
    try {
      const ids = Array.from({ length: 30 }, () => randomUUID())
      const recorded = []
      for (const [i, eventId] of ids.entries()) {
        if (i % 10 === 0) proxy.dropResponses(Api.produce, 1)
        const [one] = await Promise.all([shaky.track(event('shaky-1', { eventId })), shaky.flush()])
        recorded.push(one)
      }
      const theirs = (await dump(inject('stack').KAFKA_BROKERS, [topic])).filter((r) => String(r.key) === 'shaky-1')
      expect(theirs.map((r) => decode(r)['eventId'])).toEqual(ids)
      expect(theirs.map((r) => r.offset)).toEqual(recorded.map((r) => r.offset))
    } finally {
      await shaky.close()
      await proxy.close()
    }
  })

  it("publishes what Kafka's own client reads, completed by the contract, under the subject as key", async () => {
    const sent = event('reader-1', { experiments: { a: 'b' }, geo: null, searchQuery: 'lamp', context: { gpc: true } })
    const recorded = await producer.track(sent, { traceparent: TRACE })
    const records = await dump(inject('stack').KAFKA_BROKERS, [topic])
    const found = records.find(
      ({ partition, offset }) => partition === recorded.partition && offset === recorded.offset,
    )
    expect(recorded.topic).toBe(topic)
    expect(found?.key?.toString()).toBe('reader-1')
    expect(found?.headers.map(([name, text]) => [name, text?.toString()])).toEqual([['traceparent', TRACE]])
    expect(found?.value?.readUInt32BE(1)).toBe(producer.schemaId)
    const absent = { anonymousId: null, deviceId: null, product: null, email: null, phone: null }
    expect(JSON.parse(JSON.stringify(decode(found as ForeignRecord)))).toEqual({
      ...sent,
      ...absent,
      page: { ...sent.page, referrer: null, title: null },
      device: { ...sent.device, viewport: null },
    })
  })

  it("gives each key the partition that Kafka's own client gives it", async () => {
    const keys = Array.from({ length: 60 }, (_, i) => `${'x'.repeat(i % 7)}-é-${i}`)
    const ours = await Promise.all(keys.map((key) => producer.track(event(key))))
    const theirs = await produce(
      inject('stack').KAFKA_BROKERS,
      keys.map((key) => ({ topic, key: Buffer.from(key), value: Buffer.from('by a foreign client') })),
    )
    expect(ours.map(({ partition }) => partition)).toEqual(theirs.map(({ partition }) => partition))
    expect(new Set(ours.map(({ partition }) => partition)).size).toBe(PARTITIONS)
  })

  it('keeps the order of each person, loses and repeats nothing, and answers where each event lies', async () => {
    const people = Array.from({ length: 20 }, (_, i) => `person-${i}`)
    const sent = Array.from({ length: 4_000 }, (_, i) => event(people[i % people.length] ?? '', { sessionId: `n${i}` }))
    const recorded = await Promise.all(sent.map((one) => producer.track(one)))
    const found = new Map<string, string>()
    const order = new Map<string, string[]>()
    for (const record of await dump(inject('stack').KAFKA_BROKERS, [topic])) {
      const key = String(record.key)
      if (!key.startsWith('person-')) continue
      const id = String(decode(record)['sessionId'])
      found.set(id, `${record.partition}/${record.offset}`)
      order.set(key, [...(order.get(key) ?? []), id])
    }
    expect(found.size).toBe(sent.length)
    expect([...order.values()].flat()).toHaveLength(sent.length)
    for (const [i, { partition, offset }] of recorded.entries())
      expect(found.get(`n${i}`)).toBe(`${partition}/${offset}`)
    for (const ids of order.values())
      expect(ids).toEqual([...ids].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))))
  })

  it('delivers on close what was tracked and not awaited', async () => {
    const short = await createProducer<ClickstreamEvent>({ ...options(), lingerMs: 10_000 })
    const tracked = Array.from({ length: 50 }, () => short.track(event('closing')))
    await short.close()
    expect((await Promise.allSettled(tracked)).map(({ status }) => status)).toEqual(Array(50).fill('fulfilled'))
    await expect(short.track(event('closing'))).rejects.toMatchObject({ code: 'WEIR_PRODUCER_CLOSED' })
  })

  it('refuses a misspelt field by name and writes nothing of the event', async () => {
    const { page, ...rest } = event('misspelt')
    const untyped: Producer<object> = producer
    const refused = await untyped.track({ ...rest, pgae: page }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(InvalidEvent)
    expect(refused).toMatchObject({ path: 'pgae', expected: 'page', code: 'WEIR_PRODUCER_INVALID_EVENT' })
    await producer.flush()
    const keys = (await dump(inject('stack').KAFKA_BROKERS, [topic])).map(({ key }) => String(key))
    expect(keys).not.toContain('misspelt')
  })

  it('works from the topic alone, by the newest registered schema', async () => {
    const byTopic = await createProducer({ ...options(), stream: { rawTopic: 'clickstream.raw' } })
    expect(byTopic.schemaId).toBe(producer.schemaId)
    await expect(byTopic.track({ ...event('by-topic') })).resolves.toMatchObject({ topic })
    await byTopic.close()
  })

  it('says at once what set-up is missing, and never registers or creates', async () => {
    const elsewhere = { ...options(), namespace: `${namespace}none.` }
    await expect(createProducer(elsewhere)).rejects.toMatchObject({ code: 'WEIR_PRODUCER_SCHEMA_NOT_REGISTERED' })
    const away = { ...options(), brokers: '127.0.0.1:1', connectWithinMs: 500 }
    await expect(createProducer(away)).rejects.toMatchObject({ code: 'WEIR_PRODUCER_BROKER_AWAY' })
    const noRegistry = { ...options(), registryUrl: 'http://127.0.0.1:1', connectWithinMs: 300 }
    await expect(createProducer(noRegistry)).rejects.toMatchObject({ code: 'WEIR_PRODUCER_REGISTRY_AWAY' })
  })
})
