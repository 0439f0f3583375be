import { readFileSync, writeFileSync } from 'node:fs'
import { loadContracts, nearest, type Stream } from '@weir/contracts'
import { typesOf } from '@weir/producer/types'
import { type Command, Option } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson, shown } from '../cli.ts'
import { CliError, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { contractsOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly out?: string
  readonly check?: true
}

const HELP = `
The types are those of track(): createProducer<ClickstreamEvent>(…) of @weir/producer.
Commit the file, and let a build run the same with --check.
Exit: 0 done or up to date, 20 (with --check) the file is another than the contract's.`

export function addContractTypes(parent: Command, cli: Cli): void {
  parent
    .command('types <stream>')
    .description("TypeScript types of a stream's events, made from its contract")
    .addOption(contractsOption())
    .addOption(new Option('-o, --out <file>', 'write them there (default: stdout)'))
    .addOption(new Option('--check', 'write nothing; only see whether the file is up to date'))
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((stream: string, options: Options) => types(cli, stream, options))
}

function types(cli: Cli, name: string, options: Options): void {
  const { out, check, json } = options
  if (check === true && out === undefined) throw usageError('--check needs --out, the file to look at.')
  const folder = contractsFolder(cli, options)
  const text = typesOf(streamNamed(name, loadContracts(folder).streams, folder))
  if (out === undefined) return json === true ? outJson(cli, { kind: 'types', stream: name, text }) : cli.out(text)

  const isSame = textOf(out) === text
  if (json === true)
    outJson(cli, { kind: 'types', stream: name, file: out, same: isSame, written: !isSame && check !== true })
  if (isSame) return cli.say(`${shown(out)} is up to date.`)
  if (check === true) {
    cli.say(`${shown(out)} is not what the contract says. Run \`weir contract types ${name} --out ${shown(out)}\`.`)
    return cli.end(ExitCode.difference)
  }
  write(out, text)
  cli.say(`${shown(out)} written.`)
}

function streamNamed(name: string, streams: readonly Stream[], folder: string): Stream {
  const found = streams.find((stream) => stream.name === name)
  if (found !== undefined) return found
  const names = streams.map((stream) => stream.name)
  const near = nearest(name, names)
  const hint = near === null ? `It has: ${names.join(', ')}.` : `Did you mean ${near}?`
  throw usageError(`The contract in ${shown(folder)} has no stream ${name}. ${hint}`)
}

/** Null when there is no such file yet. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw cannot('read', file, error)
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw cannot('write', file, error)
  }
}

function cannot(verb: 'read' | 'write', file: string, error: unknown): CliError {
  return new CliError('WEIR_CLI_INPUT', ExitCode.usage, `${shown(file)}: can't ${verb} it (${codeOf(error)}).`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
