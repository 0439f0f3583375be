import {
  type Branch,
  type Contracts,
  conditionText,
  durationText,
  loadContracts,
  type Output,
  type Path,
  pathText,
  type Stream,
  verbText,
} from '@weir/contracts'
import type { Command } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { usageError } from '../errors.ts'
import { tableText } from '../table.ts'
import { contractsOption, jsonOption } from './options.ts'

type Options = ContractsOption & JsonOption

const HELP = `
Columns are notices in force, and "otherwise" for everyone without a grant. What no column shows is left out of clean
topics; it is listed last.`

export function addContractShow(parent: Command, cli: Cli): void {
  parent
    .command('show [stream...]')
    .description('what each purpose gets of each stream')
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((streams: string[], options: Options) => show(cli, streams, options))
}

function show(cli: Cli, wanted: readonly string[], options: Options): void {
  const contracts = loadContracts(contractsFolder(cli, options))
  for (const stream of chosen(contracts, wanted)) {
    for (const output of stream.outputs) {
      if (options.json === true) for (const record of records(stream, output)) outJson(cli, record)
      else cli.out(outputText(stream, output))
    }
    const hidden = unseen(stream)
    if (options.json === true) outJson(cli, { kind: 'unseen', stream: stream.name, paths: hidden })
    else if (hidden.length > 0) cli.out(`${stream.name}, seen by no purpose: ${hidden.join(', ')}\n\n`)
  }
}

function chosen(contracts: Contracts, wanted: readonly string[]): readonly Stream[] {
  const unknown = wanted.find((name) => !contracts.streams.some((stream) => stream.name === name))
  if (unknown !== undefined) {
    throw usageError(
      `There is no stream "${unknown}"; streams are: ${contracts.streams.map((stream) => stream.name).join(', ')}.`,
    )
  }
  return wanted.length === 0 ? contracts.streams : contracts.streams.filter((stream) => wanted.includes(stream.name))
}

interface Column {
  readonly name: string
  /** Null: `otherwise`. */
  readonly notice: number | null
  readonly branch: Branch
}

function columnsOf({ policies, otherwise }: Output): Column[] {
  return [
    ...policies.map(({ notice, granted }) => ({ name: `notice ${notice}`, notice, branch: granted })),
    ...(otherwise === null ? [] : [{ name: 'otherwise', notice: null, branch: otherwise }]),
  ]
}

interface Shown {
  readonly path: Path
  readonly verb: string
  readonly when: string
}

function shownBy({ leaves, only }: Branch): Shown[] {
  return [
    ...leaves.map(({ path, verb }) => ({ path, verb: verbText(verb), when: '' })),
    ...only.flatMap((one) => {
      const when = conditionText(one.when)
      return one.leaves.map(({ path, verb }) => ({ path, verb: verbText(verb), when }))
    }),
  ]
}

function outputText(stream: Stream, output: Output): string {
  const columns = columnsOf(output)
  const paths = [...new Set(columns.flatMap(({ branch }) => shownBy(branch).map(({ path }) => pathText(path))))]
  const cellOf = (name: string, { branch }: Column) =>
    shownBy(branch)
      .filter(({ path }) => pathText(path) === name)
      .map(({ verb, when }) => (when === '' ? verb : `${verb} where ${when}`))
      .join('; ')
  const rows = paths.map((name) => [name, ...columns.map((column) => cellOf(name, column) || '–')])
  const table = tableText([['', ...columns.map(({ name }) => name)], ...rows])
  const { purpose } = output
  const facts = [
    `to ${output.topic}, kept for ${durationText(output.retentionMs)}, read by ${output.recipients.join(', ')}`,
    `rests on ${purpose.basis}; GPC is ${purpose.gpc === 'denies' ? 'a refusal' : 'ignored'}`,
    ...conditions(output),
    ...(output.otherwise === null ? ['without a grant nothing is published'] : []),
  ]
  const lines = [`${stream.name} for ${purpose.name}: ${purpose.title}`, ...facts.map((fact) => `  ${fact}`)]
  return `${lines.join('\n')}\n${table}\n`
}

function conditions({ policies }: Output): string[] {
  const newest = policies.at(-1)
  if (newest === undefined) return []
  const { needs, granted } = newest
  const { sensitive } = granted
  return [
    ...(needs.length === 0 ? [] : [`needs ${needs.join(' and ')} as well`]),
    ...(granted.events.length === 0 ? [] : [`only events where ${conditionText(granted.events)}`]),
    ...(sensitive === null
      ? []
      : [
          `leaves out the values of ${sensitive.file} in ${pathText(sensitive.by)} unless ${sensitive.needs} is granted`,
        ]),
  ]
}

function records(stream: Stream, output: Output): object[] {
  return columnsOf(output).flatMap(({ notice, branch }) =>
    shownBy(branch).map(({ path, verb, when }) => ({
      kind: 'leaf',
      stream: stream.name,
      purpose: output.purpose.name,
      topic: output.topic,
      retention: durationText(output.retentionMs),
      recipients: output.recipients,
      notice,
      path: pathText(path),
      verb,
      when: when === '' ? null : when,
    })),
  )
}

/** Leaves that no branch of no purpose names. */
function unseen(stream: Stream): string[] {
  const seen = new Set(
    stream.outputs
      .flatMap(columnsOf)
      .flatMap(({ branch }) => shownBy(branch).map(({ path }) => withoutKeys(pathText(path)))),
  )
  return stream.leaves.map(({ path }) => pathText(path)).filter((path) => !seen.has(withoutKeys(path)))
}

function withoutKeys(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{}')
}
