import { resolve } from 'node:path'
import { readPlan } from '@weir/replay'
import type { Command } from 'commander'
import { type Cli, type JsonOption, outJson } from '../cli.ts'
import { refusal } from '../errors.ts'
import { onCluster } from '../replay/cluster.ts'
import { planState } from '../replay/plan-state.ts'
import { writeStatus } from '../replay/status-records.ts'
import { executeOption, jsonOption } from './options.ts'

interface Options extends JsonOption {
  readonly execute?: true
}

const HELP = `
A run that is under way ends within some seconds. What it has committed stays where it is: deleting it is up to you.
Where: KAFKA_BROKERS (and KAFKA_SSL_…, KAFKA_SASL_…), WEIR_NAMESPACE.
Exit: 0 cancelled, 2 usage, 4 Kafka unreachable, 5 refused: it is completed, or of another namespace.`

export function addReplayCancel(parent: Command, cli: Cli): void {
  parent
    .command('cancel')
    .argument('<plan>', 'file that `weir replay plan` wrote')
    .description('end a replay for good')
    .addOption(executeOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => cancel(cli, resolve(file), options))
}

async function cancel(cli: Cli, file: string, { execute, json }: Options): Promise<void> {
  const plan = readPlan(file)
  await onCluster(cli, async (cluster) => {
    const { status, complete, done, total } = await planState(cluster, plan)
    if (complete) throw refusal(`Plan ${plan.planId} is completed: nothing is left to cancel.`)
    const isCancelled = status?.status === 'cancelled'
    const writes = execute === true && !isCancelled
    if (writes) await writeStatus(cluster, plan, 'cancelled', done)
    if (json === true) outJson(cli, { kind: 'cancel', planId: plan.planId, executed: writes, offsets: done, total })
    else if (isCancelled) cli.say(`Plan ${plan.planId} was cancelled already.`)
    else if (writes) cli.say(`Plan ${plan.planId} is cancelled; ${done} of ${total} offsets are done and stay.`)
    else
      cli.say(
        `Would cancel plan ${plan.planId}, of which ${done} of ${total} offsets are done. Add --execute to do it.`,
      )
  })
}
