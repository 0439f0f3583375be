import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { type ChaosOptions, readOptions, USAGE } from './options.ts'
import { type ChaosRun, runChaos } from './run-chaos.ts'
import { isClean } from './verdict.ts'

const VIOLATED = 20

const options = optionsOrUsage()
const say = (line: string) => process.stderr.write(`${line}\n`)
const run = await runChaos(options, say)
const { result } = run
process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`)
if (!isClean(result)) {
  say(
    'a promise was broken, or nothing was shown: see lost, repeated, outOfOrder, leaked, others, endedUnasked, stalled, and ' +
      'late, unknown, leakedAfter and withTraffic of withdrawalMs',
  )
  if (options.keep !== undefined) keep(options.keep, run)
  process.exitCode = VIOLATED
}
if (result.effective < options.faults) {
  say(
    `only ${result.effective} of ${options.faults} faults were effective: the storm ended by --at-most, so this shows less`,
  )
  process.exitCode = VIOLATED
}

function optionsOrUsage(): ChaosOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  }
}

/** To be read back with `deserialize` of node:v8. It holds keys and events, as they were made up for this run. */
function keep(folder: string, { result, evidence }: ChaosRun): void {
  const { topicName: _, ...plain } = evidence
  writeFileSync(join(folder, 'evidence.v8'), serialize(plain), { mode: 0o600 })
  writeFileSync(join(folder, 'result.json'), JSON.stringify(result, null, 2), { mode: 0o600 })
}
