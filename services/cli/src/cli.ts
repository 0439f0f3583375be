import { resolve } from 'node:path'
import type { ExitCode } from './exit-codes.ts'

/** The sample contract, where neither --contracts nor WEIR_CONTRACTS names another. */
const SAMPLE = resolve(import.meta.dirname, '../../../infra/contracts')

/** What commands have of the world: where they write, and how they end. */
export interface Cli {
  readonly env: NodeJS.ProcessEnv
  /** Data: on stdout. */
  out(text: string): void
  /** All that is not data: on stderr. */
  say(text: string): void
  /** What the process ends with when the command is through. */
  end(code: ExitCode): void
}

export interface ContractsOption {
  readonly contracts?: string
}

export interface JsonOption {
  readonly json?: true
}

/** The folder that a command works on. */
export function contractsFolder(cli: Cli, { contracts }: ContractsOption): string {
  return resolve(contracts ?? cli.env['WEIR_CONTRACTS'] ?? SAMPLE)
}

/** One record of NDJSON. JSON lets DEL and the C1 controls stand as they are, which steer some terminals: escaped here. */
export function outJson(cli: Cli, record: object): void {
  const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
  cli.out(`${JSON.stringify(record).replace(/[\x7f-\x9f]/g, escaped)}\n`)
}

/** How a path is written for people: relative where it lies below the folder they are in. */
export function shown(folder: string): string {
  const here = process.cwd()
  if (folder === here) return '.'
  return folder.startsWith(`${here}/`) ? folder.slice(here.length + 1) : folder
}
