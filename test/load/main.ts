import { type LoadOptions, readOptions, USAGE } from './options.ts'
import { runLoad } from './run-load.ts'

/**
 * `npm run load:consent`: how long an empty consent cache takes to warm with that many data subjects, what it holds
 * then, and what a lookup costs. Linux only. Exit 0 when it was measured, 1 when something failed, 2 on a wrong command
 * line.
 */
const options = optionsOrUsage()
// Whatever was started goes with this process: parts by their guardian, the projector by its standard input.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
const result = await runLoad(options.subjects, (line) => process.stderr.write(`load: ${line}\n`))
process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`)

function optionsOrUsage(): LoadOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  }
}
