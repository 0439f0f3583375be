import assert from 'node:assert/strict'
import kafkajs from 'kafkajs'
import { Api } from '../../support/kafka-proxy.ts'
import { type Recipe, tally } from '../recipe.ts'
import { settled } from './transactions.ts'

/** That the recipes bite: the same, by kafkajs as its documentation teaches it. What it loses is not counted as ours. */
export const kafkajsControls: readonly Recipe[] = [
  {
    name: 'Control: plain kafkajs loses a committed write after a produce whose answer never came',
    async run(lab) {
      const topic = await lab.topic()
      const proxy = await lab.proxy()
      const client = new kafkajs.Kafka({
        brokers: [proxy.address],
        logLevel: kafkajs.logLevel.NOTHING,
        requestTimeout: 500,
        enforceRequestTimeout: true,
        retry: { initialRetryTime: 50, retries: 0 },
      })
      const producer = client.producer({
        transactionalId: `${lab.namespace}control`,
        maxInFlightRequests: 1,
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
        retry: { initialRetryTime: 50, retries: 3 },
      })
      await producer.connect()
      lab.closing(() => producer.disconnect())
      const send = async (value: string) => {
        const transaction = await producer.transaction()
        try {
          await transaction.send({ topic, messages: [{ partition: 0, value }] })
          await transaction.commit()
          return 'committed'
        } catch {
          await transaction.abort()
          return 'aborted'
        }
      }
      assert.equal(await send('first'), 'committed')
      proxy.dropResponses(Api.produce, 10)
      assert.equal(await send('never promised'), 'aborted')
      proxy.dropResponses(Api.produce, 0)
      assert.equal(await send('second'), 'committed')
      const { lost } = tally(['first', 'second'], await settled(lab, topic))
      assert.equal(lost, 1)
      return { did: 'it said committed; the record is not in the log', lost: 0, repeated: 0 }
    },
  },
]
