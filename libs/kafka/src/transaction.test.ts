import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer } from '../fixtures/fake-broker.ts'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { BatchBuilder } from './batch/batch-builder.ts'
import { BASE_SEQUENCE_AT, PRODUCER_EPOCH_AT, PRODUCER_ID_AT } from './batch/layout.ts'
import { connectKafka } from './connect.ts'
import { NotAMember, TransactionError } from './errors.ts'
import type { Kafka, Member, TransactionalProducer } from './port.ts'
import { Code } from './protocol/error-codes.ts'

const member: Member = {
  groupId: 'g',
  assigned: [0],
  leave: async () => undefined,
  confirmed: async () => undefined,
  commit: async () => undefined,
  withIdentity: (use) => use({ groupId: 'g', memberId: 'm', generation: 1 }),
}
const offsets = [{ topic: 'topic', partition: 0, offset: 1 }]
/** What a request that was written in time may take until it is seen. */
const ON_THE_WAY_MS = 500

let cluster: FakeCluster
let kafka: Kafka
let slot: TransactionalProducer
/** What came, as `verb epoch`. */
let log: string[]
/** When each commit came (monotonic). */
let committedMs: number[]
/** What the next requests are answered, by kind; afterwards with success. */
let script: {
  opener: (number | 'silence')[]
  commit: (number | 'silence')[]
  abort: (number | 'silence')[]
  produce: number[]
}
/** The identity that a successful EndTxn gives. */
let next: (epoch: number) => { id: bigint; epoch: number }

beforeEach(async () => {
  log = []
  committedMs = []
  script = { opener: [], commit: [], abort: [], produce: [] }
  next = (epoch) => ({ id: 5n, epoch: epoch + 1 })
  cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  const [broker] = cluster.brokers
  broker?.on(22, () => (body) => void body.int32(0).int16(0).int64(5n).int16(1).tags())
  broker?.on(28, (request): Answer => {
    request.string()
    request.string()
    request.int64()
    log.push(`opener ${request.int16()}`)
    const code = script.opener.shift() ?? 0
    if (code === 'silence') return 'silence'
    return (body) => {
      body.int32(0).arrayLength(1).string('topic').arrayLength(1).int32(0).int16(code).tags().tags().tags()
    }
  })
  broker?.on(0, (request) => {
    request.nullableString()
    request.int16()
    request.int32()
    request.uvarint()
    request.string()
    request.uvarint()
    request.int32()
    const batch = request.bytes()
    log.push(`produce ${batch.readInt16BE(PRODUCER_EPOCH_AT)} from ${batch.readInt32BE(BASE_SEQUENCE_AT)}`)
    if (batch.readBigInt64BE(PRODUCER_ID_AT) !== 5n) log.push(`as ${batch.readBigInt64BE(PRODUCER_ID_AT)}`)
    const code = script.produce.shift() ?? 0
    return (body) => {
      body.arrayLength(1).string('topic').arrayLength(1).int32(0).int16(code).int64(0n).int64(-1n).int64(0n)
      body.arrayLength(0).nullableString(null).tags().tags().int32(0).tags()
    }
  })
  broker?.on(26, (request): Answer => {
    request.string()
    request.int64()
    const epoch = request.int16()
    const verb = request.bool() ? 'commit' : 'abort'
    log.push(`${verb} ${epoch}`)
    if (verb === 'commit') committedMs.push(performance.now())
    const code = script[verb].shift() ?? 0
    if (code === 'silence') return 'silence'
    const identity = next(epoch)
    return (body) => {
      body
        .int32(0)
        .int16(code)
        .int64(code === 0 ? identity.id : -1n)
        .int16(code === 0 ? identity.epoch : -1)
        .tags()
    }
  })
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 150 })
  slot = kafka.transactionalProducer({ transactionalId: 'slot', transactionTimeoutMs: 1_000 })
  await slot.init()
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

const batch = (records: number) => {
  const builder = new BatchBuilder('topic', 0)
  for (let i = 0; i < records; i++) builder.append(1, null, Buffer.from('v'))
  return builder.finish()
}

const outcome = (action: Promise<unknown>) =>
  action.then(
    () => 'committed',
    (error: unknown) => (error instanceof TransactionError ? error.outcome : error),
  )

