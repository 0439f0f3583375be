import net from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type FakeBroker, raw, startFakeBroker } from '../../fixtures/fake-broker.ts'
import { startFakeCluster } from '../../fixtures/fake-cluster.ts'
import { fetchResponse, readFetch } from '../../fixtures/fetch-exchange.ts'
import { connectKafka } from '../connect.ts'
import { Closed, RequestTimedOut } from '../errors.ts'
import type { KafkaOptions } from '../options.ts'
import type { Kafka } from '../port.ts'

const HANDSHAKE = 17
const AUTHENTICATE = 36
const LIST_OFFSETS = 2
const plain = { mechanism: 'plain', username: 'u', password: 'p' } as const

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A server of a few lines that takes connections and says nothing, ever. */
async function silence(): Promise<number> {
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

async function broker(): Promise<FakeBroker> {
  const made = await startFakeBroker()
  open.push(() => made.close())
  return made
}

function lets(made: FakeBroker, sessionMs: bigint): void {
  made.on(HANDSHAKE, () => (body) => {
    const name = Buffer.from('PLAIN')
    body.int16(0).int32(1).int16(name.length)
    raw(body, name)
  })
  made.on(AUTHENTICATE, () => (body) => void body.int16(0).int16(-1).int32(0).int64(sessionMs))
}

/** What keeps this process alive beside the test itself, by its kind, as often as there is one. */
function held(): string[] {
  const ours = /^(?:Timeout|TCPSocketWrap|TCPConnectWrap|TLSWrap|GetAddrInfoReqWrap)$/
  return process
    .getActiveResourcesInfo()
    .filter((kind) => ours.test(kind))
    .sort()
}

/** What is held once what earlier tests had is gone: the same as long as it takes to close a socket. */
async function settledHeld(): Promise<string[]> {
  let seen = held()
  for (let same = 0; same < 200; same++) {
    await new Promise((resolve) => setImmediate(resolve))
    const now = held()
    if (now.join() !== seen.join()) same = 0
    seen = now
  }
  return seen
}

/** What is held that was not before: the process is shared, and a timer of another file may end meanwhile. */
function addedTo(before: readonly string[]): string[] {
  const left = [...before]
  return held().filter((kind) => {
    const at = left.indexOf(kind)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** Waits, without a timer, for as long as closing sockets takes. */
async function expectHeld(before: readonly string[]): Promise<void> {
  for (let turn = 0; turn < 5_000 && addedTo(before).length > 0; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(addedTo(before)).toEqual([])
}

type Stuck = [where: string, make: (reached: () => void) => Promise<Partial<KafkaOptions> & { port: number }>]

/** Each way in which connecting can come to a stand because the other side says nothing. */
const stuck: Stuck[] = [
  [
    'the TLS handshake',
    async (reached) => {
      const port = await silence()
      reached()
      return { port, ssl: true }
    },
  ],
  [
    'ApiVersions',
    async (reached) => {
      const made = await broker()
      made.on(18, () => {
        reached()
        return 'silence'
      })
      return { port: made.port }
    },
  ],
  [
    'the SASL handshake',
    async (reached) => {
      const made = await broker()
      made.on(HANDSHAKE, () => {
        reached()
        return 'silence'
      })
      return { port: made.port, sasl: plain }
    },
  ],
  [
    'SASL itself',
    async (reached) => {
      const made = await broker()
      lets(made, 0n)
      made.on(AUTHENTICATE, () => {
        reached()
        return 'silence'
      })
      return { port: made.port, sasl: plain }
    },
  ],
  [
    'the provider of tokens',
    async (reached) => {
      const made = await broker()
      made.on(HANDSHAKE, () => (body) => {
        const name = Buffer.from('OAUTHBEARER')
        body.int16(0).int32(1).int16(name.length)
        raw(body, name)
      })
      const oauthBearer = () => {
        reached()
        return new Promise<never>(() => undefined)
      }
      return { port: made.port, sasl: { mechanism: 'oauthbearer', oauthBearer } }
    },
  ],
]

test.each(stuck)('Connecting that comes to a stand at %s ends within its limit, and is told of', async (_, make) => {
  const { port, ...options } = await make(() => undefined)
  const told = Promise.withResolvers<string>()
  const stop = new AbortController()
  const connecting = connectKafka({
    brokers: [`127.0.0.1:${port}`],
    clientId: 'test',
    requestTimeoutMs: 100,
    signal: stop.signal,
    onEvent: ({ message }) => told.resolve(message),
    ...options,
  })
  expect(await told.promise).toContain(`Connecting to 127.0.0.1:${port}: no answer within 100 ms`)
  stop.abort()
  await expect(connecting).rejects.toThrow(Closed)
})

test.each(stuck)('Given up while it stands at %s, connecting leaves no timer and no socket', async (_, make) => {
  const reached = Promise.withResolvers<void>()
  const { port, ...options } = await make(reached.resolve)
  const before = await settledHeld()
  const stop = new AbortController()
  const more = { clientId: 'test', signal: stop.signal, ...options }
  const connecting = connectKafka({ brokers: [`127.0.0.1:${port}`], ...more })
  await reached.promise
  stop.abort()
  await expect(connecting).rejects.toThrow(Closed)
  await expectHeld(before)
})

const bounds = { maxWaitMs: 60_000, maxPartitionBytes: 1_000, maxBytes: 1_000, readAheadBytes: 1_000 }

/** Each state in which a client that is connected may be when it is closed. */
test.each<[string, number, (kafka: Kafka, topic: string) => void]>([
  ['reading, with a request that waits at the broker', 1, (kafka, topic) => reading(kafka, topic)],
  ['pausing before it looks for a leader again', 3, (kafka) => reading(kafka, 'a topic that is not there')],
  ['joining a group', 68, (kafka, topic) => void joining(kafka, topic).catch(() => undefined)],
  [
    'taking a transactional id',
    22,
    (kafka) => {
      const producer = kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 1_000 })
      producer.init().catch(() => undefined)
    },
  ],
  ['asking for ends', LIST_OFFSETS, (kafka, topic) => void ends(kafka, topic).catch(() => undefined)],
])('Left while %s, a client leaves no timer and no socket', async (_, apiKey, use) => {
  const cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  open.push(() => cluster.close())
  const connected = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  for (const leave of ['close', 'abandon'] as const) {
    const before = await settledHeld()
    const kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 500 })
    connected.resolve()
    cluster.brokers[0]?.on(apiKey, async (request, version) => {
      await connected.promise
      asked.resolve()
      return apiKey === 3 ? cluster.metadata(request, version) : 'silence'
    })
    use(kafka, cluster.topic)
    await asked.promise
    if (leave === 'abandon') kafka.abandon()
    await kafka.close()
    await expectHeld(before)
    cluster.brokers[0]?.on(3, cluster.metadata)
  }
})

function reading(kafka: Kafka, topic: string): void {
  kafka.fetcher({ topic, isolation: 'read_committed', ...bounds }).assign(0, 0)
}

function joining(kafka: Kafka, topic: string): Promise<unknown> {
  const nothing = async () => undefined
  const on = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
  return kafka.join({ groupId: 'g', topic, rebalanceTimeoutMs: 1_000, ...on })
}

function ends(kafka: Kafka, topic: string): Promise<number[]> {
  return kafka.endOffsets([{ topic, partition: 0 }], 'stable')
}

function endsAt(offset: number) {
  return (body: Parameters<ReturnType<typeof fetchResponse>>[0]) => {
    body.int32(0).arrayLength(1).string('topic').arrayLength(1)
    body.int32(0).int16(0).int64Number(-1).int64Number(offset).int32(0).tags().tags().tags()
  }
}

/** A cluster whose logins hold for a moment only, and a client that has logged in on its control lane. */
async function shortSessions() {
  const cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  open.push(() => cluster.close())
  const [made] = cluster.brokers
  if (made === undefined) throw new Error('a cluster has a broker')
  lets(made, 1n)
  made.on(LIST_OFFSETS, () => endsAt(5))
  const options = { brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 300, sasl: plain }
  const kafka = await connectKafka(options)
  open.push(() => kafka.close())
  expect(await ends(kafka, cluster.topic)).toEqual([5])
  return { kafka, made, topic: cluster.topic }
}

test('While a login is renewed nothing else is sent on that connection, and afterwards what waited, in its order', async () => {
  const { kafka, made, topic } = await shortSessions()
  const order: string[] = []
  const renewing = Promise.withResolvers<void>()
  let renewed = false
  const answer = Promise.withResolvers<void>()
  lets(made, 0n)
  made.on(AUTHENTICATE, async () => {
    renewed = true
    renewing.resolve()
    await answer.promise
    return (body) => void body.int16(0).int16(-1).int32(0).int64(0n)
  })
  let asked = 0
  made.on(LIST_OFFSETS, () => {
    order.push(`ask ${++asked}`)
    return endsAt(asked)
  })
  const before = made.connections()
  const asking = (async () => {
    while (!renewed) await ends(kafka, topic)
  })()
  await renewing.promise
  order.length = 0
  asked = 0
  const waiting = [ends(kafka, topic), ends(kafka, topic), ends(kafka, topic)]
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  expect(order).toEqual([])
  answer.resolve()
  await asking
  // The one that met the end of the session is the first.
  expect(await Promise.all(waiting)).toEqual([[2], [3], [4]])
  expect(made.connections()).toBe(before)
})

test('A renewal that is not answered ends within its limit, and the next request has a new connection', async () => {
  const { kafka, made, topic } = await shortSessions()
  made.on(HANDSHAKE, () => 'silence')
  const refused = await (async () => {
    for (;;) await ends(kafka, topic)
  })().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(RequestTimedOut)
  expect(String(refused)).toContain('Renewing the SASL login')
  lets(made, 0n)
  const before = made.connections()
  expect(await ends(kafka, topic)).toEqual([5])
  expect(made.connections()).toBe(before + 1)
})

test('A connection whose other side has gone silent is found by the next request, within its limit', async () => {
  const cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  open.push(() => cluster.close())
  const [made] = cluster.brokers
  let silent = true
  made?.on(1, (request) => {
    const { asked } = readFetch(request)
    if (silent) return 'silence'
    return fetchResponse(
      cluster.topic,
      asked.map(({ partition }) => ({ partition })),
    )
  })
  const kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 200 })
  open.push(() => kafka.close())
  const fetcher = kafka.fetcher({ topic: cluster.topic, isolation: 'read_committed', ...bounds, maxWaitMs: 50 })
  fetcher.assign(0, 0)
  while ((made?.connections() ?? 0) < 4) await fetcher.poll(50)
  silent = false
  while ((await fetcher.poll(1_000)).length === 0);
})
