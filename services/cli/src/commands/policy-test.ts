import { loadContracts, readFolder } from '@weir/contracts'
import type { Command } from 'commander'
import type { CaseFault, PolicyCase } from '../cases/case.ts'
import { EventPass } from '../cases/pass-event.ts'
import { readCases } from '../cases/read-cases.ts'
import { type Mismatch, runCase } from '../cases/run-case.ts'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { CliError, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { contractsOption, jsonOption } from './options.ts'

type Options = ContractsOption & JsonOption

const HELP = `
A case says what an event and the person's answers give for a purpose. Its form: services/cli/README.md.
Exit: 0 all pass, 1 some fail or there are none, 3 the contract or a file of cases can't be read.`

export function addPolicyTest(parent: Command, cli: Cli): void {
  parent
    .command('test [stream...]')
    .description('run the cases of <stream>/cases.yaml (default: of all streams); needs nothing that runs')
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((streams: string[], options: Options) => test(cli, streams, options))
}

function test(cli: Cli, wanted: readonly string[], options: Options): void {
  const texts = readFolder(contractsFolder(cli, options))
  const contracts = loadContracts(texts)
  const known = contracts.streams.map((stream) => stream.name)
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown !== undefined) throw usageError(`There is no stream "${unknown}"; streams are: ${known.join(', ')}.`)

  const faults: CaseFault[] = []
  const runs: { one: PolicyCase; stream: string; pass: EventPass }[] = []
  for (const stream of contracts.streams) {
    if (wanted.length > 0 && !wanted.includes(stream.name)) continue
    const file = `${stream.name}/cases.yaml`
    const text = texts.get(file)
    if (text === undefined) {
      cli.say(`${stream.name} has no cases.yaml.`)
      continue
    }
    const read = readCases(text, file, stream, contracts)
    faults.push(...read.faults)
    const pass = new EventPass(contracts, stream)
    runs.push(...read.cases.map((one) => ({ one, stream: stream.name, pass })))
  }
  if (faults.length > 0)
    throw new CliError('WEIR_CLI_CASES', ExitCode.contractInvalid, faults.map(faultText).join('\n'))

  let failed = 0
  for (const { one, stream, pass } of runs) {
    const mismatches = runCase(pass, one)
    if (mismatches.length > 0) failed++
    const { name, file, line } = one
    const passed = mismatches.length === 0
    if (options.json === true) outJson(cli, { kind: 'case', stream, file, line, name, passed, mismatches })
    else cli.out(passed ? `ok      ${stream}: ${name}\n` : failureText(one, stream, mismatches))
  }
  const passed = runs.length - failed
  if (options.json === true) outJson(cli, { kind: 'summary', cases: runs.length, passed, failed })
  cli.say(runs.length === 0 ? 'There are no cases.' : `${passed} passed, ${failed} failed`)
  if (failed > 0 || runs.length === 0) cli.end(ExitCode.someFailed)
}

function failureText({ name, file, line }: PolicyCase, stream: string, mismatches: readonly Mismatch[]): string {
  const lines = [`FAILED  ${stream}: ${name}`, `        ${file}:${line}`]
  for (const { purpose, decided, differences } of mismatches) {
    lines.push(`        ${purpose ?? 'the event'} (${decided})`)
    for (const { path, expected, actual } of differences) {
      lines.push(
        `          ${path === '' ? 'all of it' : path}`,
        `            expected ${written(expected)}`,
        `            got      ${written(actual)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}

function written(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value === 'withheld' || value === 'pseudonym' ? value : JSON.stringify(value)
}

function faultText({ file, line, column, what, mend }: CaseFault): string {
  return `${file}:${line}:${column}: ${what}. ${mend}${mend.endsWith('?') ? '' : '.'}`
}
