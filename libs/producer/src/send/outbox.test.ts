import {
  AppendFailed,
  type AppendOutcome,
  BatchTooLarge,
  BrokerError,
  Closed,
  ConnectionLost,
  canRetry,
  partitionOf,
  TooMuchUnacknowledged,
} from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import { FakeAppender } from '../../fixtures/fake-appender.ts'
import { FakeClock, settled } from '../../fixtures/fake-clock.ts'
import { EventTooLarge, NotDelivered, QueueFull } from '../errors.ts'
import type { Recorded } from './entry.ts'
import { Outbox, type OutboxOptions } from './outbox.ts'

/** An append of one record that was not acknowledged, as the appender tells it. */
function failed(cause: Error, outcome: AppendOutcome): AppendFailed {
  return new AppendFailed('t', outcome, [null], canRetry(cause), cause)
}

const AWAY = failed(new ConnectionLost('no broker', false), 'not-written')
const UNCLEAR = failed(new ConnectionLost('the connection ended', true), 'unknown')
const REFUSED = failed(new BrokerError(29, 'Produce'), 'not-written')
/** What a record of these tests takes beside its value. */
const FRAME = 128 + 1

function setUp(options: Partial<OutboxOptions> = {}) {
  const appender = new FakeAppender()
  const clock = new FakeClock()
  const outbox = new Outbox({
    topic: 't',
    appender,
    clock,
    partitions: () => 1,
    lingerMs: 5,
    maxBatchBytes: 10_000,
    maxRecordBytes: 5_000,
    maxQueuedBytes: 100_000,
    deliverWithinMs: 60_000,
    ...options,
  })
  const push = (value: string, key = 'k') => {
    const pushed = outbox.push({ key: Buffer.from(key), value: Buffer.from(value), headers: {} })
    const answer: { value: Recorded | Error | null } = { value: null }
    pushed.then(
      (recorded) => {
        answer.value = recorded
      },
      (error) => {
        answer.value = error
      },
    )
    return answer
  }
  return { appender, clock, outbox, push }
}

/** A value so long that the record takes this many bytes. */
function sized(bytes: number, name: string): string {
  return name.padEnd(bytes - FRAME, '.')
}

/** A key of the first and one of the second of two partitions. */
function keysOfPartitions(): string[] {
  const keys = Array.from({ length: 20 }, (_, i) => `u-${i}`)
  return [0, 1].map((wanted) => keys.find((key) => partitionOf(Buffer.from(key), 2) === wanted) ?? '')
}

const names = (calls: readonly string[][]) => calls.map((values) => values.map((value) => value.replaceAll('.', '')))

describe('records on their way', () => {
  it('go together when the linger is over, and each learns where it lies', async () => {
    const { appender, clock, push } = setUp()
    const answers = ['a', 'b', 'c'].map((value) => push(value))
    await clock.pass(4)
    expect(appender.calls).toEqual([])
    await clock.pass(1)
    expect(appender.calls).toEqual([['a', 'b', 'c']])
    expect(answers.map((answer) => answer.value)).toEqual(
      [0, 1, 2].map((offset) => ({ topic: 't', partition: 0, offset })),
    )
  })

  it('go without waiting when a batch is full, and what did not fit goes when its linger is over', async () => {
    const { appender, clock, push } = setUp({ maxBatchBytes: 1_000 })
    for (const name of ['a', 'b', 'c']) push(sized(400, name))
    await settled()
    expect(names(appender.calls)).toEqual([['a', 'b']])
    await clock.pass(5)
    expect(names(appender.calls)).toEqual([['a', 'b'], ['c']])
  })

  it('never stay behind: a record next to a full batch leaves though nothing follows', async () => {
    const { appender, clock, push } = setUp({ maxBatchBytes: 500 })
    appender.holds = true
    push(sized(500, 'a'))
    await clock.pass(100)
    push(sized(500, 'b'))
    push(sized(300, 'c'))
    await clock.pass(100)
    while (appender.held.length > 0) {
      appender.answer('written')
      await settled()
    }
    expect(names(appender.calls)).toEqual([['a'], ['b'], ['c']])
  })

  it('go to the partition that Kafka gives their key', async () => {
    const { appender, clock, push } = setUp({ partitions: () => 7 })
    for (const key of ['u-1', 'u-2', 'u-3', 'u-4']) push(key, key)
    await clock.pass(5)
    for (const [partition, keys] of appender.log) {
      for (const key of keys) expect(partitionOf(Buffer.from(key), 7)).toBe(partition)
    }
    expect([...appender.log.values()].flat().sort()).toEqual(['u-1', 'u-2', 'u-3', 'u-4'])
  })

  it('of one partition wait for the batch before, so that their order holds', async () => {
    const { appender, clock, push } = setUp()
    appender.holds = true
    push('a')
    await clock.pass(5)
    push('b')
    await clock.pass(50)
    expect(appender.calls).toEqual([['a']])
    appender.answer('written')
    await settled()
    expect(appender.calls).toEqual([['a'], ['b']])
  })

  it('are flushed at once, and flush waits for what was pushed before it and nothing else', async () => {
    const { appender, outbox, push } = setUp()
    appender.holds = true
    push('a')
    let isFlushed = false
    const flushed = outbox.flush().then(() => {
      isFlushed = true
    })
    await settled()
    push('b')
    expect(appender.calls).toEqual([['a']])
    expect(isFlushed).toBe(false)
    appender.answer('written')
    await flushed
    expect(outbox.queued.events).toBe(1)
  })

  it('tracked after a flush do not end its waiting, though they are written first', async () => {
    const { appender, outbox, push } = setUp({ partitions: () => 2 })
    const [zero = '', one = ''] = keysOfPartitions()
    appender.holds = true
    push('before', zero)
    let isFlushed = false
    const flushed = outbox.flush().then(() => {
      isFlushed = true
    })
    push('after', one)
    await settled()
    const [before, after] = appender.held.splice(0)
    after?.answer('written')
    await settled()
    expect(isFlushed).toBe(false)
    before?.answer('written')
    await flushed
  })

  it('that are none let a flush through at once', async () => {
    await setUp().outbox.flush()
  })

  it('larger than a record may be are refused', async () => {
    const { push } = setUp()
    const answer = push('x'.repeat(5_000))
    await settled()
    expect(answer.value).toBeInstanceOf(EventTooLarge)
    expect(answer.value).toMatchObject({ bytes: 5_000 + FRAME, limitBytes: 5_000 })
  })
})

