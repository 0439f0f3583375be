import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { BatchBuilder, connectKafka, type Kafka, type KafkaOptions, RecordWalk, Rows } from '@weir/kafka'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { newAuthority } from '../support/certificates.ts'
import { readToEnd } from '../support/kafka-read.ts'
import { SESSION_MS, type SecuredBroker, startSecuredBroker, user } from '../support/secured-broker.ts'
import { until } from '../support/until.ts'

type Security = Pick<KafkaOptions, 'ssl' | 'sasl'>
type Login = NonNullable<KafkaOptions['sasl']>

let broker: SecuredBroker
beforeAll(async () => {
  broker = await startSecuredBroker()
}, 180_000)
afterAll(() => broker?.stop())

const open: Kafka[] = []
afterEach(async () => {
  for (const kafka of open.splice(0)) await kafka.close()
})

const events: string[] = []
async function connect(at: string, security: Security): Promise<Kafka> {
  events.length = 0
  const onEvent = ({ message }: { message: string }) => events.push(message)
  // A refusal that was tried on, without end, would be told as Closed.
  const signal = AbortSignal.timeout(20_000)
  const kafka = await connectKafka({ brokers: [at], clientId: 'test', onEvent, signal, ...security })
  open.push(kafka)
  return kafka
}

/** An unsigned token as the broker's test validator takes it. */
function token(livesS: number): string {
  const nowS = Math.floor(Date.now() / 1_000)
  const part = (of: object) => Buffer.from(JSON.stringify(of)).toString('base64url')
  return `${part({ alg: 'none' })}.${part({ sub: 'weir', iat: nowS - 3_600, exp: nowS + livesS })}.`
}

const bearer = (livesS: number): Login => ({
  mechanism: 'oauthbearer',
  oauthBearer: async () => ({ value: token(livesS) }),
})
const byPassword = (mechanism: keyof typeof user): Login => ({ mechanism, ...user[mechanism] })

/** Copies all records of a topic to another in transactions, by one member, and fails on the first error. */
async function copyAll(kafka: Kafka, from: string, to: string, finished: () => boolean): Promise<void> {
  const producer = kafka.transactionalProducer({ transactionalId: `copy-${from}`, transactionTimeoutMs: 10_000 })
  await producer.init()
  const bounds = { maxWaitMs: 300, maxPartitionBytes: 20_000, maxBytes: 20_000, readAheadBytes: 40_000 }
  const fetcher = kafka.fetcher({ topic: from, isolation: 'read_committed', ...bounds })
  const groupId = `copiers-of-${from}`
  const member = await kafka.join({
    groupId,
    topic: from,
    rebalanceTimeoutMs: 10_000,
    onAssigned: async (partitions) => {
      const at = partitions.map((partition) => ({ topic: from, partition }))
      const offsets = await kafka.committedOffsets(groupId, at)
      for (const [i, partition] of partitions.entries()) fetcher.assign(partition, Math.max(0, offsets[i] ?? 0))
    },
    onRevoked: async (partitions) => partitions.forEach((partition) => void fetcher.unassign(partition)),
    onLost: async () => undefined,
  })
  const rows = new Rows(1_000)
  let position = 0
  for (;;) {
    const ended = finished()
    for (const fetched of await fetcher.poll(200)) {
      const walk = new RecordWalk(fetched)
      while (!walk.done) {
        rows.clear()
        walk.fill(rows, rows.capacity)
        const builder = new BatchBuilder(to, fetched.partition)
        for (let i = 0; i < rows.count; i++) {
          const value = rows.source[i]?.subarray(rows.valueStart[i], rows.valueEnd[i]) ?? null
          builder.append(1, null, value)
        }
        position = walk.position
        const transaction = await producer.begin(member, [
          { topic: from, partition: fetched.partition, offset: position },
        ])
        if (rows.count > 0) await transaction.produce(builder.finish())
        await transaction.commit()
      }
    }
    if (!ended) continue
    const [end = 0] = await kafka.endOffsets([{ topic: from, partition: 0 }], 'stable')
    if (position >= end) break
  }
  await member.leave()
  await fetcher.close()
  await producer.close()
}

