import { connectKafka, type Kafka } from '@weir/kafka'
import { RawBroker } from '../../../kafka/raw-broker.ts'
import { Random } from '../../../workload/random.ts'
import { ModelCluster } from '../index.ts'
import type { Ground } from './script.ts'

/** Of the stack's broker, which has both set low. */
const SESSION_MS = 6_000
const SWEEP_MS = 1_000

interface Opened {
  readonly ground: Ground
  close(): Promise<void>
}

/** A real broker; everything there is named by `namespace`. */
export async function realGround(brokers: string, namespace: string): Promise<Opened> {
  const raw = await RawBroker.connect(brokers)
  const connect = () => connectKafka({ brokers: [brokers], clientId: 'weir-script' })
  const { ground, close } = await groundOf(namespace, connect, (api) => raw.call(api))
  return {
    ground,
    close: async () => {
      await close()
      raw.close()
    },
  }
}

/** A model of one broker, with the stack's settings, in real time. */
export async function modelGround(namespace: string): Promise<Opened> {
  const random = new Random(namespace)
  const model = new ModelCluster({
    brokers: 1,
    random,
    delayMs: () => random.below(2),
    settings: { groupSessionMs: SESSION_MS, heartbeatMs: 1_000, sweepMs: SWEEP_MS, replicaLagMs: 1_000 },
  })
  const connection = await model.opener('raw')(
    { host: 'kafka-0', port: 9092 },
    () => undefined,
    new AbortController().signal,
  )
  return groundOf(
    namespace,
    () => model.connect('script'),
    (api) => connection.call(api, { timeoutMs: 60_000 }),
  )
}

async function groundOf(namespace: string, connect: () => Promise<Kafka>, call: Ground['call']): Promise<Opened> {
  const clients: Kafka[] = []
  const topics: string[] = []
  const opened = async () => {
    const client = await connect()
    clients.push(client)
    return client
  }
  const kafka = await opened()
  const topic: Ground['topic'] = async (partitions = 1, config = {}) => {
    const name = `${namespace}topic.${topics.length}`
    await kafka.admin.ensureTopics([{ topic: name, partitions, config }])
    topics.push(name)
    return name
  }
  return {
    ground: { namespace, kafka, connect: opened, call, topic },
    close: async () => {
      await kafka.admin.deleteTopics(topics)
      for (const client of clients) await client.close()
    },
  }
}
