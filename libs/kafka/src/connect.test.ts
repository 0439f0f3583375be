import { afterEach, expect, test } from 'vitest'
import { raw, startFakeBroker, versions } from '../fixtures/fake-broker.ts'
import { type FakeLeader, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { dataBatch } from '../fixtures/log.ts'
import { connectKafka } from './connect.ts'
import { Unsupported } from './connect-errors.ts'
import { BrokerError, Closed, KafkaError, NoSuchPartition, RequestTimedOut } from './errors.ts'
import type { KafkaOptions } from './options.ts'
import type { Reader } from './wire/reader.ts'
import type { Writer } from './wire/writer.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function connected(brokers: readonly string[], more: Partial<KafkaOptions> = {}) {
  const kafka = await connectKafka({ brokers, clientId: 'test', requestTimeoutMs: 2_000, ...more })
  open.push(() => kafka.close())
  return kafka
}

async function cluster(brokers: number, leaders: FakeLeader[]) {
  const made = await startFakeCluster(brokers, leaders)
  open.push(() => made.close())
  return made
}

/** Reads a ListOffsets 7 request of one partition. */
function askedEpoch(request: Reader): number {
  request.int32()
  request.int8()
  request.uvarint()
  request.string()
  request.uvarint()
  request.int32()
  return request.int32()
}

function offsetAnswer(errorCode: number, offset: number) {
  return (body: Writer) => {
    body.int32(0).arrayLength(1).string('topic').arrayLength(1)
    body.int32(0).int16(errorCode).int64Number(-1).int64Number(offset).int32(0).tags().tags().tags()
  }
}

test('An end is asked of the leader with its epoch; one that has moved is refused, and asked of the new leader next', async () => {
  const { brokers, bootstrap, leaders, topic } = await cluster(2, [{ nodeId: 0, epoch: 4 }])
  const epochs: number[] = []
  brokers[0]?.on(2, (request) => {
    epochs.push(askedEpoch(request))
    return leaders[0]?.nodeId === 0 ? offsetAnswer(0, 10) : offsetAnswer(6, -1)
  })
  brokers[1]?.on(2, (request) => {
    epochs.push(askedEpoch(request))
    return offsetAnswer(0, 12)
  })
  const kafka = await connected(bootstrap)
  const at = [{ topic, partition: 0 }]
  expect(await kafka.endOffsets(at, 'stable')).toEqual([10])
  leaders[0] = { nodeId: 1, epoch: 5 }
  const refused = await kafka.endOffsets(at, 'stable').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(BrokerError)
  expect(refused).toMatchObject({ codeName: 'NOT_LEADER_OR_FOLLOWER', retriable: true })
  expect(await kafka.endOffsets(at, 'stable')).toEqual([12])
  expect(epochs).toEqual([4, 4, 5])
  // An isolated broker tells of the old leader again: it is not believed.
  leaders[0] = { nodeId: 0, epoch: 4 }
  await kafka.topics([topic])
  expect(await kafka.endOffsets(at, 'stable')).toEqual([12])
})

test('A partition that does not exist is an error of its own', async () => {
  const { bootstrap, topic } = await cluster(1, [{ nodeId: 0, epoch: 0 }])
  const kafka = await connected(bootstrap)
  await expect(kafka.endOffsets([{ topic, partition: 1 }], 'stable')).rejects.toThrow(NoSuchPartition)
  await expect(kafka.endOffsets([{ topic: 'other', partition: 0 }], 'stable')).rejects.toThrow(NoSuchPartition)
  expect(await kafka.topics(['other'])).toEqual([])
})

