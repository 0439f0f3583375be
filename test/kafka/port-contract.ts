import { describe, expect, test } from 'vitest'
import { PortBench } from '../support/kafka-port-bench.ts'
import { fetching } from './contract/fetching.ts'
import { lifecycle } from './contract/lifecycle.ts'
import { positions } from './contract/positions.ts'
import { transactions } from './contract/transactions.ts'
import type { Connect, KafkaLab } from './lab.ts'
import type { Recipe } from './recipe.ts'
import { answers, portRecipes } from './recipes/index.ts'

/**
 * What a client of the port (libs/kafka/src/port.ts) is held to, whoever wrote it: `connect` is all that is known of
 * it. Its batches are Kafka's own, so they are built and read by libs/kafka; its errors are those of errors.ts.
 */
export function describeKafkaPort(client: string, brokers: string, connect: Connect): void {
  describe(client, () => {
    const bench = new PortBench(brokers, connect)
    lifecycle(bench)
    fetching(bench)
    positions(bench)
    transactions(bench)
    describe('under faults', () => testRecipes(bench, portRecipes))
  })
}

/** The second half: what a client makes of each error code that the fault proxy can have a broker give. */
export function describeKafkaAnswers(client: string, brokers: string, connect: Connect): void {
  describe(client, () => testRecipes(new PortBench(brokers, connect), answers))
}

/** Each recipe as a test. */
export function testRecipes(lab: KafkaLab, recipes: readonly Recipe[]): void {
  // Not test.each, which cuts names short.
  for (const recipe of recipes) {
    test(recipe.name, async () => {
      expect(await recipe.run(lab)).toMatchObject({ lost: 0, repeated: 0 })
    })
  }
}
