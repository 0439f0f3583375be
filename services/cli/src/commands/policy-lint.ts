import {
  ContractError,
  type Contracts,
  type Finding,
  type LintReport,
  lintContracts,
  loadContracts,
  type Registered,
  readFolder,
} from '@weir/contracts'
import type { Command } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { ExitCode } from '../exit-codes.ts'
import { lastCommitted, sourceOf } from '../sources/contract-source.ts'
import { registeredSchemas } from '../sources/registered.ts'
import { contractsOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly against?: string
  readonly registry?: string
  readonly strict?: true
  readonly notes: boolean
}

const HELP = `
Findings are errors (must not ship), warnings (almost always a mistake) and notes (so that a reviewer knows).
Exit: 0 no errors, 3 the contract does not load, 20 it loads and has errors (with --strict: or warnings).`

export function addPolicyLint(parent: Command, cli: Cli): void {
  parent
    .command('lint')
    .description('look through a contract for what shows too much, or more than people were told')
    .addOption(contractsOption())
    .option('--against <folder|revision>', 'the contract as it stood before (default: HEAD of its git repository)')
    .option('--registry <url>', 'compare schemas with all that are registered there')
    .option('--strict', 'warnings count as errors')
    .option('--no-notes', 'leave the notes out')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => lint(cli, options))
}

async function lint(cli: Cli, options: Options): Promise<void> {
  const folder = contractsFolder(cli, options)
  const skipped: string[] = []
  const report = await reportOf(cli, folder, options, skipped)
  skipped.push(...report.skipped)

  const count = (severity: Finding['severity']) => report.findings.filter((one) => one.severity === severity).length
  const [errors, warnings, notes] = [count('error'), count('warning'), count('note')]
  for (const finding of report.findings) {
    if (finding.severity === 'note' && !options.notes) continue
    if (options.json === true) outJson(cli, { kind: 'finding', ...finding })
    else cli.out(findingText(finding))
  }
  if (options.json === true) outJson(cli, { kind: 'summary', errors, warnings, notes, skipped })
  for (const sentence of skipped) cli.say(`${sentence}.`)
  cli.say(`${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notes, 'note')}`)

  if (report.findings.some((one) => one.rule.startsWith('WEIR_CONTRACT_'))) cli.end(ExitCode.contractInvalid)
  else if (errors > 0 || (options.strict === true && warnings > 0)) cli.end(ExitCode.difference)
}

/** A folder that can't be read is a finding like any other contract that does not load. */
async function reportOf(cli: Cli, folder: string, options: Options, skipped: string[]): Promise<LintReport> {
  let texts: ReadonlyMap<string, string>
  try {
    texts = readFolder(folder)
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    return faultsReport(error)
  }
  const against = earlierContract(folder, options, skipped)
  const registered = await registeredOf(cli, texts, options)
  return lintContracts(texts, { against, ...(registered === null ? {} : { registered }) })
}

function faultsReport({ faults }: ContractError): LintReport {
  const findings = faults.map(
    ({ code, ...place }): Finding => ({
      rule: code,
      severity: 'error',
      ...place,
    }),
  )
  return { findings, skipped: ['The contract does not load yet; the rest is looked at when it does'] }
}

function earlierContract(folder: string, { against }: Options, skipped: string[]): Contracts | null {
  if (against !== undefined) return loadContracts(sourceOf(against, folder).texts)
  const last = lastCommitted(folder)
  if ('contracts' in last) return last.contracts
  skipped.push(`Not compared with an earlier version: ${last.why}`)
  return null
}

/** Null: not asked for, or the contract does not load, so that nobody knows which schemas it would register. */
async function registeredOf(
  cli: Cli,
  texts: ReadonlyMap<string, string>,
  { registry }: Options,
): Promise<Registered | null> {
  if (registry === undefined) return null
  let contracts: Contracts
  try {
    contracts = loadContracts(texts)
  } catch {
    return null
  }
  return registeredSchemas(contracts, registry, cli.env['WEIR_NAMESPACE'] ?? '')
}

function findingText({ rule, severity, file, line, column, what, mend }: Finding): string {
  const end = mend.endsWith('?') ? '' : '.'
  return `${file}:${line}:${column}: ${severity}: ${what}. ${mend}${end} [${rule}]\n`
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
