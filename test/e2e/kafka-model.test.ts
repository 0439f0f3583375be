import { randomUUID } from 'node:crypto'
import { describe, expect, inject, test } from 'vitest'
import { modelGround, realGround } from '../simulate/kafka/scripts/grounds.ts'
import { scripts } from '../simulate/kafka/scripts/index.ts'

const brokers = inject('stack').KAFKA_BROKERS

/** What the model of Kafka (test/simulate/kafka) is held to: a real broker does the same. */
describe.concurrent('the model of Kafka does what a broker does', () => {
  for (const script of scripts) {
    test(script.name, async () => {
      const namespace = `kafka-model.${randomUUID()}.`
      const [real, model] = await Promise.all([realGround(brokers, namespace), modelGround(namespace)])
      try {
        const [seen, modelled] = await Promise.all([script.run(real.ground), script.run(model.ground)])
        expect(modelled).toEqual(seen)
      } finally {
        await Promise.all([real.close(), model.close()])
      }
    })
  }
})
