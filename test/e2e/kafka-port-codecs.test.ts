import { randomBytes } from 'node:crypto'
import { BatchBuilder, RecordWalk, Rows } from '@weir/kafka'
import { describe, expect, inject, test } from 'vitest'
import { dump, produce } from '../support/foreign/foreign.ts'
import { PortBench } from '../support/kafka-port-bench.ts'
import { readToEnd } from '../support/kafka-read.ts'
import { until } from '../support/until.ts'

const bench = new PortBench(inject('stack').KAFKA_BROKERS)
const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const

/** Text that compresses, beside some that does not, in records of many sizes. */
const values = Array.from({ length: 400 }, (_, i) =>
  i % 50 === 0 ? randomBytes(40_000).toString('base64') : `record ${i} ${'of many '.repeat(i % 90)}`,
)

/** Attributes of the batches of partition 0: the codec is in the lowest three bits. */
async function codecsOf(topic: string): Promise<Set<number>> {
  const options = { topic, isolation: 'read_committed', maxWaitMs: 50 } as const
  const fetcher = bench.kafka.fetcher({ ...options, maxBytes: 4e6, maxPartitionBytes: 4e6, readAheadBytes: 4e6 })
  fetcher.assign(0, 0)
  const fetched = await until('bytes', async () => (await fetcher.poll(1_000)).find((f) => f.records.length > 0))
  const found = new Set<number>()
  for (let at = 0; at + 61 <= fetched.records.length; at += 12 + fetched.records.readInt32BE(at + 8)) {
    if ((fetched.records.readInt16BE(at + 21) & 0x20) === 0) found.add(fetched.records.readInt16BE(at + 21) & 7)
  }
  await fetcher.close()
  return found
}

describe('reading what others have compressed', () => {
  test.each(CODECS.map((codec, i) => [codec, i + 1] as const))(
    '%s by Kafka’s own client, and by the broker for the topic’s compression.type',
    async (codec, number) => {
      const [byClient, byBroker] = [await bench.topic(), await bench.topic(1, { 'compression.type': codec })]
      const records = (topic: string) => values.map((v) => ({ topic, partition: 0, key: null, value: Buffer.from(v) }))
      await produce(bench.brokers, records(byClient), { compression: codec })
      await produce(bench.brokers, records(byBroker))
      for (const topic of [byClient, byBroker]) {
        expect([...(await codecsOf(topic))]).toEqual([number])
        expect((await readToEnd(bench.kafka, { topic, partition: 0 })).records.map((r) => r.value)).toEqual(values)
      }
    },
  )
})

describe('writing compressed', () => {
  test('Batches of a transaction and of an append are zstd on the wire, and Kafka’s own client reads them', async () => {
    const [topic, appended] = [await bench.topic(), await bench.topic()]
    const member = await bench.member(topic)
    const transactionalId = `${bench.namespace}zstd`
    const slot = bench.kafka.transactionalProducer({
      transactionalId,
      transactionTimeoutMs: 5_000,
      compression: 'zstd',
    })
    await slot.init()
    // Several batches: the bound of one is meant without compression.
    const builder = new BatchBuilder(topic, 0, 100_000)
    for (const [i, value] of values.entries())
      builder.append(1_700_000_000_000 + i, Buffer.from(`k${i}`), Buffer.from(value))
    const batches = builder.finish()
    expect(batches.length).toBeGreaterThan(4)
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 0 }])
    await transaction.produce(batches)
    await transaction.commit()

    const appender = await bench.kafka.appender({ compression: 'zstd' })
    const offsets = await appender.append(
      appended,
      values.map((value) => ({ partition: 0, key: null, value: Buffer.from(value) })),
    )
    expect(offsets).toEqual(values.map((_, i) => i))

    const read = await until('the marker', async () => {
      const found = await dump(bench.brokers, [topic, appended])
      return found.length === 2 * values.length && found
    })
    const of = (name: string) => read.filter((r) => r.topic === name).map((r) => String(r.value))
    expect(of(topic)).toEqual(values)
    expect(of(appended)).toEqual(values)
    expect(read.filter((r) => r.topic === topic).map((r) => r.timestamp)).toEqual(
      values.map((_, i) => 1_700_000_000_000 + i),
    )
    expect([...(await codecsOf(topic))]).toEqual([4])
    expect([...(await codecsOf(appended))]).toEqual([4])
    expect((await readToEnd(bench.kafka, { topic, partition: 0 })).records.map((r) => r.value)).toEqual(values)
  })
})

describe('aborted transactions', () => {
  test('Of interleaved ones, and from inside each, a reader gets what Kafka’s own client gets', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const slots = await Promise.all(
      [0, 1, 2].map(async (n) => {
        const transactionalId = `${bench.namespace}interleaved.${n}`
        const slot = bench.kafka.transactionalProducer({ transactionalId, transactionTimeoutMs: 30_000 })
        await slot.init()
        return slot
      }),
    )
    const zeroKey = Buffer.alloc(4)
    const write = async (slot: (typeof slots)[number], ends: 'commit' | 'abort', round: number) => {
      const transaction = await slot.begin(member, [{ topic, partition: 0, offset: round }])
      return async (last: boolean, value: string) => {
        const builder = new BatchBuilder(topic, 0)
        builder.append(1, zeroKey, Buffer.from(`${value} ${ends}`))
        builder.append(2, Buffer.from('k'), Buffer.from(`${value} ${ends} too`))
        await transaction.produce(builder.finish())
        if (last) await transaction[ends]()
      }
    }
    for (let round = 0; round < 3; round++) {
      const open = []
      for (const [n, slot] of slots.entries())
        open.push(await write(slot, (n + round) % 3 === 0 ? 'commit' : 'abort', round))
      // P0 P1 P2 P0 P1 P2, then they end one after the other, each after a last write.
      for (let turn = 0; turn < 3; turn++) {
        for (const [n, next] of open.entries()) await next(turn === 2, `${round}/${turn}/${n}`)
      }
    }
    const at = [{ topic, partition: 0 }]
    const [end = 0] = await until('all markers', async () => {
      const [stable] = await bench.kafka.endOffsets(at, 'stable')
      const [high] = await bench.kafka.endOffsets(at, 'high-watermark')
      return stable === high && [stable ?? 0]
    })
    const theirs = await dump(bench.brokers, [topic])
    expect(theirs).toHaveLength(3 * 3 * 2)
    expect(theirs.every((r) => String(r.value).includes('commit'))).toBe(true)
    const options = {
      topic,
      isolation: 'read_committed',
      maxWaitMs: 50,
      maxBytes: 700,
      maxPartitionBytes: 700,
    } as const
    const fetcher = bench.kafka.fetcher({ ...options, readAheadBytes: 1_200 })
    for (let from = 0; from <= end; from++) {
      // In fetches of a few batches, so that spans begin and end in the middle of them.
      fetcher.assign(0, from)
      const seen: number[] = []
      let position = from
      await until(`read from ${from}`, async () => {
        for (const fetched of await fetcher.poll(100)) {
          const rows = new Rows(100)
          const walk = new RecordWalk(fetched)
          while (!walk.done) {
            rows.clear()
            walk.fill(rows, 100)
            seen.push(...rows.offset.subarray(0, rows.count))
          }
          position = Math.max(position, walk.position)
        }
        return position >= end
      })
      expect([from, seen]).toEqual([from, theirs.map((r) => r.offset).filter((offset) => offset >= from)])
    }
  })
})
