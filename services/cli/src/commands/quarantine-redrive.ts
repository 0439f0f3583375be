import { resolve } from 'node:path'
import type { Stream } from '@weir/contracts'
import { topicName } from '@weir/service'
import type { Command } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { ExitCode } from '../exit-codes.ts'
import { type Quarantine, quarantineOf, type StreamOptions, sealerOf, streamMeant } from '../quarantine/ground.ts'
import { recordAct, type WhoOptions, whoAndWhy } from '../quarantine/record-act.ts'
import { oldestToRedrive, type RedrivePlan, redrivePlan } from '../quarantine/redrive-plan.ts'
import { Redriven } from '../quarantine/redriven.ts'
import { timeText } from '../quarantine/tally.ts'
import { type Cluster, onCluster } from '../replay/cluster.ts'
import { Progress } from '../replay/progress.ts'
import { runWorker, type WorkerRecord, workerFailed } from '../replay/worker.ts'
import { contractsOption, executeOption, jsonOption } from './options.ts'
import { count, reasonOption, roleOption, streamOption } from './quarantine-options.ts'

/** The sanitizer's own code, as a process. */
const PROGRAM = resolve(import.meta.dirname, '../../../sanitizer/src/redrive.ts')

interface Options extends StreamOptions, WhoOptions, JsonOption {
  readonly code: readonly string[]
  readonly limit?: number
  readonly execute?: true
}

const HELP = `
After a mend (a schema registered, a contract corrected) records go the sanitizer's own way again, as they were: decided by
consent as it is now, each once whatever happens on the way. What can't be processed this time either goes to quarantine
again, as a new record. How far each reason was redriven is kept, so a reason that is not named loses nothing.
The order of a person's events does not hold: events that were processed meanwhile stand before these.
With --execute it is recorded in weir.acts first (--role, --reason). Ctrl-C leaves it where it is; the same command goes on.
Needs what a sanitizer needs: Kafka, REDIS_URL, SCHEMA_REGISTRY_URL, WEIR_CONTRACTS, WEIR_ROOT_KEY_FILE, WEIR_REFERENCE_KEY_FILE.
Exit: 0 done, 1 failed on the way, 2 usage, 4 something unreachable or not recorded, 5 refused, 130 interrupted.`

export function addQuarantineRedrive(parent: Command, cli: Cli): void {
  parent
    .command('redrive')
    .description('after a mend: quarantined records of a reason go through the sanitizer again, each once')
    .addOption(streamOption())
    .requiredOption('--code <code...>', 'records quarantined for these reasons, such as WEIR_EVENT_SCHEMA_UNKNOWN')
    .option(
      '--limit <count>',
      'at most so many of each reason, one partition after another: to see whether the mend holds',
      count,
    )
    .addOption(executeOption())
    .addOption(roleOption())
    .addOption(reasonOption())
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => redrive(cli, options))
}

async function redrive(cli: Cli, options: Options): Promise<void> {
  const stream = streamMeant(cli, options)
  const sealer = sealerOf(cli)
  const who = options.execute === true ? whoAndWhy(options, 'Redriving records') : null
  const found = await onCluster(cli, async (cluster) => {
    const quarantine = await quarantineOf(cluster, stream)
    const plans = await plansOf(cluster, quarantine, stream, sealer, options)
    for (const plan of plans) show(cli, options, quarantine, plan)
    return { quarantine, plans: plans.filter(({ records }) => records > 0) }
  })
  const { quarantine, plans } = found
  if (who === null) {
    if (plans.length > 0) cli.say('Only the plan: --execute, with --role and --reason, does it.')
    return
  }
  for (const plan of plans) {
    const { topic } = quarantine
    const act = { kind: 'redrive', stream: stream.name, topic, code: plan.code, ranges: plan.ranges, ...who } as const
    await onCluster(cli, (cluster) => recordAct(cluster, sealer, act, 'nothing is redriven'))
    if (!(await run(cli, options, stream.name, plan))) return
  }
}

async function plansOf(
  cluster: Cluster,
  quarantine: Quarantine,
  stream: Stream,
  sealer: ReturnType<typeof sealerOf>,
  { code, limit }: Options,
): Promise<RedrivePlan[]> {
  const redriven = new Redriven(cluster, quarantine)
  const sinceMs = await oldestToRedrive(cluster.kafka, quarantine.topic, Date.now())
  const rawTopic = topicName(cluster.namespace, stream.rawTopic)
  const plans: RedrivePlan[] = []
  for (const one of new Set(code)) {
    const wanted = { code: one, rawTopic, sinceMs, limit: limit ?? Number.POSITIVE_INFINITY }
    plans.push(await redrivePlan(cluster, quarantine, redriven, sealer, wanted))
  }
  return plans
}

function show(cli: Cli, { json }: Options, { stream, topic }: Quarantine, plan: RedrivePlan): void {
  const { code, records, tooOld, ranges, sinceMs } = plan
  if (json === true)
    return outJson(cli, { kind: 'plan', stream, code, records, tooOld, ranges, sinceMs, keepsKeyOrder: false })
  const lines = [
    `${topic}, ${code}: ${records} records to redrive`,
    ...ranges.map(({ partition, from, to }) => `  partition ${partition}: offsets ${from} to before ${to}`),
    ...(tooOld === 0
      ? []
      : [`  ${tooOld} more are from before ${timeText(sinceMs)}, too old to be redriven: they expire`]),
    ...(records === 0
      ? []
      : ['  Order is lost: a person’s events that were processed meanwhile stand before these in the clean topics.']),
  ]
  cli.out(`${lines.join('\n')}\n`)
}

/** False: it was interrupted. @throws CliError when it failed */
async function run(cli: Cli, options: Options, stream: string, plan: RedrivePlan): Promise<boolean> {
  const { code, sinceMs } = plan
  const task = { stream, code, sinceMs, ranges: plan.ranges.map(({ partition, to }) => ({ partition, to })) }
  const progress = new Progress(cli, `redriving ${code}`, options.json === true)
  let done: WorkerRecord | null = null
  const onRecord = (record: WorkerRecord) => {
    if (record.kind === 'progress') progress.show(Number(record['offsets']), Number(record['total']))
    if (record.kind === 'waiting') cli.say(`waiting: ${record['why']}`)
    if (record.kind === 'done') done = record
  }
  const end = await runWorker(cli, options, { program: PROGRAM, args: [JSON.stringify(task)], onRecord })
  progress.end()
  if (done === null) throw workerFailed(`The redrive of ${code}`, end)
  tell(cli, options, code, done)
  if (end.code === ExitCode.ok) return true
  if (end.code !== ExitCode.interrupted) throw workerFailed(`The redrive of ${code}`, end)
  cli.end(ExitCode.interrupted)
  return false
}

function tell(cli: Cli, { json }: Options, code: string, done: WorkerRecord): void {
  const { kind, ...counts } = done
  if (json === true) return outJson(cli, { kind: 'redriven', code, ...counts })
  const { processed, quarantined, state } = counts
  const again = `${quarantined} of them quarantined again`
  cli.out(
    `${code}: ${processed} records processed by this run, ${again}${state === 'completed' ? '' : '; interrupted: the same command goes on'}\n`,
  )
}