describe('a full queue', () => {
  it('makes the next ones wait, in order, and refuses when as much waits again', async () => {
    const { appender, clock, push, outbox } = setUp({ maxQueuedBytes: 2_000, maxBatchBytes: 10_000 })
    appender.holds = true
    const taken = ['a', 'b'].map((name) => push(sized(1_000, name)))
    const waiting = ['c', 'd'].map((name) => push(sized(1_000, name)))
    const refused = push(sized(1_000, 'e'))
    await settled()
    expect(refused.value).toBeInstanceOf(QueueFull)
    expect(outbox.queued).toEqual({ events: 4, bytes: 4_000 })
    await clock.pass(5)
    expect(names(appender.calls)).toEqual([['a', 'b']])
    appender.answer('written')
    await clock.pass(5)
    expect(names(appender.calls)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    appender.answer('written')
    await settled()
    expect([...taken, ...waiting].map((answer) => Reflect.get(Object(answer.value), 'offset'))).toEqual([0, 1, 2, 3])
    expect(outbox.queued).toEqual({ events: 0, bytes: 0 })
  })

  it('lets no small record overtake a large one that waits', async () => {
    const { appender, clock, push } = setUp({ maxQueuedBytes: 2_000 })
    appender.holds = true
    push(sized(1_500, 'a'))
    push(sized(1_000, 'large'))
    push(sized(200, 'small'))
    await clock.pass(5)
    appender.answer('written')
    await clock.pass(5)
    expect(names(appender.calls)).toEqual([['a'], ['large', 'small']])
  })

  it('is flushed with all that waits for room', async () => {
    const { appender, outbox, push } = setUp({ maxQueuedBytes: 1_000 })
    for (const name of ['a', 'b']) push(sized(900, name))
    await outbox.flush()
    expect(appender.log.get(0)).toHaveLength(2)
  })

  it('tells those who wait that there was no room in time', async () => {
    const { appender, clock, push } = setUp({ maxQueuedBytes: 1_000, deliverWithinMs: 1_000 })
    appender.holds = true
    const taken = push(sized(900, 'a'))
    const waiting = push(sized(900, 'b'))
    await clock.pass(2_000)
    appender.answer(AWAY)
    await settled()
    expect(taken.value).toBeInstanceOf(NotDelivered)
    expect(waiting.value).toBeInstanceOf(QueueFull)
  })
})

describe('a broker that is away', () => {
  it('is asked again, in order, until it is back; nothing is lost', async () => {
    const { appender, clock, push } = setUp()
    appender.holds = true
    const answers = [push('a')]
    await clock.pass(5)
    answers.push(push('b'))
    for (let i = 0; i < 5; i++) {
      appender.answer(i % 2 === 0 ? AWAY : new TooMuchUnacknowledged('The appender', 1, 1))
      await clock.pass(2_000)
    }
    appender.answer('written')
    await settled()
    appender.answer('written')
    await settled()
    expect(appender.log.get(0)).toEqual(['a', 'b'])
    expect(answers.map((answer) => answer.value)).toMatchObject([{ offset: 0 }, { offset: 1 }])
  })

  it('does not hold up other partitions', async () => {
    const { appender, clock, push } = setUp({ partitions: () => 2 })
    const keys = keysOfPartitions()
    appender.holds = true
    const [stuck, fine] = keys.map((key) => push(key, key))
    await clock.pass(5)
    appender.answer(AWAY)
    appender.answer('written')
    await settled()
    expect(stuck?.value).toBeNull()
    expect(fine?.value).toMatchObject({ partition: 1, offset: 0 })
  })

  it.each([
    [AWAY, false],
    [UNCLEAR, true],
    [REFUSED, false],
    [failed(new BrokerError(-1, 'Produce'), 'unknown'), true],
    [new TooMuchUnacknowledged('The appender', 1, 1), false],
  ])(
    'fails a record when its time is over, and says whether it may have been written (%s)',
    async (error, maybeWritten) => {
      const { appender, clock, push } = setUp({ deliverWithinMs: 1_000 })
      appender.holds = true
      const first = push('a')
      await clock.pass(5)
      const behind = push('b')
      await clock.pass(1_500)
      appender.answer(error)
      await settled()
      expect(first.value).toBeInstanceOf(NotDelivered)
      expect(first.value).toMatchObject({ maybeWritten, cause: error, code: 'WEIR_PRODUCER_NOT_DELIVERED' })
      if (error.retriable) expect(behind.value).toMatchObject({ maybeWritten: false })
    },
  )

  it('does not unsay an unclear attempt by a clear one after it', async () => {
    const { appender, clock, push } = setUp()
    appender.holds = true
    const answer = push('a')
    await clock.pass(5)
    appender.answer(UNCLEAR)
    await clock.pass(100)
    appender.answer(REFUSED)
    await settled()
    expect(answer.value).toMatchObject({ maybeWritten: true })
  })
})

describe('a refusal for good', () => {
  it('fails the batch and goes on with what comes after', async () => {
    const { appender, clock, push } = setUp()
    appender.holds = true
    const refused = push('a')
    await clock.pass(5)
    const next = push('b')
    appender.answer(REFUSED)
    await clock.pass(5)
    appender.answer('written')
    await settled()
    expect(refused.value).toMatchObject({ maybeWritten: false })
    expect(next.value).toMatchObject({ offset: 0 })
  })

  it('for size hits only the record that is too large itself; those that were written are not sent again', async () => {
    const { appender, clock, push } = setUp()
    const append = appender.append.bind(appender)
    appender.append = async (topic, records) => {
      // As the appender does: a record too large by itself is left out, and the others are written.
      const fit = records.filter((record) => String(record.value) !== 'c')
      const offsets = await append(topic, fit)
      if (fit.length === records.length) return offsets
      const told = records.map((record) => offsets[fit.indexOf(record)] ?? null)
      throw new AppendFailed(topic, 'not-written', told, false, new BatchTooLarge(topic, 0, 2_000_000))
    }
    const answers = ['a', 'b', 'c', 'd', 'e'].map((value) => push(value))
    await clock.pass(5)
    expect(appender.log.get(0)).toEqual(['a', 'b', 'd', 'e'])
    expect(answers.map((answer) => answer.value instanceof Error)).toEqual([false, false, true, false, false])
    expect(answers[2]?.value).toMatchObject({ maybeWritten: false })
  })

  it('of a part of a batch: what was written has its answer, and only the rest is sent again', async () => {
    const { appender, clock, push } = setUp()
    appender.holds = true
    const answers = ['a', 'b', 'c'].map((value) => push(value))
    await clock.pass(5)
    const lost = new ConnectionLost('the connection ended', true)
    appender.answer(new AppendFailed('t', 'unknown', [4, null, null], true, lost))
    await settled()
    expect(answers[0]?.value).toMatchObject({ offset: 4 })
    expect(answers.slice(1).map((answer) => answer.value)).toEqual([null, null])
    await clock.pass(100)
    expect(appender.calls).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ])
  })
})

