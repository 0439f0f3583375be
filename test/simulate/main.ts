import { defencesTable } from './defences/table.ts'
import { readOptions, type SimulateOptions, USAGE } from './options.ts'
import type { Outcome, Try } from './run/outcome.ts'
import { runTries } from './run/pool.ts'
import { Sum, secondsSince } from './run/sum.ts'
import { scheduleOf } from './run/try-schedule.ts'
import { storyOf } from './words/index.ts'

/** `npm run simulate`: see USAGE. */
const VIOLATED = 20
/** So many violations of a run are told in words; more say nothing new. */
const TOLD = 10

const options = optionsOrUsage()
const say = (line: string) => process.stderr.write(`${line}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

if (options.isTable) {
  const began = performance.now()
  const table = await defencesTable(say, options)
  const found = table.filter((row) => row.found).length
  const missed = table.filter((row) => !row.found && row.heldBy === null).length
  print({ defences: table.length, found, missed, table, seconds: secondsSince(began) })
  if (missed > 0) process.exitCode = VIOLATED
} else {
  const sum = new Sum(options.without)
  await runTries(triesOf(options), { ...options, keepsLog: options.isReplay }, (outcome) => {
    sum.add(outcome)
    if (outcome.crashed !== null || outcome.violations.length > 0 || options.isReplay) tell(outcome)
    return true
  })
  const result = sum.result()
  print(result)
  if (result.violations > 0) process.exitCode = VIOLATED
}

function* triesOf({ from, seeds, seconds, directed }: SimulateOptions): Generator<Try, void> {
  const began = performance.now()
  for (let seed = from; seed < from + seeds; seed++) {
    if (seconds !== null && performance.now() - began > seconds * 1_000) return
    yield directed === undefined ? { seed } : { seed, directed }
  }
}

function print(result: object): void {
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`)
}

/** The schedule in words, what was found, and how to see it again. */
function tell({ tried, violations, crashed, log, trace, virtualMs }: Outcome): void {
  if (crashed !== null) say(`the simulator could not go on: ${crashed}`)
  for (const line of log) say(line)
  say(storyOf(scheduleOf(tried), violations.slice(0, TOLD)))
  say(`${violations.length} violations after ${(virtualMs / 1_000).toFixed(1)} virtual s, trace ${trace.slice(0, 16)}`)
  const directed = tried.directed === undefined ? '' : ` --directed ${tried.directed}`
  const without = options.without === undefined ? '' : ` --without ${options.without}`
  say(`again: npm run simulate -- --replay ${tried.seed}${directed}${without}`)
}

function optionsOrUsage(): SimulateOptions {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}\n`)
    process.exit(2)
  }
}
