/**
 * The transactional copy as kafkajs's documentation teaches it: a consumer's `eachBatch`, one transaction a batch, the
 * offsets sent in it, abort on errors, each offset resolved with a heartbeat; its partitioner, its default settings. Arguments: brokers, group (also the transactional id), source topic, target topic.
 * Runs until it is killed.
 */
import { Kafka, logLevel } from 'kafkajs'

const [brokers = '', group = '', source = '', target = ''] = process.argv.slice(2)

const kafka = new Kafka({ clientId: 'kafkajs-copy', brokers: brokers.split(','), logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId: group, readUncommitted: false })
const producer = kafka.producer({ transactionalId: group, maxInFlightRequests: 1, idempotent: true })
await Promise.all([consumer.connect(), producer.connect()])
await consumer.subscribe({ topic: source, fromBeginning: true })
await consumer.run({
  eachBatchAutoResolve: false,
  autoCommit: false,
  async eachBatch({ batch, resolveOffset, heartbeat }) {
    const transaction = await producer.transaction()
    try {
      const messages = batch.messages.map(({ key, value }) => ({ key, value }))
      await transaction.send({ topic: target, messages, acks: -1 })
      const offset = String(BigInt(batch.lastOffset()) + 1n)
      await transaction.sendOffsets({
        consumerGroupId: group,
        topics: [{ topic: source, partitions: [{ partition: batch.partition, offset }] }],
      })
      await transaction.commit()
    } catch (error) {
      await transaction.abort()
      throw error
    }
    for (const message of batch.messages) {
      resolveOffset(message.offset)
      await heartbeat()
    }
  },
})
