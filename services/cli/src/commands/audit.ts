import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { ExitCode } from '../exit-codes.ts'
import { Progress } from '../replay/progress.ts'
import { pointInTime } from '../replay/times.ts'
import { runWorker, type WorkerRecord, workerFailed } from '../replay/worker.ts'
import { jsonOption } from './options.ts'

/** The auditor shares no code with what it judges, us included: it runs as a process of its own. */
const PROGRAM = resolve(import.meta.dirname, '../../../auditor/src/main.ts')

/** Violations that are written out without --json; all are counted. */
const MOST_SHOWN = 50

interface Options extends JsonOption {
  readonly from?: number
  readonly to?: number
  readonly purposes?: string
  readonly contracts?: string[]
}

const HELP = `
Reads audit records, raw (while retained), ledger, state and clean topics, decides every row anew, and compares. Writes
nothing. Give the contract folders that were in force in the range: audit records name them by fingerprint. Settings are
those of a sanitizer: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, WEIR_NAMESPACE, WEIR_ROOT_KEY_FILE, WEIR_REFERENCE_KEY_FILE.
What it proves, and what it can't: docs/reference/audit.md.
Exit: 0 nothing is violated, 20 something is, 2 usage, 4 something can't be had.`

export function addAudit(parent: Command, cli: Cli): void {
  parent
    .command('audit')
    .description('prove from the topics that the promises were kept, record by record')
    .option('--from <time>', 'chunks decided from then on, as 2026-01-15T10:20:00Z or 2h (default: all)', pointInTime)
    .option('--to <time>', 'chunks decided before then (default: up to now)', pointInTime)
    .option('--purposes <list>', 'only these purposes, as analytics,marketing')
    .addOption(contractFolders())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => audit(cli, options))
}

function contractFolders(): Option {
  const text = 'folder of a contract that was in force; may be given again (default: WEIR_CONTRACTS, else the sample)'
  return new Option('-c, --contracts <folder>', text).argParser<string[]>((folder, before = []) => [...before, folder])
}

async function audit(cli: Cli, options: Options): Promise<void> {
  const isJson = options.json === true
  const bars = new Map<string, Progress>()
  let sum: WorkerRecord | null = null
  let shown = 0
  const onRecord = (record: WorkerRecord) => {
    if (record.kind === 'progress') {
      const what = String(record['what'])
      const bar = bars.get(what) ?? new Progress(cli, what, false)
      bars.set(what, bar)
      bar.show(Number(record['done']), Number(record['total']))
    } else if (isJson) outJson(cli, record)
    else if (record.kind === 'violation' && ++shown <= MOST_SHOWN) cli.out(violationText(record))
    if (record.kind === 'sum') sum = record
  }
  const end = await runWorker(cli, {}, { program: PROGRAM, args: argsOf(options), onRecord })
  for (const bar of bars.values()) bar.end()
  if (sum === null) throw workerFailed('The audit', end)
  if (!isJson) cli.out(sumText(sum, shown))
  cli.end(end.code === ExitCode.ok ? ExitCode.ok : ExitCode.difference)
}

function argsOf({ from, to, purposes, contracts = [] }: Options): string[] {
  return [
    ...(from === undefined ? [] : ['--from-ms', String(from)]),
    ...(to === undefined ? [] : ['--to-ms', String(to)]),
    ...(purposes === undefined ? [] : ['--purposes', purposes]),
    ...contracts.flatMap((folder) => ['--contracts', resolve(folder)]),
  ]
}

function violationText(record: WorkerRecord): string {
  const { promise, what, topic, partition, offset, purpose, leaves, expected, found, raw } = record
  const about = purpose === null ? '' : ` (${String(purpose)})`
  const shownLeaves = (leaves as string[]).length === 0 ? '' : ` ${(leaves as string[]).join(', ')}:`
  const { topic: from, partition: p, offset: o } = (raw ?? {}) as Record<string, unknown>
  const source = raw === null ? '' : ` [raw ${String(from)}/${String(p)}/${String(o)}]`
  return (
    `promise ${String(promise)}, ${String(what)}${about}: ${String(topic)}/${String(partition)}/${String(offset)}${source}:` +
    `${shownLeaves} expected ${String(expected)}, found ${String(found)}\n`
  )
}

interface Counts {
  readonly proved: number
  readonly violated: number
  readonly undecidable: Readonly<Record<string, number>>
}

function sumText(sum: WorkerRecord, violations: number): string {
  const outcomes = sum['outcomes'] as Readonly<Record<string, Readonly<Record<string, number>>>>
  const lines = [
    ...(violations > MOST_SHOWN ? [`… and ${violations - MOST_SHOWN} more violations (--json lists all)`] : []),
    `chunks        ${String(sum['chunks'])}`,
    `raw records   ${countsText(sum['raw'] as Counts)}`,
    `clean records ${countsText(sum['clean'] as Counts)}`,
    ...Object.entries(outcomes).map(
      ([purpose, { granted, stripped, withheld }]) =>
        `${purpose}: ${granted} granted, ${stripped} stripped, ${withheld} withheld, as they must be`,
    ),
    ...(sum['rawOffsetsExpired'] === 0
      ? []
      : [`raw that is expired: ${String(sum['rawOffsetsExpired'])} offsets, of which nothing can be said any more`]),
    violations === 0 ? 'nothing is violated' : `${violations} violations`,
  ]
  return `${lines.join('\n')}\n`
}

function countsText({ proved, violated, undecidable }: Counts): string {
  const reasons = Object.entries(undecidable).map(([why, count]) => `, ${count} undecidable (${why})`)
  return `${proved} proved, ${violated} violated${reasons.join('')}`
}
