import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  avroDecoder,
  CallbackFailed,
  type Consumer,
  type ConsumerOptions,
  createConsumer,
  NoSuchTopic,
} from '@weir/consumer'
import { Registry } from '@weir/infra/kafka/registry.ts'
import { type Appender, BatchBuilder, connectKafka, type Kafka, partitionOf } from '@weir/kafka'
import { writeTopicsRecord } from '@weir/replay'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { until } from '../support/until.ts'

const PARTITIONS = 4
const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registryUrl } = inject('stack')

/** Pseudonyms as Weir writes them. */
const [ann, ben, cem] = [pseudonym(1), pseudonym(2), pseudonym(3)]

function pseudonym(n: number): string {
  return `1.${n.toString(16).padStart(8, '0')}${randomUUID().replaceAll('-', '').slice(0, 24)}`
}

let kafka: Kafka
let appender: Appender
let namespace: string
let consumers: Consumer[]
/** What one or several consumers of a test were given, in the order of the calls. */
let seen: string[]
let told: string[]

beforeAll(async () => {
  kafka = await connectKafka({ brokers: brokers.split(','), clientId: 'weir-test' })
  appender = await kafka.appender()
})
afterAll(() => kafka.close())

beforeEach(async () => {
  namespace = `consumer.${randomUUID().slice(0, 8)}.`
  consumers = []
  seen = []
  told = []
  await topics('shop.ads', 'shop.ads.forget')
})
afterEach(async () => {
  for (const consumer of consumers) await consumer.close()
})

async function topics(...names: string[]): Promise<void> {
  const config = (name: string) => ({ 'cleanup.policy': name.endsWith('.forget') ? 'compact' : 'delete' })
  const spec = (name: string) => ({ topic: namespace + name, partitions: PARTITIONS, config: config(name) })
  await kafka.admin.ensureTopics(names.map(spec))
}

/** Clean records: the schema's id, then what stands for Avro. */
async function publish(whose: string, texts: readonly string[], topic = 'shop.ads', schemaId = 9): Promise<void> {
  const key = Buffer.from(whose)
  const frame = Buffer.alloc(5)
  frame.writeInt32BE(schemaId, 1)
  const value = (text: string) => Buffer.concat([frame, Buffer.from(text)])
  const partition = partitionOf(key, PARTITIONS)
  await appender.append(
    namespace + topic,
    texts.map((text) => ({ partition, key, value: value(text) })),
  )
}

/** What the forgetter writes: a version, and a day as Avro. */
const ORDER = Buffer.of(1, 0xf0, 0xbe, 0x02)

async function forget(whose: string): Promise<void> {
  const key = Buffer.from(whose)
  const partition = partitionOf(key, PARTITIONS)
  await appender.append(`${namespace}shop.ads.forget`, [{ partition, key, value: ORDER }])
}

async function consume(more: Partial<ConsumerOptions> = {}): Promise<Consumer> {
  const consumer = await createConsumer({
    brokers,
    namespace,
    topic: 'shop.ads',
    groupId: `${namespace}shop`,
    onRecords: async (records) => void seen.push(...records.map(({ value }) => value.toString())),
    onForget: async (pseudonyms) => void told.push(...pseudonyms),
    ...more,
  })
  consumers.push(consumer)
  return consumer
}

const sees = (...texts: string[]) => until(`${texts} were handed out`, () => texts.every((text) => seen.includes(text)))
const hears = (whose: string) => until('it was told', () => told.includes(whose))

test('Records come as they were written; after an order none of that person does, and the others go on', async () => {
  await publish(ann, ['a1', 'a2'])
  await publish(ben, ['b1'])
  const records: unknown[] = []
  const onRecords: ConsumerOptions['onRecords'] = async (batch) => {
    records.push(...batch.filter(({ pseudonym: whose }) => whose === ann))
    seen.push(...batch.map(({ value }) => value.toString()))
  }
  const consumer = await consume({ onRecords })
  await sees('a1', 'a2', 'b1')
  const partition = partitionOf(Buffer.from(ann), PARTITIONS)
  const like = {
    topic: `${namespace}shop.ads`,
    partition,
    pseudonym: ann,
    schemaId: 9,
    timestampMs: expect.any(Number),
  }
  expect(records).toEqual([
    { ...like, offset: 0, value: Buffer.from('a1') },
    { ...like, offset: 1, value: Buffer.from('a2') },
  ])
  expect(told).toEqual([])
  await forget(ann)
  await hears(ann)
  expect(consumer.forgotten).toBe(1)
  await publish(ann, ['a3'])
  await publish(ben, ['b2'])
  await publish(ann, ['a4'])
  // Behind them in their partition.
  const mark = samePartition(ann)
  await publish(mark, ['end'])
  await sees('b2', 'end')
  expect(seen).not.toContain('a3')
  expect(seen).not.toContain('a4')
})

