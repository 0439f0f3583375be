import { randomUUID } from 'node:crypto'
import { type Member, type MemberIdentity, NotAMember } from '@weir/kafka'
import { describe, expect, inject, test } from 'vitest'
import { batch, outcome, PortBench } from '../support/kafka-port-bench.ts'
import { Api } from '../support/kafka-proxy.ts'
import { readToEnd } from '../support/kafka-read.ts'
import { until } from '../support/until.ts'

const bench = new PortBench(inject('stack').KAFKA_BROKERS)

describe('transactions', () => {
  test('What commits is visible with its offsets, what aborts never, and positions pass both', async () => {
    const [input, output] = [await bench.topic(), await bench.topic()]
    const member = await bench.member(input)
    const slot = await bench.slot()
    const first = await slot.begin(member, [{ topic: input, partition: 0, offset: 3 }])
    await first.produce(batch(output, ['a', 'b']))
    await first.produce(batch(output, ['c']))
    await first.commit()
    const second = await slot.begin(member, [{ topic: input, partition: 0, offset: 9 }])
    await second.produce(batch(output, ['never']))
    await second.abort()
    const third = await slot.begin(member, [{ topic: input, partition: 0, offset: 4 }])
    await third.produce(batch(output, ['d']))
    await third.commit()
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic: input, partition: 0 }])).toEqual([4])
    const seen = await until('the last marker', async () => {
      const read = await readToEnd(bench.kafka, { topic: output, partition: 0 })
      return read.records.length === 4 && read
    })
    expect(seen.records.map((r) => [r.offset, r.value])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
      [6, 'd'],
    ])
    expect(await bench.values(output, 'read_uncommitted')).toEqual(['a', 'b', 'c', 'never', 'd'])
    await until('the position passes the last marker', async () => {
      return (await readToEnd(bench.kafka, { topic: output, partition: 0 })).position === 8
    })
  })

  test('An open transaction holds the stable end, not the high watermark', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const slot = await bench.slot()
    const open = await slot.begin(member, [{ topic, partition: 0, offset: 0 }])
    await open.produce(batch(topic, ['a']))
    const at = [{ topic, partition: 0 }]
    expect(await bench.kafka.endOffsets(at, 'stable')).toEqual([0])
    expect(await bench.kafka.endOffsets(at, 'high-watermark')).toEqual([1])
    expect(await bench.kafka.endOffsets(at, 'earliest')).toEqual([0])
    await open.commit()
    await until('the marker', async () => (await bench.kafka.endOffsets(at, 'stable'))[0] === 2)
  })

  test('Committed offsets are told only when no transaction on them is pending', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const slot = await bench.slot()
    const open = await slot.begin(member, [{ topic, partition: 0, offset: 5 }])
    let answered = false
    const asked = bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }]).finally(() => {
      answered = true
    })
    await bench.kafka.endOffsets([{ topic, partition: 0 }], 'stable')
    expect(answered).toBe(false)
    await open.commit()
    expect(await asked).toEqual([5])
  })

  test('Transactions of nothing but offsets commit, sixty times in a row', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const slot = await bench.slot()
    for (let i = 1; i <= 60; i++) await (await slot.begin(member, [{ topic, partition: 0, offset: i }])).commit()
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([60])
  })

  test('A slot taken by another process fences the one that had it, at whatever it does next', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const offsets = [{ topic, partition: 0, offset: 1 }]
    const old = await bench.slot()
    const another = await bench.connect()

    const committing = await old.begin(member, offsets)
    await committing.produce(batch(topic, ['lost']))
    await bench.slot(another)
    expect(await outcome(committing.commit())).toBe('fenced')

    await old.init()
    const producing = await old.begin(member, offsets)
    await bench.slot(another)
    expect(await outcome(producing.produce(batch(topic, ['lost too'])))).toBe('fenced')

    await old.init()
    await bench.slot(another)
    expect(await outcome(old.begin(member, offsets))).toBe('fenced')

    expect(await bench.values(topic)).toEqual([])
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([-1])
  })

  test('A generation that is no longer the group’s can’t commit offsets, and the producer can go on after init', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const slot = await bench.slot()
    const zombie = (change: Partial<MemberIdentity>): Member => ({
      groupId: member.groupId,
      assigned: [],
      leave: async () => undefined,
      confirmed: async () => undefined,
      withIdentity: (use) => member.withIdentity((identity) => use({ ...identity, ...change })),
    })
    const offsets = [{ topic, partition: 0, offset: 8 }]
    expect(await outcome(slot.begin(zombie({ generation: 1_000 }), offsets))).toBe('fenced')
    await slot.init()
    expect(await outcome(slot.begin(zombie({ memberId: randomUUID() }), offsets))).toBe('fenced')
    await slot.init()
    await member.leave()
    await expect(member.withIdentity(async () => undefined)).rejects.toThrow(NotAMember)
    expect(await outcome(slot.begin(member, offsets))).toBe('fenced')
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([-1])
    await slot.init()
    const again = await bench.member(topic)
    await (await slot.begin(again, offsets)).commit()
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([8])
  })

  test('A commit is not sent once the transaction timeout has passed since begin', async () => {
    const topic = await bench.topic()
    const member = await bench.member(topic)
    const proxy = await bench.proxy()
    const slot = await bench.slot(await bench.connect(proxy.address), 300)
    const since = performance.now()
    const late = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    await until('the timeout has passed', () => performance.now() > since + 400)
    const before = proxy.requests(Api.endTxn)
    expect(['aborted', 'unknown']).toContain(await outcome(late.commit()))
    // What was sent is the abort.
    expect(proxy.requests(Api.endTxn)).toBeLessThanOrEqual(before + 1)
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([-1])
  })

  test('A batch that the broker refuses aborts the transaction, and the producer goes on', async () => {
    const topic = await bench.topic(1, { 'max.message.bytes': '2000' })
    const member = await bench.member(topic)
    const slot = await bench.slot()
    const refused = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    expect(await outcome(refused.produce(batch(topic, ['x'.repeat(5_000)])))).toBe('aborted')
    const next = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    await next.produce(batch(topic, ['fits']))
    await next.commit()
    await until('it is visible', async () => (await bench.values(topic)).join() === 'fits')
  })
})

