import { type Command, Option } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { usageError } from '../errors.ts'
import { type ExpirePlan, expirePlan } from '../quarantine/expire-plan.ts'
import { type Quarantine, quarantineOf, type StreamOptions, sealerOf, streamMeant } from '../quarantine/ground.ts'
import { recordAct, type WhoOptions, whoAndWhy } from '../quarantine/record-act.ts'
import { onCluster } from '../replay/cluster.ts'
import { offsetList } from '../replay/ranges.ts'
import { pointInTime } from '../replay/times.ts'
import { contractsOption, executeOption, jsonOption } from './options.ts'
import { reasonOption, roleOption, streamOption } from './quarantine-options.ts'

interface Options extends StreamOptions, WhoOptions, JsonOption {
  readonly before?: number
  readonly to?: ReadonlyMap<number, number>
  readonly execute?: true
}

const HELP = `
Kafka deletes from the start of a partition up to an offset, and nothing else: all that lies before the first record that
is to stay goes, whatever its reason, redriven or not. The plan says what that takes. It can't be undone.
With --execute it is recorded in weir.acts first (--role, --reason; needs WEIR_ROOT_KEY_FILE).
Exit: 0 done, 2 usage, 4 Kafka unreachable or not recorded, 5 refused.`

export function addQuarantineExpire(parent: Command, cli: Cli): void {
  parent
    .command('expire')
    .description('delete quarantined records now, before their retention does')
    .addOption(streamOption())
    .addOption(
      new Option('--before <time>', 'quarantined before: 2026-01-15T10:20:00Z, or 90m, 2h, 3d ago').argParser(
        pointInTime,
      ),
    )
    .addOption(
      new Option('--to <offsets>', 'or: the first offset to keep by partition, as 0:100,1:250').argParser(offsetList),
    )
    .addOption(executeOption())
    .addOption(roleOption())
    .addOption(reasonOption())
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => expire(cli, options))
}

async function expire(cli: Cli, options: Options): Promise<void> {
  const { before: untilMs, to } = options
  if ((untilMs === undefined) === (to === undefined))
    throw usageError('Say up to where: --before <time> or --to <offsets>.')
  const stream = streamMeant(cli, options)
  const executes =
    options.execute === true ? { who: whoAndWhy(options, 'Deleting records'), sealer: sealerOf(cli) } : null
  await onCluster(cli, async (cluster) => {
    const quarantine = await quarantineOf(cluster, stream)
    const until = untilMs === undefined ? { to: to ?? new Map() } : { untilMs }
    const plan = await expirePlan(cluster, quarantine, until)
    show(cli, options, quarantine, plan)
    const { topic } = quarantine
    if (executes !== null && plan.ranges.length > 0) {
      const act = {
        kind: 'expire',
        stream: stream.name,
        topic,
        code: null,
        ranges: plan.ranges,
        ...executes.who,
      } as const
      await recordAct(cluster, executes.sealer, act, 'nothing is deleted')
      await cluster.kafka.admin.deleteRecords(
        plan.ranges.map(({ partition, to: offset }) => ({ topic, partition, offset })),
      )
    }
    end(cli, options, plan, executes !== null)
  })
}

function show(cli: Cli, { json }: Options, { stream, topic }: Quarantine, { ranges, tally }: ExpirePlan): void {
  if (json === true) {
    for (const range of ranges) outJson(cli, { kind: 'range', stream, ...range })
    for (const one of tally.counts) outJson(cli, { kind: 'count', stream, ...one })
    return
  }
  if (ranges.length === 0) return cli.out(`${topic}: nothing to delete\n`)
  const notRedriven = tally.records - tally.redriven
  cli.out(
    [
      `${topic}: ${tally.records} records, ${notRedriven} of which were not redriven, from the start of each partition:`,
      ...ranges.map(({ partition, from, to }) => `  partition ${partition}: offsets ${from} to before ${to}`),
      '',
      `${tally.text()}`,
    ].join('\n'),
  )
}

function end(cli: Cli, { json }: Options, { ranges, tally }: ExpirePlan, executed: boolean): void {
  if (json === true) outJson(cli, { kind: 'summary', records: tally.records, redriven: tally.redriven, executed })
  else if (ranges.length > 0) {
    cli.say(executed ? 'Deleted.' : 'Only the plan: --execute, with --role and --reason, deletes them for good.')
  }
}