/** Somebody else in this person's partition. */
function samePartition(whose: string): string {
  const partition = partitionOf(Buffer.from(whose), PARTITIONS)
  for (let n = 100; ; n++) {
    const other = pseudonym(n)
    if (partitionOf(Buffer.from(other), PARTITIONS) === partition) return other
  }
}

test('An order that was there first holds for a new group from its first record on; one that was aborted is none', async () => {
  const other = samePartition(ann)
  await publish(ann, ['a1'])
  const nothing = async () => undefined
  const callbacks = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
  const topic = `${namespace}shop.ads`
  const member = await kafka.join({ groupId: `${namespace}forgetter`, topic, rebalanceTimeoutMs: 5_000, ...callbacks })
  const producer = kafka.transactionalProducer({
    transactionalId: `${namespace}forgetter`,
    transactionTimeoutMs: 10_000,
  })
  await producer.init()
  for (const [whose, end] of [
    [other, 'abort'],
    [ann, 'commit'],
  ] as const) {
    const transaction = await producer.begin(member, [{ topic, partition: 0, offset: 0 }])
    const builder = new BatchBuilder(`${topic}.forget`, partitionOf(Buffer.from(whose), PARTITIONS))
    builder.append(0, Buffer.from(whose), ORDER)
    await transaction.produce(builder.finish())
    await transaction[end]()
  }
  await producer.close()
  await member.leave()
  await publish(other, ['other'])
  await consume()
  await sees('other')
  expect(seen).toEqual(['other'])
  expect(told).toContain(ann)
  expect(told).not.toContain(other)
})

test('An order that comes while a batch is being handled holds for the next, though that was fetched before', async () => {
  await publish(ann, ['a1', 'a2', 'a3'])
  const handling = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  let busy = false
  await consume({
    maxBatchRecords: 1,
    async onRecords([record]) {
      seen.push(record?.value.toString() ?? '')
      busy = true
      handling.resolve()
      await release.promise
      busy = false
    },
    async onForget(pseudonyms) {
      expect(busy).toBe(false)
      told.push(...pseudonyms)
    },
  })
  await handling.promise
  await forget(ann)
  await publish(samePartition(ann), ['end'])
  release.resolve()
  await sees('end')
  expect(seen).toEqual(['a1', 'end'])
  expect(told).toContain(ann)
})

test('An order whose handling failed is told again to the next consumer; one that was acknowledged is not', async () => {
  await consume()
  await forget(ann)
  await hears(ann)
  await until('it is acknowledged', async () => (await acknowledged()) === 1)
  await consumers[0]?.close()

  await forget(ben)
  const failing = await consume({
    async onForget() {
      throw new Error('the database is away')
    },
  })
  const error: unknown = await failing.done.catch((failure: unknown) => failure)
  expect(error).toBeInstanceOf(CallbackFailed)
  expect(error).toMatchObject({ code: 'WEIR_CONSUMER_CALLBACK', cause: { message: 'the database is away' } })
  expect(await acknowledged()).toBe(1)

  told = []
  await publish(samePartition(ann), ['end'])
  const again = await consume()
  await sees('end')
  expect(told).toEqual([ben])
  expect(again.forgotten).toBe(2)
})

/** How many orders the group has acknowledged. */
async function acknowledged(): Promise<number> {
  const places = Array.from({ length: PARTITIONS }, (_, partition) => ({
    topic: `${namespace}shop.ads.forget`,
    partition,
  }))
  const offsets = await kafka.committedOffsets(`${namespace}shop`, places)
  return offsets.reduce((sum, offset) => sum + Math.max(0, offset), 0)
}

test('After a crash records come again that were not handled, and one who is forgotten since is told of again', async () => {
  await publish(ann, ['a1'])
  const crashed = await consume({
    async onRecords() {
      seen.push('stored')
      throw new Error('a crash before the commit')
    },
  })
  await crashed.done.catch(() => undefined)
  // Another consumer of the group acknowledges the order before anybody deletes what the crashed one stored.
  await forget(ann)
  const place = { topic: `${namespace}shop.ads.forget`, partition: partitionOf(Buffer.from(ann), PARTITIONS) }
  const nothing = async () => undefined
  const callbacks = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
  const groupId = `${namespace}shop`
  const member = await kafka.join({ groupId, topic: `${namespace}shop.ads`, rebalanceTimeoutMs: 5_000, ...callbacks })
  await member.commit([{ ...place, offset: 1 }])
  await member.leave()
  await publish(samePartition(ann), ['end'])
  await consume()
  await sees('end')
  expect(seen).toEqual(['stored', 'end'])
  expect(told).toEqual([ann])
})

