import { AppendFailed, BatchBuilder, BatchTooLarge, type RecordToAppend, TooMuchUnacknowledged } from '@weir/kafka'
import { describe, expect, inject, test } from 'vitest'
import { seal } from '../../libs/kafka/src/batch/seal.ts'
import { produce } from '../../libs/kafka/src/protocol/produce.ts'
import { batch, outcome, PortBench } from '../support/kafka-port-bench.ts'
import { Api } from '../support/kafka-proxy.ts'
import { until } from '../support/until.ts'

const bench = new PortBench(inject('stack').KAFKA_BROKERS)

const record = (value: string | Buffer): RecordToAppend => ({ partition: 0, key: null, value: Buffer.from(value) })

/** An appender that reaches the broker through a proxy. */
async function shaky(requestTimeoutMs = 600, topicConfig: Record<string, string> = {}) {
  const topic = await bench.topic(1, topicConfig)
  const proxy = await bench.proxy()
  const appender = await (await bench.connect(proxy.address, { requestTimeoutMs })).appender()
  const append = (...values: string[]) => appender.append(topic, values.map(record))
  const failing = (...values: string[]) =>
    append(...values).then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof AppendFailed)) throw error
        return error
      },
    )
  return { topic, proxy, appender, append, failing }
}

/** Producer id and epoch of each batch of partition 0. */
async function writersOf(topic: string): Promise<string[]> {
  const options = { topic, isolation: 'read_uncommitted', maxWaitMs: 50 } as const
  const fetcher = bench.kafka.fetcher({ ...options, maxBytes: 1e6, maxPartitionBytes: 1e6, readAheadBytes: 1e6 })
  fetcher.assign(0, 0)
  const { records } = await until('bytes', async () => (await fetcher.poll(1_000)).find((f) => f.records.length > 0))
  const writers: string[] = []
  for (let at = 0; at + 61 <= records.length; at += 12 + records.readInt32BE(at + 8)) {
    writers.push(`${records.readBigInt64BE(at + 43)}/${records.readInt16BE(at + 51)}`)
  }
  await fetcher.close()
  return writers
}