describe('transactions over a bad network', () => {
  test('A lost answer to a produce costs neither a record nor gives one twice', async () => {
    const { topic, member, proxy, slot } = await shaky()
    proxy.dropResponses(Api.produce, 1)
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    await transaction.produce(batch(topic, ['a', 'b']))
    await transaction.produce(batch(topic, ['c']))
    await transaction.commit()
    await until('all is visible', async () => (await bench.values(topic)).join() === 'a,b,c')
  })

  test('A lost answer to a commit is settled by sending it again', async () => {
    const { topic, member, proxy, slot } = await shaky()
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    await transaction.produce(batch(topic, ['a']))
    proxy.dropResponses(Api.endTxn, 1)
    await transaction.commit()
    const next = await slot.begin(member, [{ topic, partition: 0, offset: 2 }])
    await next.produce(batch(topic, ['b']))
    await next.commit()
    await until('both are visible', async () => (await bench.values(topic)).join() === 'a,b')
  })

  test('A commit of which nothing is heard is unknown, and after init the committed offset tells', async () => {
    const { topic, member, proxy, slot } = await shaky(1_500)
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    await transaction.produce(batch(topic, ['a']))
    proxy.dropResponses(Api.endTxn, 1_000)
    expect(await outcome(transaction.commit())).toBe('unknown')
    proxy.dropResponses(Api.endTxn, 0)
    await slot.init()
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([1])
    expect(await bench.values(topic)).toEqual(['a'])
  })

  test('A lost answer to the opener does not lose the transaction', async () => {
    const { topic, member, proxy, slot } = await shaky()
    proxy.dropResponses(Api.txnOffsetCommit, 1)
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 6 }])
    await transaction.commit()
    expect(await bench.kafka.committedOffsets(member.groupId, [{ topic, partition: 0 }])).toEqual([6])
  })
})

/** A producer that reaches the broker through a proxy, and a member that does not. */
async function shaky(transactionTimeoutMs = 8_000) {
  const topic = await bench.topic()
  const member = await bench.member(topic)
  const proxy = await bench.proxy()
  const slot = await bench.slot(await bench.connect(proxy.address, { requestTimeoutMs: 600 }), transactionTimeoutMs)
  return { topic, member, proxy, slot }
}