test('Two consumers of a group share the records, both hear of an order, and one that closes hands on its place', async () => {
  const [one, two]: [string[], string[]] = [[], []]
  const toldTwo: string[] = []
  const into = (list: string[]): ConsumerOptions['onRecords'] => {
    return async (records) => void list.push(...records.map(({ value }) => value.toString()))
  }
  await consume({ onRecords: into(one) })
  const second = await consume({ onRecords: into(two), onForget: async (whose) => void toldTwo.push(...whose) })
  const everybody = Array.from({ length: 40 }, (_, n) => pseudonym(n))
  let round = 0
  await until('both get some', async () => {
    round++
    await Promise.all(everybody.map((whose, n) => publish(whose, [`${round}.${n}`])))
    return one.length > 0 && two.length > 0
  })
  await forget(cem)
  await until('both were told', () => told.length > 0 && toldTwo.length > 0)
  await second.close()
  const rounds = Array.from({ length: round }, (_, r) => everybody.map((_, n) => `${r + 1}.${n}`)).flat()
  await until('all records', () => one.length + two.length >= rounds.length)
  expect([...one, ...two].sort()).toEqual(rounds.sort())
})

describe('a topic that becomes the current one', () => {
  test('is gone on with from its start, once what came of the old one is committed', async () => {
    const moved: unknown[] = []
    const follow = { stream: 'shop', purpose: 'ads' }
    await topics('shop.ads.replay-0a1b2c3d')
    await kafka.admin.ensureTopics([
      { topic: `${namespace}weir.topics`, partitions: 1, config: { 'cleanup.policy': 'compact' } },
    ])
    await publish(ann, ['old'])
    await publish(ann, ['new 1'], 'shop.ads.replay-0a1b2c3d')
    await publish(ben, ['new 2'], 'shop.ads.replay-0a1b2c3d')
    await forget(cem)
    await publish(cem, ['nothing of this'], 'shop.ads.replay-0a1b2c3d')
    await consume({ follow, onSwitch: async (change) => void moved.push(change) })
    await sees('old')
    const topic = `${namespace}shop.ads.replay-0a1b2c3d`
    await writeTopicsRecord(kafka, namespace, {
      kind: 'alias',
      alias: { ...follow, topic, sinceMs: Date.now(), planId: null },
    })
    await sees('new 1', 'new 2')
    expect(moved).toEqual([{ from: `${namespace}shop.ads`, to: topic }])
    expect(seen.toSorted()).toEqual(['new 1', 'new 2', 'old'])
  })
})

/** Id of a schema of clean records. */
async function registered(): Promise<number> {
  const path = { type: ['null', 'string'], name: 'path', default: null }
  const schema = { type: 'record', name: 'Clean', fields: [path] }
  const subject = `${namespace}shop.ads-value`
  await new Registry(registryUrl).register({ subject, schema, compatibility: 'FULL_TRANSITIVE' })
  const latest: unknown = await (await fetch(`${registryUrl}/subjects/${subject}/versions/latest`)).json()
  return Number(Reflect.get(Object(latest), 'id'))
}

test('Values are read by the schema that the registry has under their id', async () => {
  const decode = avroDecoder({ registryUrl })
  const read: unknown[] = []
  await consume({
    async onRecords(records) {
      for (const record of records) read.push({ ...(await decode(record)) })
    },
  })
  await publish(ann, ['\x02\x04/a', '\x00'], 'shop.ads', await registered())
  await until('both are read', () => read.length === 2)
  expect(read).toEqual([{ path: '/a' }, { path: null }])
})

test('The example of the README does what it says, and leaves nothing behind that keeps its process alive', async () => {
  const readme = await readFile(new URL('../../libs/consumer/README.md', import.meta.url), 'utf8')
  const example = readme.match(/```ts\n(.+?)```/s)?.[1] ?? ''
  const own = [
    ["'@weir/consumer'", JSON.stringify(new URL('../../libs/consumer/src/index.ts', import.meta.url).href)],
    ["'http://localhost:8081'", JSON.stringify(registryUrl)],
    ["'localhost:9092'", JSON.stringify(brokers)],
    ["'clickstream.personalization'", `'shop.ads', namespace: '${namespace}'`],
  ] as const
  const text = own.reduce((rest, [theirs, ours]) => {
    expect(rest).toContain(theirs)
    return rest.replace(theirs, ours)
  }, example)
  const folder = await mkdtemp(join(tmpdir(), 'weir-example-'))
  const file = join(folder, 'example.mjs')
  const views = `const views = {
    add: async (whose, value) => console.log('add', whose, value.path),
    deleteAll: async (pseudonyms) => console.log('delete', ...pseudonyms),
  }`
  await writeFile(file, `${views}\n${text}`)
  const schemaId = await registered()
  const running = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const ended = once(running, 'exit')
    let out = ''
    running.stdout.on('data', (chunk) => {
      out += String(chunk)
    })
    await publish(ann, ['\x02\x04/a'], 'shop.ads', schemaId)
    await until('it stored the record', () => out.includes(`add ${ann} /a`))
    await forget(ann)
    await until('it deleted what it had of her', () => out.includes(`delete ${ann}`))
    running.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  } finally {
    running.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})

test('A topic without forget orders beside it is refused, with what to do', async () => {
  await topics('bare')
  await expect(consume({ topic: 'bare' })).rejects.toThrow(NoSuchTopic)
  await expect(consume({ topic: 'bare' })).rejects.toThrow(/bare\.forget does not exist.*weir contract apply/)
})
