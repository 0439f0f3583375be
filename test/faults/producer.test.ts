import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectKafka } from '@weir/kafka'
import { createProducer, type Producer, ProducerError, type ProducerOptions } from '@weir/producer'
import avro from 'avsc'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ownStack, whileAway, whileFrozen } from '../support/faults-stack.ts'
import { dump } from '../support/foreign/foreign.ts'

interface Numbered {
  readonly who: string
  readonly text: string
}

const SCHEMA = {
  type: 'record',
  name: 'Numbered',
  fields: [
    { name: 'who', type: 'string', 'confluent:tags': ['subject'] },
    { name: 'text', type: 'string' },
  ],
}
const TYPE = avro.Type.forSchema(SCHEMA as avro.Schema)
const PEOPLE = ['ann', 'ben', 'cem', 'dee', 'eve']

const stack = ownStack({ start: ['kafka'] })

/** Answers every question of the producer: no schema registry is needed for what is tested here. */
const registry = createServer((_, response) => response.end(JSON.stringify({ id: 1, schema: JSON.stringify(SCHEMA) })))

describe('the producer, while the broker is away', () => {
  const open: Producer<Numbered>[] = []

  beforeAll(async () => {
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((producer) => producer.close({ withinMs: 1_000 })))
  })
  afterAll(() => registry.close())

  async function producerOf(topic: string, options: Partial<ProducerOptions> = {}): Promise<Producer<Numbered>> {
    const brokers = stack().env.KAFKA_BROKERS
    const kafka = await connectKafka({ brokers: [brokers], clientId: 'weir-test' })
    await kafka.admin.ensureTopics([{ topic, partitions: 3, config: {} }])
    await kafka.close()
    const producer = await createProducer<Numbered>({
      brokers,
      registryUrl: `http://127.0.0.1:${(registry.address() as AddressInfo).port}`,
      stream: { rawTopic: topic },
      kafka: { requestTimeoutMs: 1_000 },
      ...options,
    })
    open.push(producer)
    return producer
  }

  /** Texts of a topic for each person, in order, repeats left out. */
  async function readBack(topic: string): Promise<Map<string, string[]>> {
    const texts = new Map<string, Set<string>>(PEOPLE.map((who) => [who, new Set()]))
    for (const { key, value } of await dump(stack().env.KAFKA_BROKERS, [topic])) {
      const event: Numbered = TYPE.fromBuffer((value as Buffer).subarray(5))
      texts.get(String(key))?.add(event.text)
    }
    return new Map([...texts].map(([who, set]) => [who, [...set]]))
  }

  it('killed in the middle of a stream, loses nothing and keeps the order of each person', async () => {
    const producer = await producerOf('killed.raw')
    const sent = new Map<string, string[]>(PEOPLE.map((who) => [who, []]))
    const answers: Promise<unknown>[] = []
    let goesOn = true
    const publishing = (async () => {
      for (let n = 0; goesOn || n < 3_000; n++) {
        const who = PEOPLE[n % PEOPLE.length] ?? ''
        sent.get(who)?.push(`n${n}`)
        answers.push(producer.track({ who, text: `n${n}` }))
        if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
        if (n % 100 === 0) await answers.at(-1)
      }
    })()
    for (let kills = 0; kills < 2; kills++) await whileAway(stack().parts.kafka, async () => {})
    goesOn = false
    await publishing
    expect((await Promise.allSettled(answers)).filter(({ status }) => status === 'rejected')).toEqual([])
    expect(await readBack('killed.raw')).toEqual(sent)
  }, 120_000)

  it('frozen, takes what its queue holds, refuses the rest at once, and delivers all that it took', async () => {
    const producer = await producerOf('frozen.raw', { maxQueuedBytes: 1_000_000 })
    const text = 'x'.repeat(10_000)
    const tracked = await whileFrozen(stack().parts.kafka, async () => {
      const answers = Array.from({ length: 300 }, (_, n) => producer.track({ who: 'ann', text: `${n}:${text}` }))
      const refused = answers.map((answer) =>
        answer.then(
          () => null,
          (error: unknown) => error,
        ),
      )
      expect(await refused[299]).toMatchObject({ code: 'WEIR_PRODUCER_QUEUE_FULL' })
      expect(producer.queued().bytes).toBeLessThanOrEqual(2_000_000)
      return answers
    })
    const results = await Promise.allSettled(tracked)
    const taken = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [`${n}:${text}`] : []))
    expect(taken.length).toBeGreaterThan(150)
    expect(taken.length).toBeLessThan(200)
    expect((await readBack('frozen.raw')).get('ann')).toEqual(taken)
  }, 60_000)

  it('for longer than an event may take, says so for each, and goes on when the broker is back', async () => {
    const heard: string[] = []
    const onError = (error: ProducerError) => heard.push(error.code)
    const producer = await producerOf('late.raw', { deliverWithinMs: 500, onError })
    await whileAway(stack().parts.kafka, async () => {
      const answers = PEOPLE.map((who) => producer.track({ who, text: 'late' }))
      const failures = (await Promise.allSettled(answers)).map((result) =>
        result.status === 'rejected' ? result.reason : null,
      )
      for (const failure of failures) expect(failure).toMatchObject({ code: 'WEIR_PRODUCER_NOT_DELIVERED' })
      expect(failures[0]).toBeInstanceOf(ProducerError)
      expect(producer.queued()).toEqual({ events: 0, bytes: 0 })
    })
    expect(heard).toHaveLength(PEOPLE.length)
    await expect(producer.track({ who: 'ann', text: 'again' })).resolves.toMatchObject({ topic: 'late.raw' })
  }, 60_000)
})