async function expectSame(kafka: Kafka, from: string, to: string, count: number): Promise<void> {
  const [given, copied] = [
    await readToEnd(kafka, { topic: from, partition: 0 }),
    await readToEnd(kafka, { topic: to, partition: 0 }),
  ]
  expect(given.records).toHaveLength(count)
  expect(copied.records.map((record) => record.value)).toEqual(given.records.map((record) => record.value))
}

describe('a broker that asks for TLS or a login', () => {
  test.each<[string, keyof SecuredBroker['at'], () => Security]>([
    ['TLS', 'tls', () => ({ ssl: { ca: broker.authority.cert } })],
    ['mutual TLS', 'mutual', () => ({ ssl: { ca: broker.authority.cert, ...broker.authority.issue({ name: 'us' }) } })],
    ['PLAIN over TLS', 'login', () => ({ ssl: { ca: broker.authority.cert }, sasl: byPassword('plain') })],
    ['SCRAM-SHA-256', 'openLogin', () => ({ sasl: byPassword('scram-sha-256') })],
    [
      'SCRAM-SHA-512 over TLS',
      'login',
      () => ({ ssl: { ca: broker.authority.cert }, sasl: byPassword('scram-sha-512') }),
    ],
    ['OAUTHBEARER over TLS', 'login', () => ({ ssl: { ca: broker.authority.cert }, sasl: bearer(3_600) })],
  ])('lets us in by %s: topics are made, records are copied in transactions and read', async (name, at, security) => {
    const kafka = await connect(broker.at[at], security())
    const [from, to] = ['in', 'out'].map((topic) => `${topic}.${name.replaceAll(' ', '-')}`) as [string, string]
    await kafka.admin.ensureTopics([from, to].map((topic) => ({ topic, partitions: 1, config: {} })))
    const appender = await kafka.appender()
    const records = Array.from({ length: 50 }, (_, i) => ({
      partition: 0,
      key: null,
      value: Buffer.from(`record ${i}`),
    }))
    await appender.append(from, records)
    await copyAll(kafka, from, to, () => true)
    await expectSame(kafka, from, to, 50)
    expect(events).toEqual([])
  })

  const wrong = 'n0t-the-s3cret'
  test.each<[string, keyof SecuredBroker['at'], () => Security, string, string[]]>([
    [
      'a wrong password (PLAIN)',
      'login',
      () => ({ ssl: { ca: broker.authority.cert }, sasl: { mechanism: 'plain', username: 'weir', password: wrong } }),
      'WEIR_KAFKA_LOGIN_REFUSED',
      ['Invalid username or password', 'Check user name and password'],
    ],
    [
      'a wrong password (SCRAM)',
      'openLogin',
      () => ({ sasl: { mechanism: 'scram-sha-512', username: 'weir', password: wrong } }),
      'WEIR_KAFKA_LOGIN_REFUSED',
      ['invalid credentials', 'Check user name and password'],
    ],
    [
      'a token that has expired',
      'openLogin',
      () => ({ sasl: bearer(-120) }),
      'WEIR_KAFKA_LOGIN_REFUSED',
      ['invalid_token', 'whether the token has expired'],
    ],
    [
      'a login on a listener that takes none',
      'open',
      () => ({ sasl: byPassword('plain') }),
      'WEIR_KAFKA_LOGIN_REFUSED',
      ['takes no login on this listener'],
    ],
    ['an authority that is not known', 'tls', () => ({ ssl: true }), 'WEIR_KAFKA_TLS', ['authority that signed it']],
    [
      'no certificate of our own',
      'mutual',
      () => ({ ssl: { ca: broker.authority.cert } }),
      'WEIR_KAFKA_TLS',
      ['the broker refuses our certificate'],
    ],
    [
      'a certificate of somebody else',
      'mutual',
      () => ({ ssl: { ca: broker.authority.cert, ...newAuthority('other').issue({ name: 'us' }) } }),
      'WEIR_KAFKA_TLS',
      ['the broker refuses our certificate'],
    ],
    [
      'a certificate that has expired',
      'mutual',
      () => ({ ssl: { ca: broker.authority.cert, ...broker.authority.issue({ name: 'us', expired: true }) } }),
      'WEIR_KAFKA_TLS',
      ['the broker refuses our certificate'],
    ],
  ])(
    'refuses %s: one error, not to be tried again, that says where and what to do',
    async (_, at, security, code, says) => {
      const given = security()
      const refusal = await connect(broker.at[at], given).catch((error: unknown) => error)
      expect(refusal).toMatchObject({ code, retriable: false })
      const told = String(refusal)
      for (const part of [broker.at[at], ...says]) expect(told).toContain(part)
      expect(events).toHaveLength(1)
      const everything = inspect(refusal, { depth: 20, showHidden: true }) + events.join()
      for (const secret of [wrong, token(-120).slice(0, 40), 'PRIVATE KEY']) expect(everything).not.toContain(secret)
    },
  )

  test('is told apart by its name: a certificate for another address is refused', async () => {
    const elsewhere = broker.at.tls.replace('127.0.0.1', 'localhost')
    const refusal = await connect(elsewhere, { ssl: { ca: broker.authority.cert } }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'WEIR_KAFKA_TLS', retriable: false })
    expect(String(refusal)).toContain('certificate is for another name')
  })

  test.each<[string, keyof SecuredBroker['at'], () => Security, string]>([
    ['TLS where there is none', 'open', () => ({ ssl: { ca: broker.authority.cert } }), 'does this listener speak TLS'],
    ['no TLS where there is', 'tls', () => ({}), 'does this listener speak TLS'],
    ['no login where one is wanted', 'openLogin', () => ({}), 'does this listener want a login'],
  ])(
    'hangs up on %s: that may pass, so it is tried on, and told once with what to look at',
    async (_, at, security, hint) => {
      const giveUp = new AbortController()
      const told: string[] = []
      const onEvent = ({ message }: { message: string }) => told.push(message)
      const options = { brokers: [broker.at[at]], clientId: 'test', signal: giveUp.signal, onEvent, ...security() }
      const connecting = connectKafka(options)
      await until('it is told', () => told.length > 0)
      giveUp.abort()
      await expect(connecting).rejects.toMatchObject({ code: 'WEIR_KAFKA_CLOSED' })
      expect(told.join()).toContain(hint)
    },
  )
})

