import { loadContracts, nearest } from '@weir/contracts'
import { connectKafka, type Kafka } from '@weir/kafka'
import { BrokerAway, NoSuchTopic, WrongOptions } from './errors.ts'
import { eventEncoder } from './event/event-encoder.ts'
import { brokersOf, limitsOf, MAX_RECORD_BYTES, type ProducerOptions, type StreamSource } from './options.ts'
import { EventProducer, type Producer } from './producer.ts'
import { registeredSchema } from './registered-schema.ts'
import { systemClock } from './send/clock.ts'
import { Outbox } from './send/outbox.ts'
import { partitionCount } from './send/partition-count.ts'

/**
 * A producer of one stream's events, connected and ready. Looks up the registered id of the raw schema and the topic;
 * never registers, never creates. `E` is the type of its events, as `weir contract types` makes it.
 *
 * @throws WrongOptions, ContractError, UnusableSchema, SchemaNotRegistered, NoSuchTopic (set-up is wrong),
 * RegistryAway, BrokerAway (not within `connectWithinMs`), KafkaError (login refused)
 */
export async function createProducer<E extends object = Record<string, unknown>>(
  options: ProducerOptions,
): Promise<Producer<E>> {
  const limits = limitsOf(options)
  const brokers = brokersOf(options)
  const { rawTopic, rawSchema } = sourceOf(options.stream)
  const topic = (options.namespace ?? '') + rawTopic
  const given = rawSchema === null ? null : eventEncoder(rawSchema)

  const lifetime = new AbortController()
  const connecting = AbortSignal.timeout(limits.connectWithinMs)
  const registered = await registeredSchema({
    url: options.registryUrl,
    headers: options.registryHeaders ?? {},
    subject: `${topic}-value`,
    schema: rawSchema,
    signal: connecting,
  })
  const encoder = given ?? eventEncoder(registered.schema)

  const giveUp = () => lifetime.abort()
  connecting.addEventListener('abort', giveUp, { once: true })
  if (connecting.aborted) giveUp()
  const kafka = await connect(options, brokers, lifetime.signal)
  try {
    const [info] = await kafka.topics([topic])
    if (info === undefined || info.partitions === 0) throw new NoSuchTopic(topic)
    const appender = await kafka.appender()
    const outbox = new Outbox({
      ...limits,
      topic,
      appender,
      partitions: partitionCount(kafka, topic, info.partitions, systemClock),
      clock: systemClock,
      maxRecordBytes: MAX_RECORD_BYTES,
    })
    return new EventProducer<E>({
      topic,
      schemaId: registered.id,
      encoder,
      outbox,
      clock: systemClock,
      onError: options.onError ?? null,
      disconnect(atOnce) {
        if (atOnce) lifetime.abort()
        return kafka.close()
      },
    })
  } catch (error) {
    await kafka.close()
    throw error
  } finally {
    connecting.removeEventListener('abort', giveUp)
  }
}

async function connect(options: ProducerOptions, brokers: readonly string[], signal: AbortSignal): Promise<Kafka> {
  let lastHeard = 'no answer in time'
  try {
    return await connectKafka({
      clientId: 'weir-producer',
      ...options.kafka,
      brokers,
      signal,
      onEvent(event) {
        lastHeard = event.message
        options.kafka?.onEvent?.(event)
      },
    })
  } catch (error) {
    if (signal.aborted) throw new BrokerAway(lastHeard, { cause: error })
    throw error
  }
}

interface Source {
  readonly rawTopic: string
  /** Null: the registry's newest. */
  readonly rawSchema: unknown
}

function sourceOf(stream: StreamSource): Source {
  if (!('contracts' in stream)) return { rawTopic: stream.rawTopic, rawSchema: stream.rawSchema ?? null }
  const { streams } = loadContracts(stream.contracts)
  const found = streams.find((one) => one.name === stream.name)
  if (found !== undefined) return found
  const names = streams.map((one) => one.name)
  const near = nearest(stream.name, names)
  const hint = near === null ? `It has ${names.join(', ')}.` : `Did you mean ${near}?`
  throw new WrongOptions(`The contract in ${stream.contracts} has no stream ${stream.name}. ${hint}`)
}