describe('appending over a bad network', () => {
  test('Lost answers cost no record and repeat none, and each append learns where its records lie', async () => {
    const { topic, proxy, append } = await shaky()
    for (let i = 0; i < 4; i++) {
      proxy.dropResponses(Api.produce, i % 2)
      const offsets = await Promise.all([append(`a${i}`, `b${i}`), append(`c${i}`)])
      expect(offsets).toEqual([[3 * i, 3 * i + 1], [3 * i + 2]])
    }
    expect(await bench.values(topic)).toEqual([0, 1, 2, 3].flatMap((i) => [`a${i}`, `b${i}`, `c${i}`]))
    expect(new Set(await writersOf(topic)).size).toBe(1)
  })

  test('A broken connection is no failure either', async () => {
    const { topic, proxy, append } = await shaky()
    await append('a')
    proxy.dropResponses(Api.produce, 1)
    const appended = append('b')
    await until('it is written', async () => (await bench.values(topic)).length === 2)
    proxy.cut()
    expect(await appended).toEqual([1])
    expect(await bench.values(topic)).toEqual(['a', 'b'])
  })

  test('When no answer comes in time the outcome is unknown, and later records have the next epoch', async () => {
    const { topic, proxy, append, failing } = await shaky(300)
    await append('first')
    proxy.dropResponses(Api.produce, 1_000)
    const failure = await failing('may be', 'may be too')
    expect(failure).toMatchObject({
      outcome: 'unknown',
      offsets: [null, null],
      retriable: true,
      code: 'WEIR_KAFKA_APPEND',
    })
    expect(failure?.message).toMatch(/2 of 2 records may be written all the same$/)
    proxy.dropResponses(Api.produce, 0)
    await append('last')
    // It was written, once, and before what came after it.
    expect(await bench.values(topic)).toEqual(['first', 'may be', 'may be too', 'last'])
    const [first = '', second, third] = await writersOf(topic)
    const [id, epoch] = first.split('/')
    expect([second, third]).toEqual([first, `${id}/${Number(epoch) + 1}`])
    // A request of the epoch before that comes only now is refused.
    const [late] = batch(topic, ['late'])
    if (late === undefined) throw new Error('a batch has records')
    seal(late, { producerId: BigInt(id ?? ''), epoch: Number(epoch) }, 3, false)
    const [answer] = await (await bench.raw()).call(produce(null, [late], 5_000))
    expect(answer?.errorCode).toBe(47)
  })

  test('Nothing that never left is unknown', async () => {
    const { topic, proxy, append, failing } = await shaky(300)
    await append('first')
    await proxy.away()
    // The first may go into a connection of which it is not known yet that it has ended.
    await failing('never')
    expect(await failing('never')).toMatchObject({ outcome: 'not-written', retriable: true })
    await proxy.back()
    await append('last')
    expect(await bench.values(topic)).toEqual(['first', 'last'])
  })

  test.each([
    [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
    [59, 'UNKNOWN_PRODUCER_ID'],
    [47, 'INVALID_PRODUCER_EPOCH'],
  ])('When the broker answers %i (%s) the outcome is unknown, and another producer goes on', async (code, name) => {
    const { topic, proxy, append, failing } = await shaky()
    await append('first')
    proxy.answerWith(Api.produce, code, 1)
    const failure = await failing('may be')
    expect(failure).toMatchObject({ outcome: 'unknown', retriable: true, message: expect.stringContaining(name) })
    await append('last')
    expect(await bench.values(topic)).toEqual(['first', 'last'])
    const ids = (await writersOf(topic)).map((writer) => writer.split('/')[0])
    expect(new Set(ids).size).toBe(2)
  })

  test('A broker that does not answer is given no more than the bound, and the rest is refused at once', async () => {
    const { topic, proxy, appender } = await shaky(20_000)
    await appender.append(topic, [record('first')])
    const before = proxy.requests(Api.produce)
    const release = proxy.holdRequests(Api.produce)
    const big = record(Buffer.alloc(800_000, 'x'))
    // 32 MiB of records of 800 kB with their frames are 41.
    const all = Array.from({ length: 50 }, () => appender.append(topic, [big]))
    for (const refused of all.slice(41)) {
      const error = await refused.catch((failure: unknown) => failure)
      expect(error).toBeInstanceOf(TooMuchUnacknowledged)
      expect(error).toMatchObject({ code: 'WEIR_KAFKA_UNACKNOWLEDGED', retriable: true })
    }
    const taken = all.slice(0, 41)
    expect(proxy.requests(Api.produce) - before).toBeLessThanOrEqual(1)
    await release()
    expect((await Promise.all(taken)).flat()).toEqual(taken.map((_, i) => i + 1))
    expect(await appender.append(topic, [record('room again')])).toEqual([42])
  })
})

describe('a topic that takes only small batches', () => {
  const config = { 'max.message.bytes': '20000' }

  test('Batches are split until they fit, in order, by an appender as in a transaction', async () => {
    const { topic, append } = await shaky(5_000, config)
    const values = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(1_000)}`)
    for (const first of [0, 100]) expect(await append(...values)).toEqual(values.map((_, i) => first + i))
    const member = await bench.member(topic)
    const slot = await bench.slot()
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    const builder = new BatchBuilder(topic, 0)
    for (const value of values) builder.append(1, null, Buffer.from(value))
    await transaction.produce(builder.finish())
    await transaction.commit()
    const seen = await until('the marker', async () => {
      const found = await bench.values(topic)
      return found.length === 300 && found
    })
    expect(seen).toEqual([...values, ...values, ...values])
  })

  test('A record too large by itself is left out, and named with the mend; all others are written', async () => {
    const { topic, append, failing } = await shaky(5_000, config)
    const small = (name: string) => `${name} ${'x'.repeat(5_000)}`
    const large = 'x'.repeat(30_000)
    const [before, failure, after] = await Promise.all([
      append(small('a'), small('b')),
      failing(small('c'), large, small('d'), large, small('e')),
      append(small('f')),
    ])
    expect(before).toEqual([0, 1])
    expect(failure).toMatchObject({ outcome: 'not-written', offsets: [2, null, 3, null, 4], retriable: false })
    expect(failure?.cause).toBeInstanceOf(BatchTooLarge)
    expect(failure?.message).toContain(`Set max.message.bytes of ${topic} to more than 30`)
    expect(after).toEqual([5])
    expect(await append('g')).toEqual([6])
    expect((await bench.values(topic)).map((value) => value?.[0])).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
    // Refusals leave no doubt of the sequence numbers.
    expect(new Set(await writersOf(topic)).size).toBe(1)
  })
})

describe('transactions and their time', () => {
  test('Nothing is produced once the transaction timeout has passed since begin', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const proxy = await bench.proxy()
    const slot = await bench.slot(await bench.connect(proxy.address, { requestTimeoutMs: 300 }), 1_000)
    const since = performance.now()
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    proxy.dropRequests(Api.produce, 1_000)
    expect(['aborted', 'unknown']).toContain(await outcome(transaction.produce(batch(topic, ['never']))))
    const requests = proxy.requests(Api.produce)
    expect(requests).toBeGreaterThan(1)
    await until('well after its time', () => performance.now() > since + 2_500)
    expect(proxy.requests(Api.produce)).toBe(requests)
    expect(await bench.values(topic, 'read_uncommitted')).toEqual([])
  })
})
