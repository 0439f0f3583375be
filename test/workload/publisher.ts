import kafkajs from 'kafkajs'
import type { RawRecord } from './planted.ts'

export interface Publisher {
  /** Resolves when all in-sync replicas have them. In the order given, for each key. */
  send(records: readonly RawRecord[]): Promise<void>
  close(): Promise<void>
}

/**
 * Publishes raw records as any producer would: kafkajs, idempotent, keyed by subject id with Kafka's default
 * partitioner, so that one person's events stay in order.
 */
export async function connectPublisher(brokers: readonly string[], topic: string): Promise<Publisher> {
  const kafka = new kafkajs.Kafka({
    clientId: 'weir-workload',
    brokers: [...brokers],
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
