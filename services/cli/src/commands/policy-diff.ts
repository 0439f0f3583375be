import {
  type Audience,
  type Change,
  type Contracts,
  compareContracts,
  durationText,
  leafAt,
  loadContracts,
  type OutputChanges,
  pathText,
} from '@weir/contracts'
import type { Command } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { ExitCode } from '../exit-codes.ts'
import { sourceOf } from '../sources/contract-source.ts'
import { contractsOption, jsonOption } from './options.ts'

type Options = ContractsOption & JsonOption

const HELP = `
Each of the two is a folder, or a revision of the git repository that --contracts lies in.
A line begins with + where more is shown than before, - where less, ~ where both or neither.
Exit: 0 no difference, 20 there is one.`

export function addPolicyDiff(parent: Command, cli: Cli): void {
  parent
    .command('diff <before> [after]')
    .description('what a change shows more or less, to whom, for how long, and whether it needs a new notice')
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((before: string, after: string | undefined, options: Options) => diff(cli, before, after, options))
}

function diff(cli: Cli, before: string, after: string | undefined, options: Options): void {
  const folder = contractsFolder(cli, options)
  const [a, b] = [sourceOf(before, folder), sourceOf(after ?? folder, folder)]
  const [earlier, later] = [loadContracts(a.texts), loadContracts(b.texts)]
  const differences = compareContracts(earlier, later)
  for (const difference of differences) {
    if (options.json === true) for (const record of recordsOf(difference)) outJson(cli, record)
    else cli.out(textOf(difference, difference.kind === 'removed' ? earlier : later))
  }
  const asked = differences.some((one) => one.widening === 'missing')
  if (options.json === true) {
    outJson(cli, { kind: 'summary', before: a.name, after: b.name, outputs: differences.length, noticeMissing: asked })
  }
  if (differences.length === 0) return cli.say(`No difference between ${a.name} and ${b.name} in what passes.`)
  cli.end(ExitCode.difference)
}

function textOf(difference: OutputChanges, contracts: Contracts): string {
  const lines = [titleOf(difference), ...termsText(difference, contracts)]
  for (const { audience, changes } of difference.groups) {
    lines.push(`  ${audienceText(audience)}:`)
    for (const change of changes)
      lines.push(`    ${signOf(change)} ${change.text}${docText(difference, change, contracts)}`)
  }
  lines.push(`  ${noticeText(difference)}`)
  return `${lines.join('\n')}\n\n`
}

/** To whom, and for how long. */
function termsText({ stream, purpose }: OutputChanges, { streams }: Contracts): string[] {
  const outputs = streams.find((one) => one.name === stream)?.outputs ?? []
  const output = outputs.find((one) => one.purpose.name === purpose)
  if (output === undefined) return []
  return [`  read by ${output.recipients.join(', ')}, kept for ${durationText(output.retentionMs)}`]
}

/** What the leaf holds, in the producer's plain words. */
function docText({ stream }: OutputChanges, { path }: Change, { streams }: Contracts): string {
  const leaves = streams.find((one) => one.name === stream)?.leaves
  const doc = path === null || leaves === undefined ? undefined : leafAt(leaves, path)?.doc
  return doc === undefined || doc === '' ? '' : `: "${doc}"`
}

function recordsOf({ groups, kind, ...output }: OutputChanges): object[] {
  const changes = groups.flatMap(({ audience, after, changes: list }) =>
    list.map(({ about, order, text, path }) => ({
      kind: 'change',
      stream: output.stream,
      purpose: output.purpose,
      audience,
      about,
      order,
      path: path === null ? null : pathText(path),
      text,
      file: after.file,
    })),
  )
  return [...changes, { kind: 'output', change: kind, ...output }]
}

function titleOf({ stream, purpose, kind, noticeBefore, noticeAfter }: OutputChanges): string {
  const name = stream === null ? `${purpose}, in purposes.yaml` : `${purpose}, from ${stream}`
  const words = kind === 'added' ? ': new' : kind === 'removed' ? ': gone' : ''
  if (noticeBefore === null || noticeAfter === null || noticeBefore === noticeAfter) return `${name}${words}`
  return `${name}${words} (notice ${noticeBefore} → ${noticeAfter})`
}

function audienceText(audience: Audience): string {
  switch (audience.kind) {
    case 'all':
      return 'for everyone it is about'
    case 'without-grant':
      return 'for those without a grant'
    case 'grants':
      return `for those who agreed to notice ${audience.notices.join(' or ')}`
    case 'new-grants': {
      const beside = audience.besideNotice === null ? 'nothing before' : `notice ${audience.besideNotice}`
      return `for those who will agree to notice ${audience.notice}, beside ${beside}`
    }
  }
}

function signOf({ order }: Change): string {
  return order === 'more' ? '+' : order === 'less' ? '-' : '~'
}

function noticeText({ widening, noticeBefore, noticeAfter, groups }: OutputChanges): string {
  if (widening === 'none') return 'needs no new notice: nothing is shown beyond before'
  if (widening === 'new-notice') return `needs a new notice, and has it: ${noticeAfter ?? ''}`.trimEnd()
  const terms = groups.some((group) =>
    group.changes.some((one) => one.about === 'retention' || one.about === 'recipients'),
  )
  const also = terms ? '; what is kept longer or goes further needs a new "to" as well' : ''
  return `NEEDS A NEW NOTICE, ${(noticeBefore ?? 0) + 1}, and has none${also}`
}
