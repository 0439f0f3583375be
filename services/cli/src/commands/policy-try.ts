import { type Contracts, loadContracts, type Stream } from '@weir/contracts'
import type { Command } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { tableText } from '../table.ts'
import { readEvent, sampleEvent } from '../try/read-event.ts'
import { type Tried, type TriedLeaf, tryEvent } from '../try/try-event.ts'
import { contractsOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly purpose: readonly string[]
  readonly also: readonly string[]
}

const HELP = `
The event is a file (JSON or YAML) or - for stdin; left out, a sample is made from the schema. Fields that it leaves out
take the schema's default, else a plain value. Purposes that a policy needs count as granted.
Exit: 0 shown, 1 the event would be quarantined.`

export function addPolicyTry(parent: Command, cli: Cli): void {
  parent
    .command('try <stream> [event]')
    .description('one event before and after, leaf by leaf with the reason: for a grant, an old grant and none')
    .addOption(contractsOption())
    .option('-p, --purpose <name...>', 'only these purposes', [])
    .option('--also <purpose...>', 'these are granted as well, such as the one that sensitive values need', [])
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((stream: string, event: string | undefined, options: Options) => tryCommand(cli, stream, event, options))
}

function tryCommand(cli: Cli, name: string, file: string | undefined, options: Options): void {
  const contracts = loadContracts(contractsFolder(cli, options))
  const stream = contracts.streams.find((one) => one.name === name)
  if (stream === undefined) {
    throw usageError(
      `There is no stream "${name}"; streams are: ${contracts.streams.map((one) => one.name).join(', ')}.`,
    )
  }
  for (const purpose of [...options.purpose, ...options.also]) known(contracts, purpose)
  const event = file === undefined ? sampleEvent(stream) : readEvent(stream, file)
  if (file === undefined) cli.say('No event given: this is a sample made from the schema.')

  const all = tryEvent(contracts, stream, event, options.also)
  const tried = options.purpose.length === 0 ? all : all.filter((one) => options.purpose.includes(one.purpose))
  for (const one of tried) {
    if (options.json === true) for (const record of recordsOf(stream, one)) outJson(cli, record)
    else cli.out(textOf(stream, one))
  }
  if (tried.some((one) => one.outcome === 'quarantined')) cli.end(ExitCode.someFailed)
}

function known({ purposes }: Contracts, name: string): void {
  if (purposes.some((one) => one.name === name)) return
  throw usageError(`There is no purpose "${name}"; purposes are: ${purposes.map((one) => one.name).join(', ')}.`)
}

function textOf(stream: Stream, tried: Tried): string {
  const { purpose, outcome, file, why, leaves } = tried
  const by = file === null ? '' : ` by ${file}`
  const head = `${stream.name} for ${purpose}, ${answerText(tried)}: ${outcome}${by}${why === null ? '' : ` (${why})`}`
  if (leaves.length === 0) return `${head}\n\n`
  const rows = leaves.map((leaf) => [leaf.path, valueText(leaf.before), '→', afterText(leaf), leaf.why])
  return `${head}\n${tableText(rows)}\n`
}

function answerText({ notice, isCurrent }: Tried): string {
  if (notice === null) return 'without a grant'
  return isCurrent ? `with a grant under notice ${notice}` : `with an old grant, under notice ${notice}`
}

function afterText({ passes, after }: TriedLeaf): string {
  if (!passes) return '(left out)'
  return after === 'pseudonym' ? 'a pseudonym' : valueText(after)
}

const LONGEST = 48

function valueText(value: unknown): string {
  const text = typeof value === 'number' && !Number.isFinite(value) ? String(value) : JSON.stringify(value)
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function recordsOf(stream: Stream, { leaves, ...tried }: Tried): object[] {
  const { purpose, notice } = tried
  const shared = { stream: stream.name, purpose, notice }
  return [
    { kind: 'outcome', stream: stream.name, ...tried },
    ...leaves.map((leaf) => ({ kind: 'leaf', ...shared, ...leaf })),
  ]
}