test('A fetcher follows a partition to its new leader and goes on at its position', async () => {
  const { brokers, bootstrap, leaders, topic } = await cluster(2, [{ nodeId: 0, epoch: 0 }])
  const asked: [nodeId: number, offset: number, epoch: number][] = []
  for (const [nodeId, broker] of brokers.entries()) {
    broker.on(1, (request) => {
      for (let i = 0; i < 4; i++) request.int32()
      request.int8()
      request.int32()
      request.int32()
      request.uvarint()
      request.string()
      request.uvarint()
      request.int32()
      const epoch = request.int32()
      const offset = request.int64Number()
      asked.push([nodeId, offset, epoch])
      const moved = leaders[0]?.nodeId !== nodeId
      const records =
        moved || offset >= 4 ? Buffer.alloc(0) : dataBatch(offset, [{ timestampMs: 1, key: null, value: null }])
      if (offset === 1 && nodeId === 0) leaders[0] = { nodeId: 1, epoch: 1 }
      return (body) => {
        body.int32(0).int16(0).int32(0).arrayLength(1).string(topic).arrayLength(1)
        body
          .int32(0)
          .int16(moved ? 6 : 0)
          .int64Number(4)
          .int64Number(4)
          .int64Number(0)
        body.arrayLength(0).int32(-1).bytesByReference(records).tags().tags().tags()
      }
    })
  }
  const kafka = await connected(bootstrap)
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: 10,
    maxPartitionBytes: 1_000,
    maxBytes: 1_000,
    readAheadBytes: 10_000,
  })
  fetcher.assign(0, 0)
  const offsets: number[] = []
  while (offsets.length < 4) {
    for (const { fetchOffset, records } of await fetcher.poll(1_000)) if (records.length > 0) offsets.push(fetchOffset)
  }
  expect(offsets).toEqual([0, 1, 2, 3])
  expect(asked).toContainEqual([0, 2, 0])
  expect(asked.filter(([nodeId, offset]) => nodeId === 1 && offset < 4)).toEqual([
    [1, 2, 1],
    [1, 3, 1],
  ])
})

test('A broker that says nothing costs the time limit, and the next request goes over a new connection', async () => {
  const { brokers, bootstrap, topic } = await cluster(1, [{ nodeId: 0, epoch: 0 }])
  let silent = true
  brokers[0]?.on(2, () => (silent ? 'silence' : offsetAnswer(0, 3)))
  const kafka = await connected(bootstrap, { requestTimeoutMs: 100 })
  await expect(kafka.endOffsets([{ topic, partition: 0 }], 'stable')).rejects.toThrow(RequestTimedOut)
  const before = brokers[0]?.connections() ?? 0
  silent = false
  expect(await kafka.endOffsets([{ topic, partition: 0 }], 'stable')).toEqual([3])
  expect(brokers[0]?.connections()).toBe(before + 1)
})

test('Initialising and asking for committed offsets are given up at once when their signal aborts', async () => {
  const { brokers, bootstrap, topic } = await cluster(1, [{ nodeId: 0, epoch: 0 }])
  const kafka = await connected(bootstrap, { requestTimeoutMs: 60_000 })
  const producer = kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 1_000 })
  for (const [apiKey, ask] of [
    [22, (signal: AbortSignal) => producer.init(signal)],
    [9, (signal: AbortSignal) => kafka.committedOffsets('g', [{ topic, partition: 0 }], signal)],
  ] as const) {
    const asked = Promise.withResolvers<void>()
    brokers[0]?.on(apiKey, () => {
      asked.resolve()
      return 'silence'
    })
    const stop = new AbortController()
    const answer = ask(stop.signal)
    await asked.promise
    stop.abort()
    await expect(answer).rejects.toThrow(Closed)
    await expect(ask(AbortSignal.abort())).rejects.toThrow(Closed)
  }
})

test('An InitProducerId that was given up does not come after the next one', async () => {
  const { brokers, bootstrap } = await cluster(1, [])
  const kafka = await connected(bootstrap)
  const producer = kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 1_000 })
  const coordinator = brokers[0]?.port ?? 0
  const finding = Promise.withResolvers<void>()
  const found = Promise.withResolvers<void>()
  let finds = 0
  brokers[0]?.on(10, async () => {
    finds++
    finding.resolve()
    await found.promise
    return (body) => {
      body.int32(0).arrayLength(1).string('slot').int32(0).string('127.0.0.1').int32(coordinator)
      body.int16(0).nullableString(null).tags().tags()
    }
  })
  let inits = 0
  brokers[0]?.on(22, () => {
    const epoch = ++inits
    return (body) => void body.int32(0).int16(0).int64(5n).int16(epoch).tags()
  })
  const stop = new AbortController()
  const givenUp = producer.init(stop.signal)
  await finding.promise
  stop.abort()
  await expect(givenUp).rejects.toThrow(Closed)
  const next = producer.init()
  found.resolve()
  await next
  expect([finds, inits]).toEqual([1, 2])
})