describe('the happy path', () => {
  test('Sequences begin at 0 in every transaction and each takes the epoch that the last one’s end gave', async () => {
    for (let i = 0; i < 2; i++) {
      const transaction = await slot.begin(member, offsets)
      await transaction.produce(batch(3))
      await transaction.produce(batch(2))
      await transaction.commit()
    }
    expect(log).toEqual([
      ...['opener 1', 'produce 1 from 0', 'produce 1 from 3', 'commit 1'],
      ...['opener 2', 'produce 2 from 0', 'produce 2 from 3', 'commit 2'],
    ])
  })

  test('When epochs run out the broker gives a new producer id, and that is used', async () => {
    next = () => ({ id: 6n, epoch: 0 })
    await (await slot.begin(member, offsets)).commit()
    const transaction = await slot.begin(member, offsets)
    await transaction.produce(batch(1))
    await transaction.commit()
    expect(log).toEqual(['opener 1', 'commit 1', 'opener 0', 'produce 0 from 0', 'as 6', 'commit 0'])
  })

  test('Batches of one partition go one after the other in one call too', async () => {
    const transaction = await slot.begin(member, offsets)
    await transaction.produce([...batch(2), ...batch(1), ...batch(4)])
    expect(log.slice(1)).toEqual(['produce 1 from 0', 'produce 1 from 2', 'produce 1 from 3'])
    await transaction.abort()
  })

  test('An opener is tried again while the last transaction’s markers are being written', async () => {
    script.opener = [Code.CONCURRENT_TRANSACTIONS, Code.CONCURRENT_TRANSACTIONS, Code.NOT_COORDINATOR]
    await (await slot.begin(member, offsets)).commit()
    expect(log).toEqual(['opener 1', 'opener 1', 'opener 1', 'opener 1', 'commit 1'])
  })

  test('A produce that can be mended is sent again with the same sequence', async () => {
    script.produce = [Code.NOT_LEADER_OR_FOLLOWER, Code.DUPLICATE_SEQUENCE_NUMBER]
    const transaction = await slot.begin(member, offsets)
    await transaction.produce([...batch(2), ...batch(1)])
    await transaction.commit()
    expect(log.slice(1)).toEqual(['produce 1 from 0', 'produce 1 from 0', 'produce 1 from 2', 'commit 1'])
  })
})

