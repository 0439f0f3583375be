import { Closed } from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import { everything, least } from '../fixtures/everything.ts'
import { FakeAppender } from '../fixtures/fake-appender.ts'
import { FakeClock, settled } from '../fixtures/fake-clock.ts'
import { InvalidEvent, NotDelivered, ProducerClosed, type ProducerError } from './errors.ts'
import { eventEncoder } from './event/event-encoder.ts'
import { EventProducer } from './producer.ts'
import { Outbox } from './send/outbox.ts'

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

function setUp(onError: ((error: ProducerError) => void) | null = null) {
  const appender = new FakeAppender()
  const clock = new FakeClock()
  const outbox = new Outbox({
    topic: 'ns.e.raw',
    appender,
    clock,
    partitions: () => 1,
    lingerMs: 5,
    maxBatchBytes: 10_000,
    maxRecordBytes: 10_000,
    maxQueuedBytes: 100_000,
    deliverWithinMs: 60_000,
  })
  const disconnected: boolean[] = []
  const producer = new EventProducer<object>({
    topic: 'ns.e.raw',
    schemaId: 3,
    encoder: eventEncoder(everything),
    outbox,
    clock,
    onError,
    async disconnect(atOnce) {
      disconnected.push(atOnce)
    },
  })
  return { appender, clock, producer, disconnected }
}

describe('track', () => {
  it('puts a traceparent on the record, and leaves out what is none', async () => {
    const { appender, clock, producer } = setUp()
    appender.holds = true
    for (const traceparent of [TRACE, 'nonsense', undefined]) {
      producer.track(least, { traceparent }).catch(() => {})
    }
    await clock.pass(5)
    expect(appender.held[0]?.records.map((record) => record.headers)).toEqual([{ traceparent: TRACE }, {}, {}])
  })

  it('rejects with an invalid event, and sends nothing of it', async () => {
    const { appender, clock, producer } = setUp()
    await expect(producer.track({ at: 1 })).rejects.toThrow(InvalidEvent)
    await clock.pass(10)
    expect(appender.calls).toEqual([])
  })

  it('tells onError of each failure, and its promise may then be left alone', async () => {
    const heard: ProducerError[] = []
    const { appender, clock, producer } = setUp((error) => heard.push(error))
    appender.holds = true
    // Vitest fails a run in which a rejection is handled by nobody.
    void producer.track({ at: 1 })
    void producer.track(least)
    await clock.pass(5)
    appender.answer(new Closed('The appender'))
    await settled()
    await settled()
    expect(heard.map((error) => error.code)).toEqual(['WEIR_PRODUCER_INVALID_EVENT', 'WEIR_PRODUCER_NOT_DELIVERED'])
  })
})

describe('close', () => {
  it('delivers what was taken, takes no more, and disconnects once', async () => {
    const { appender, producer, disconnected } = setUp()
    const tracked = producer.track(least)
    await settled()
    await Promise.all([producer.close(), producer.close()])
    expect(await tracked).toEqual({ topic: 'ns.e.raw', partition: 0, offset: 0 })
    expect(appender.calls).toHaveLength(1)
    expect(disconnected).toEqual([false])
    await expect(producer.track(least)).rejects.toThrow(ProducerClosed)
  })

  it('does not wait for ever: what is not delivered in time fails, and nothing is left without an answer', async () => {
    const { appender, clock, producer, disconnected } = setUp()
    appender.holds = true
    const tracked = producer.track(least)
    tracked.catch(() => {})
    await settled()
    const closed = producer.close({ withinMs: 1_000 })
    await clock.pass(1_000)
    await closed
    expect(disconnected).toEqual([true])
    appender.answer(new Closed('The appender'))
    await expect(tracked).rejects.toThrow(NotDelivered)
    expect(producer.queued()).toEqual({ events: 0, bytes: 0 })
  })

  it('is what `await using` does', async () => {
    const { producer, disconnected } = setUp()
    await producer[Symbol.asyncDispose]()
    expect(disconnected).toEqual([false])
  })
})