describe('giving up', () => {
  it('answers all that is queued and waits, and a batch that is out when its answer comes', async () => {
    const { appender, clock, outbox, push } = setUp({ maxQueuedBytes: 1_000, maxBatchBytes: 500 })
    appender.holds = true
    const out = push(sized(500, 'a'))
    const queued = push(sized(400, 'b'))
    const waiting = push(sized(400, 'c'))
    await settled()
    outbox.abandon('closed')
    await settled()
    expect(queued.value).toMatchObject({ code: 'WEIR_PRODUCER_NOT_DELIVERED', maybeWritten: false })
    expect(waiting.value).toMatchObject({ code: 'WEIR_PRODUCER_QUEUE_FULL' })
    expect(out.value).toBeNull()
    appender.answer(failed(new Closed('The appender'), 'unknown'))
    await clock.pass(10)
    expect(out.value).toMatchObject({ code: 'WEIR_PRODUCER_NOT_DELIVERED', maybeWritten: true })
    expect(outbox.queued).toEqual({ events: 0, bytes: 0 })
    const late = push('d')
    await settled()
    expect(late.value).toMatchObject({ code: 'WEIR_PRODUCER_NOT_DELIVERED' })
    expect(appender.calls).toHaveLength(1)
  })

  it('ends a pause between attempts', async () => {
    const { appender, clock, outbox, push } = setUp()
    appender.holds = true
    const answer = push('a')
    await clock.pass(5)
    appender.answer(AWAY)
    await settled()
    outbox.abandon('closed')
    await clock.pass(60)
    expect(answer.value).toMatchObject({ maybeWritten: false })
    expect(appender.calls).toHaveLength(1)
  })
})