test('A login is renewed before its session ends, on open connections with requests on their way; nothing is lost', async () => {
  let logins = 0
  const sasl: Login = {
    mechanism: 'oauthbearer',
    oauthBearer: async () => {
      logins++
      return { value: token(3_600) }
    },
  }
  const kafka = await connect(broker.at.shortSessions, { sasl })
  await kafka.admin.ensureTopics(['in.short', 'out.short'].map((topic) => ({ topic, partitions: 1, config: {} })))
  const appender = await kafka.appender()
  let appended = 0
  const append = async () => {
    const value = Buffer.from(`record ${appended}`)
    await appender.append('in.short', [{ partition: 0, key: null, value }])
    appended++
  }
  await append()
  let finished = false
  const copying = copyAll(kafka, 'in.short', 'out.short', () => finished)
  copying.catch(() => undefined)
  await until('the first record is copied', async () => {
    const [end = 0] = await kafka.endOffsets([{ topic: 'out.short', partition: 0 }], 'stable')
    return end > 0
  })

  let sockets = 0
  const count = () => sockets++
  subscribe('net.client.socket', count)
  try {
    const [since, loginsBefore] = [performance.now(), logins]
    while (performance.now() - since < 3 * SESSION_MS) await append()
    // At least four connections are in use: control, fetch, member, transaction.
    expect(logins - loginsBefore).toBeGreaterThanOrEqual(4 * 2)
    expect(sockets).toBe(0)
  } finally {
    unsubscribe('net.client.socket', count)
  }
  finished = true
  await copying
  await expectSame(kafka, 'in.short', 'out.short', appended)
  expect(events).toEqual([])
})
