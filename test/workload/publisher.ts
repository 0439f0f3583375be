import { createProducer, type Producer } from '@weir/producer'
import kafkajs from 'kafkajs'
import { plantedRecord, type RawRecord } from './planted.ts'
import type { Planned, StreamPaths } from './stream.ts'
import { type PlainEvent, withValueAt } from './value-at.ts'
import { eventEncoder } from './wire.ts'

export interface Publisher {
  /**
   * Publishes with `now` (Unix milliseconds) as each event's time. Resolves when all in-sync replicas have all of it.
   * Good events keep their order for each person.
   */
  send(batch: readonly Planned[], now: number): Promise<void>
  close(): Promise<void>
}

export interface PublisherOptions {
  /** `host:port`, separated by commas. */
  readonly brokers: string
  readonly registryUrl: string
  readonly stream: StreamPaths & { readonly rawTopic: string; readonly rawSchema: unknown }
  readonly namespace: string
}

/** What is still queued at the end gets no longer than this, for the brokers may be gone. */
const CLOSE_WITHIN_MS = 5000

/** Good events go through the producer library, as in any shop; only the planted bad records, which it refuses, go past it. */
export async function connectPublisher(options: PublisherOptions): Promise<Publisher> {
  const { stream } = options
  const producer = await createProducer(options)
  const bad = await connectBadProducer(options.brokers, producer.topic).catch(async (error: unknown) => {
    await producer.close()
    throw error
  })
  const encoder = eventEncoder(stream.rawSchema, producer.schemaId)
  return {
    async send(batch, now) {
      const planted: RawRecord[] = []
      const good: PlainEvent[] = []
      for (const planned of batch) {
        const event = withValueAt(planned.event, stream.eventTime, now)
        if (planned.planted === null) good.push(event)
        else planted.push(plantedRecord(planned.planted, event, stream.subject, encoder))
      }
      await Promise.all([trackAll(producer, good), bad.send(planted)])
    },
    async close() {
      await Promise.all([producer.close({ withinMs: CLOSE_WITHIN_MS }), bad.close()])
    },
  }
}

async function trackAll(producer: Producer<PlainEvent>, events: readonly PlainEvent[]): Promise<void> {
  await Promise.all(events.map((event) => producer.track(event)))
}

interface BadProducer {
  send(records: readonly RawRecord[]): Promise<void>
  close(): Promise<void>
}

/** As a careless program publishes: any bytes, by a client that knows nothing of contracts. */
async function connectBadProducer(brokers: string, topic: string): Promise<BadProducer> {
  const kafka = new kafkajs.Kafka({
    clientId: 'weir-workload',
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  })
  await producer.connect()
  return {
    async send(records) {
      if (records.length === 0) return
      await producer.send({ topic, acks: -1, messages: records.map(({ key, value }) => ({ key, value })) })
    },
    close: () => producer.disconnect(),
  }
}
