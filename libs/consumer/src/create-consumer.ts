import { connectKafka, type Kafka, type KafkaOptions } from '@weir/kafka'
import { CleanConsumer, type Consumer } from './consumer.ts'
import { BrokerAway, NoSuchTopic } from './errors.ts'
import { ForgetOrders } from './forget-orders.ts'
import { brokersOf, type ConsumerOptions, forgetTopicOf, limitsOf } from './options.ts'

/**
 * A consumer of one clean topic, in its group. Reads every forget order before it hands out the first record.
 *
 * @throws WrongOptions, NoSuchTopic (set-up is wrong), BrokerAway (not within `connectWithinMs`), KafkaError (login
 * refused, the group is one of the classic protocol)
 */
export async function createConsumer(options: ConsumerOptions): Promise<Consumer> {
  const limits = limitsOf(options)
  const brokers = brokersOf(options)
  const topic = (options.namespace ?? '') + options.topic
  const signal = AbortSignal.timeout(limits.connectWithinMs)
  let lastHeard = 'no answer in time'
  const onEvent: KafkaOptions['onEvent'] = (event) => {
    lastHeard = event.message
    options.kafka?.onEvent?.(event)
  }
  let kafka: Kafka | undefined
  try {
    kafka = await connectKafka({ clientId: 'weir-consumer', ...options.kafka, brokers, signal, onEvent })
    const [info] = await kafka.topics([topic])
    if (info === undefined || info.partitions === 0) throw new NoSuchTopic(topic)
    const { groupId, onForget } = options
    const orders = await ForgetOrders.open({ kafka, groupId, topic: forgetTopicOf(topic), onForget }, signal)
    return await CleanConsumer.start({ kafka, orders, limits, topic, options }, signal)
  } catch (error) {
    await kafka?.close()
    if (signal.aborted) throw new BrokerAway(lastHeard, { cause: error })
    throw error
  }
}
