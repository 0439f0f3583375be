import type { Recipe } from '../recipe.ts'
import { answersToReads } from './answers-to-reads.ts'
import { answersToWrites } from './answers-to-writes.ts'
import { brokerFaults } from './broker-faults.ts'
import { kafkajsControls } from './kafkajs-controls.ts'
import { memberRecipes } from './members.ts'
import { protocolFacts } from './protocol.ts'
import { readingRecipes } from './reading.ts'
import { setUpRecipes } from './set-up.ts'
import { transactionRecipes } from './transactions.ts'

/** What any client of the port must do. */
export const portRecipes: readonly Recipe[] = [
  ...transactionRecipes,
  ...readingRecipes,
  ...memberRecipes,
  ...setUpRecipes,
]

/** What a client of the port makes of single error codes. */
export const answers: readonly Recipe[] = [...answersToWrites, ...answersToReads]

/** Everything, what kills the broker last. */
export const recipes: readonly Recipe[] = [
  ...portRecipes,
  ...answers,
  ...protocolFacts,
  ...kafkajsControls,
  ...brokerFaults,
]
