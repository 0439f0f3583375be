import { parseArgs } from 'node:util'
import { startNativeStack } from '@weir/infra/stack/index.ts'
import { connectKafka } from '@weir/kafka'
import { KafkaLab } from './lab.ts'
import { recipes } from './recipes/index.ts'
import { runRecipes } from './run-recipes.ts'

/**
 * `npm run faults [-- --json] [-- --only <text>]`: every recipe of faults and every fact of the protocol, against a
 * broker of its own. On standard output a line each; exit 1 if anything fails, is lost or is repeated.
 */
const { values: options } = parseArgs({
  options: { json: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
})
const chosen = recipes.filter((recipe) => recipe.name.toLowerCase().includes(options.only.toLowerCase()))
if (chosen.length === 0) {
  process.stderr.write(`no recipe has "${options.only}" in its name\n`)
  process.exit(2)
}
const stack = await startNativeStack({ start: ['kafka'] })
try {
  const lab = new KafkaLab(stack.env.KAFKA_BROKERS, connectKafka, stack.parts.kafka)
  const total = await runRecipes(chosen, lab, (line) => process.stdout.write(`${line}\n`), options.json)
  if (total.failed + total.lost + total.repeated > 0) process.exitCode = 1
} finally {
  await stack.stop()
}
