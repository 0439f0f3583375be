import { connectKafka } from '@weir/kafka'
import { expect, test } from 'vitest'
import { KafkaLab } from '../kafka/lab.ts'
import { recipes } from '../kafka/recipes/index.ts'
import { ownStack } from '../support/faults-stack.ts'

const stack = ownStack({ start: ['kafka'] })

// Not test.each, which cuts names short.
for (const recipe of recipes.filter(({ breaksBroker }) => breaksBroker)) {
  test(recipe.name, async () => {
    const lab = new KafkaLab(stack().env.KAFKA_BROKERS, connectKafka, stack().parts.kafka)
    await lab.open()
    try {
      expect(await recipe.run(lab)).toMatchObject({ lost: 0, repeated: 0 })
    } finally {
      await lab.close()
    }
  })
}