describe('how a transaction ends when something fails', () => {
  test.each([
    ['ILLEGAL_GENERATION', Code.ILLEGAL_GENERATION, 'fenced'],
    ['UNKNOWN_MEMBER_ID', Code.UNKNOWN_MEMBER_ID, 'fenced'],
    ['INVALID_PRODUCER_EPOCH', Code.INVALID_PRODUCER_EPOCH, 'fenced'],
    ['GROUP_AUTHORIZATION_FAILED', 30, 'aborted'],
  ])('opener refused with %s', async (_, code, expected) => {
    script.opener = [code]
    expect(await outcome(slot.begin(member, offsets))).toBe(expected)
    expect(log.join()).not.toContain('commit')
  })

  test('opener without a membership', async () => {
    const withIdentity = () => Promise.reject(new NotAMember('g'))
    expect(await outcome(slot.begin({ ...member, withIdentity }, offsets))).toBe('fenced')
    expect(log.filter((line) => line.startsWith('opener'))).toEqual([])
  })

  test.each([
    ['INVALID_PRODUCER_EPOCH', Code.INVALID_PRODUCER_EPOCH, 'fenced'],
    ['MESSAGE_TOO_LARGE', Code.MESSAGE_TOO_LARGE, 'aborted'],
    ['TRANSACTION_ABORTABLE', Code.TRANSACTION_ABORTABLE, 'aborted'],
  ])('produce refused with %s', async (_, code, expected) => {
    script.produce = [code]
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.produce(batch(1)))).toBe(expected)
    expect(log.join()).not.toContain('commit')
    await expect(transaction.commit()).rejects.toThrow('has ended')
  })

  test('produce refused, and the abort too', async () => {
    script.produce = [Code.MESSAGE_TOO_LARGE]
    script.abort = [Code.INVALID_TXN_STATE]
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.produce(batch(1)))).toBe('unknown')
  })

  test.each([
    ['PRODUCER_FENCED', [Code.PRODUCER_FENCED], 'fenced', ['commit 1']],
    ['INVALID_TXN_STATE', [Code.INVALID_TXN_STATE], 'aborted', ['commit 1', 'abort 1']],
    ['TRANSACTION_ABORTABLE', [Code.TRANSACTION_ABORTABLE], 'aborted', ['commit 1', 'abort 1']],
    ['COORDINATOR_NOT_AVAILABLE, then well', [Code.COORDINATOR_NOT_AVAILABLE], 'committed', ['commit 1', 'commit 1']],
    ['CONCURRENT_TRANSACTIONS, then well', [Code.CONCURRENT_TRANSACTIONS], 'committed', ['commit 1', 'commit 1']],
    ['nothing, then well', ['silence'], 'committed', ['commit 1', 'commit 1']],
  ] as const)('commit answered with %s', async (_, codes, expected, sent) => {
    script.commit = [...codes]
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.commit())).toBe(expected)
    expect(log.slice(1)).toEqual(sent)
    // After 'aborted' and 'committed' the producer goes on; after anything else it must be initialised.
    const goesOn = expected === 'aborted' || expected === 'committed'
    const again = slot.begin(member, offsets)
    if (goesOn) await (await again).commit()
    else await expect(again).rejects.toThrow('initialised')
  })

  test('A commit without an answer is settled by an abort that succeeds: the broker takes only one of them', async () => {
    script.commit = Array.from({ length: 50 }, () => 'silence' as const)
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.commit())).toBe('aborted')
    expect(log.at(-1)).toBe('abort 1')
  })

  test('A commit refused, and the abort too: unknown', async () => {
    script.commit = [Code.INVALID_TXN_STATE]
    script.abort = [Code.INVALID_TXN_STATE]
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.commit())).toBe('unknown')
    await expect(slot.begin(member, offsets)).rejects.toThrow('initialised')
  })

  test('A commit without an answer that the broker will not abort any more is unknown', async () => {
    script.commit = Array.from({ length: 50 }, () => 'silence' as const)
    script.abort = [Code.INVALID_TXN_STATE]
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.commit())).toBe('unknown')
  })

  test('No commit is sent later than the transaction timeout after begin', async () => {
    const before = performance.now()
    script.commit = Array.from({ length: 200 }, () => Code.COORDINATOR_NOT_AVAILABLE)
    const transaction = await slot.begin(member, offsets)
    const begun = performance.now()
    expect(await outcome(transaction.commit())).toBe('aborted')
    expect(performance.now() - before).toBeGreaterThan(950)
    expect(committedMs.at(-1)).toBeLessThan(begun + 1_000 + ON_THE_WAY_MS)
    expect(log.at(-1)).toBe('abort 1')
  })

  test('The time of a transaction begins with an opener whose answer did not come, whatever is answered to the next', async () => {
    script.opener = ['silence', Code.CONCURRENT_TRANSACTIONS]
    script.commit = Array.from({ length: 200 }, () => Code.COORDINATOR_NOT_AVAILABLE)
    const before = performance.now()
    const slow: Member = {
      ...member,
      withIdentity: async (use) => {
        if (log.length > 0) await new Promise((resolve) => setTimeout(resolve, 300))
        return member.withIdentity(use)
      },
    }
    const transaction = await slot.begin(slow, offsets)
    expect(await outcome(transaction.commit())).toBe('aborted')
    expect(log.slice(0, 4)).toEqual(['opener 1', 'opener 1', 'opener 1', 'commit 1'])
    expect(committedMs.at(-1)).toBeLessThan(before + 1_000 + ON_THE_WAY_MS)
  })

  test('An abort that the broker refuses because of a newer producer is fenced', async () => {
    script.abort = [Code.PRODUCER_FENCED]
    const transaction = await slot.begin(member, offsets)
    expect(await outcome(transaction.abort())).toBe('fenced')
  })
})

describe('misuse', () => {
  test('is refused: no offsets, two at once, no init', async () => {
    await expect(slot.begin(member, [])).rejects.toThrow(RangeError)
    const open = await slot.begin(member, offsets)
    await expect(slot.begin(member, offsets)).rejects.toThrow('has not ended')
    await open.abort()
    const fresh = kafka.transactionalProducer({ transactionalId: 'other', transactionTimeoutMs: 1_000 })
    await expect(fresh.begin(member, offsets)).rejects.toThrow('initialised')
  })

  test('After init the transaction that was open before can do nothing', async () => {
    const open = await slot.begin(member, offsets)
    await slot.init()
    await expect(open.commit()).rejects.toThrow('has ended')
    expect(log).toEqual(['opener 1'])
  })
})
