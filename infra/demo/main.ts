import { ContractError } from '@weir/contracts'
import { KafkaError } from '@weir/kafka'
import { InputError } from '@weir/test/workload/input.ts'
import { RegistryError } from '../kafka/registry.ts'
import { StackError } from '../stack/index.ts'
import { Cleanup } from './cleanup.ts'
import { readOptions } from './options.ts'
import { prepare } from './prepare.ts'
import { resultLines } from './result-lines.ts'
import { runDemo } from './run-demo.ts'
import type { Result } from './verdict.ts'

/** `npm run demo`: see README.md. Starts everything, shows it, and takes it all away again. */
const INTERRUPTED = 130
const VIOLATION = 20

const options = readOptions(process.argv)
const say = (line: string) => (options.json ? process.stderr : process.stdout).write(`${line}\n`)
const cleanup = new Cleanup()
const abort = new AbortController()
const interrupted = new Promise<'interrupted'>((done) => {
  let asked = false
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // Who asks twice does not want to wait; services and stack end with this process.
      if (asked) process.exit(INTERRUPTED)
      asked = true
      done('interrupted')
    })
  }
})

let exitCode: number
let lastLine: string | null = null
try {
  exitCode = ended(await Promise.race([demo(), interrupted]))
} catch (error) {
  exitCode = failed(error)
}
abort.abort()
await cleanup.run((line) => process.stderr.write(`${line}\n`))
if (lastLine !== null) process.stdout.write(`${lastLine}\n`)
process.exit(exitCode)

async function demo(): Promise<Result> {
  const prepared = await prepare(options)
  return await runDemo(prepared, { say, cleanup, signal: abort.signal })
}

function ended(end: Result | 'interrupted'): number {
  if (end === 'interrupted') {
    process.stderr.write('Interrupted: stopping everything…\n')
    return INTERRUPTED
  }
  for (const line of resultLines(end)) say(line)
  if (options.json) lastLine = JSON.stringify(end)
  return end.violations.length === 0 ? 0 : VIOLATION
}

function failed(error: unknown): number {
  const known = exitCodeOf(error)
  const text = error instanceof Error ? (known === null ? error.stack : error.message) : String(error)
  process.stderr.write(`${text}\n`)
  return known ?? 1
}

/** Null: a bug, to be shown with its stack. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof InputError) return 2
  if (error instanceof ContractError) return 3
  if (error instanceof StackError || error instanceof RegistryError || error instanceof KafkaError) return 4
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('WEIR_')) return 1
  return null
}
