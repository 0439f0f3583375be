import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { type Cli, type ContractsOption, contractsFolder } from '../cli.ts'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { takingInterrupts } from '../interrupt.ts'

/** What needs the code of a service or of infra runs as a process of its own. */
const REPOSITORY = resolve(import.meta.dirname, '../../../..')
export const COUNT_PROGRAM = resolve(REPOSITORY, 'services/sanitizer/src/replay-plan.ts')
export const RUN_PROGRAM = resolve(REPOSITORY, 'services/sanitizer/src/replay.ts')
export const SET_UP_PROGRAM = resolve(REPOSITORY, 'infra/kafka/main.ts')

const LAST_LINES = 8

export interface WorkerRecord {
  readonly kind: string
  readonly [field: string]: unknown
}

export interface Worker {
  readonly program: string
  readonly args: readonly string[]
  /** Each object with a `kind` that it writes as a line of standard output. */
  readonly onRecord: (record: WorkerRecord) => void
}

export interface WorkerEnd {
  readonly code: number
  /** The last lines that were no records: its log, and why it refused. */
  readonly last: readonly string[]
}

/**
 * Runs a process to its end. Ctrl-C goes to it and not to us, so that it can finish what is open; a second one too. It has
 * a process group of its own, since the terminal would send Ctrl-C to it as well, and ends when we are gone: its standard
 * input is our pipe.
 */
export async function runWorker(cli: Cli, contracts: ContractsOption, worker: Worker): Promise<WorkerEnd> {
  const child = spawn(process.execPath, [worker.program, ...worker.args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...cli.env, WEIR_CONTRACTS: contractsFolder(cli, contracts), WEIR_PARENT_PIPE: '1' },
  })
  child.stdin.on('error', () => {})
  const last: string[] = []
  const keep = (line: string) => {
    last.push(line)
    if (last.length > LAST_LINES) last.shift()
  }
  createInterface({ input: child.stderr }).on('line', keep)
  createInterface({ input: child.stdout }).on('line', (line) => {
    const record = recordIn(line)
    if (record === null) keep(line)
    else worker.onRecord(record)
  })
  return takingInterrupts(
    () => child.kill('SIGINT'),
    async () => {
      await once(child, 'close')
      return { code: child.exitCode ?? codeOfSignal(child.signalCode), last }
    },
  )
}

/** One that ends by the signal it was sent, before it listens or because it never does, was interrupted like any other. */
function codeOfSignal(signal: NodeJS.Signals | null): ExitCode {
  return signal === 'SIGINT' || signal === 'SIGTERM' ? ExitCode.interrupted : ExitCode.someFailed
}

/** The error of a worker that did not do its job, with what it said last. */
export function workerFailed(what: string, { code, last }: WorkerEnd): CliError {
  const known = Object.values(ExitCode).find((one) => one === code && one !== ExitCode.ok) ?? ExitCode.someFailed
  const errorCode = known === ExitCode.refused ? 'WEIR_CLI_REFUSED' : 'WEIR_CLI_UNREACHABLE'
  const said = last.length === 0 ? '' : `\n${last.join('\n')}`
  return new CliError(errorCode, known, `${what} ended with ${code}.${said}`)
}

function recordIn(line: string): WorkerRecord | null {
  try {
    const value: unknown = JSON.parse(line)
    const isRecord = typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'
    return isRecord ? (value as WorkerRecord) : null
  } catch {
    return null
  }
}