test('Abandoned, a client lets go of everything at once, whatever it waits for at a broker that says nothing', async () => {
  const { brokers, bootstrap, topic } = await cluster(1, [{ nodeId: 0, epoch: 0 }])
  const kafka = await connected(bootstrap, { requestTimeoutMs: 60_000 })
  const at = [{ topic, partition: 0 }]
  await kafka.topics([topic])
  const asked = [22, 9, 2, 18].map((apiKey) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    brokers[0]?.on(apiKey, () => {
      resolve()
      return 'silence'
    })
    return promise
  })
  const appender = await kafka.appender()
  const fails = [
    kafka.endOffsets(at, 'stable'),
    kafka.committedOffsets('g', at),
    appender.append(topic, [{ partition: 0, key: null, value: null }]),
    // On a lane of its own, which is still connecting.
    kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 60_000 }).init(),
  ].map((work) => expect(work).rejects.toThrow(KafkaError))
  await Promise.all([asked[2], asked[3]])
  const before = performance.now()
  kafka.abandon()
  await Promise.all(fails)
  // Whoever begins anew after an error does so until it is closed itself.
  kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: 10,
    maxPartitionBytes: 1_000,
    maxBytes: 1_000,
    readAheadBytes: 10_000,
  })
  await kafka.close()
  expect(performance.now() - before).toBeLessThan(2_500)
  await expect(kafka.endOffsets(at, 'stable')).rejects.toThrow(Closed)
})

test('A broker that hangs up, or answers what is no answer, gives a typed error and not a crash', async () => {
  const { brokers, bootstrap, topic } = await cluster(1, [{ nodeId: 0, epoch: 0 }])
  const kafka = await connected(bootstrap)
  const at = [{ topic, partition: 0 }]
  brokers[0]?.on(2, () => 'hang-up')
  await expect(kafka.endOffsets(at, 'stable')).rejects.toMatchObject({ code: 'WEIR_KAFKA_CONNECTION' })
  brokers[0]?.on(2, () => (body) => void body.int32(1))
  await expect(kafka.endOffsets(at, 'stable')).rejects.toMatchObject({ code: 'WEIR_KAFKA_MALFORMED_RESPONSE' })
})

test('A broker that is too old is refused at once, also behind one that is away', async () => {
  const broker = await startFakeBroker()
  open.push(() => broker.close())
  broker.on(18, () => versions({ 0: 9 }, {}))
  await expect(connected(['127.0.0.1:1', `127.0.0.1:${broker.port}`])).rejects.toThrow(Unsupported)
})

test('A SASL login is made before anything else, and a refused one is not tried again', async () => {
  const { brokers, bootstrap } = await cluster(1, [])
  const order: string[] = []
  const metadata = brokers[0]
  metadata?.on(17, () => {
    order.push('handshake')
    return (body) => {
      const name = Buffer.from('PLAIN')
      body.int16(0).int32(1).int16(name.length)
      raw(body, name)
    }
  })
  let accept = true
  metadata?.on(36, () => {
    order.push('authenticate')
    return (body) => {
      const why = Buffer.from('no')
      body.int16(accept ? 0 : 58)
      if (accept) body.int16(-1)
      else {
        body.int16(why.length)
        raw(body, why)
      }
      body.int32(0).int64(0n)
    }
  })
  const sasl = { mechanism: 'plain', username: 'u', password: 's3cret' } as const
  await connected(bootstrap, { sasl })
  expect(order).toEqual(['handshake', 'authenticate'])
  accept = false
  const refused = await connected(bootstrap, { sasl }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(KafkaError)
  expect(refused).toMatchObject({ retriable: false })
  expect(String(refused)).not.toContain('s3cret')
})

test('An address that is none is refused', async () => {
  await expect(connected(['not an address'])).rejects.toThrow(/no broker address/)
})
