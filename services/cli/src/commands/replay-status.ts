import { resolve } from 'node:path'
import { type Alias, type PlanStatus, readPlan, readTopics } from '@weir/replay'
import type { Command } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { type Cluster, onCluster } from '../replay/cluster.ts'
import { planState } from '../replay/plan-state.ts'
import { tableText } from '../table.ts'
import { jsonOption } from './options.ts'

const HELP = `
Where: KAFKA_BROKERS (and KAFKA_SSL_…, KAFKA_SASL_…), WEIR_NAMESPACE.
Exit: 0 told, 2 usage, 4 Kafka unreachable, 5 refused: the plan is of another namespace.`

export function addReplayStatus(parent: Command, cli: Cli): void {
  parent
    .command('status')
    .argument(
      '[plan]',
      'file that `weir replay plan` wrote: how far it is (default: all replays, and which topics are current)',
    )
    .description('how far a replay is, or what became of all')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: JsonOption) =>
      onCluster(cli, (cluster) =>
        file === undefined ? statusOfAll(cli, cluster, options) : statusOfPlan(cli, cluster, resolve(file), options),
      ),
    )
}

async function statusOfPlan(cli: Cli, cluster: Cluster, file: string, { json }: JsonOption): Promise<void> {
  const plan = readPlan(file)
  const { status, committed, done, total, complete } = await planState(cluster, plan)
  const word = complete ? 'completed' : (status?.status ?? 'planned')
  const partitions = plan.ranges.map((range, i) => ({ ...range, committed: committed[i] ?? -1 }))
  if (json === true) {
    outJson(cli, {
      kind: 'plan',
      planId: plan.planId,
      stream: plan.stream,
      status: word,
      offsets: done,
      total,
      partitions,
    })
    return
  }
  cli.out(`Plan ${plan.planId} of ${plan.stream}: ${word}, ${done} of ${total} offsets done\n`)
  const rows = partitions.map(({ partition, from, to, committed: at }) =>
    [partition, from, to, at < 0 ? '-' : at].map(String),
  )
  cli.out(tableText([['partition', 'from', 'to', 'committed'], ...rows]))
}

async function statusOfAll(cli: Cli, { kafka, namespace }: Cluster, { json }: JsonOption): Promise<void> {
  const { plans, aliases } = await readTopics(kafka, namespace)
  if (json === true) {
    for (const plan of plans.values()) outJson(cli, { kind: 'plan', ...plan, digest: plan.digest.toString('hex') })
    for (const alias of aliases.values()) outJson(cli, { kind: 'alias', ...alias })
    return
  }
  if (plans.size + aliases.size === 0) return cli.say('No replay was ever run here.')
  cli.out(tableText([['plan', 'stream', 'status', 'since', 'offsets then'], ...[...plans.values()].map(planRow)]))
  if (aliases.size > 0)
    cli.out(`\n${tableText([['stream', 'purpose', 'current topic', 'since'], ...[...aliases.values()].map(aliasRow)])}`)
}

function planRow({ planId, stream, status, atMs, offsets }: PlanStatus): string[] {
  return [planId, stream, status, new Date(atMs).toISOString(), String(offsets)]
}

function aliasRow({ stream, purpose, topic, sinceMs }: Alias): string[] {
  return [stream, purpose, topic, new Date(sinceMs).toISOString()]
}
