import { resolve } from 'node:path'
import { loadContracts } from '@weir/contracts'
import { type ReplayPlan, readPlan } from '@weir/replay'
import { topicName } from '@weir/service'
import type { Command } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { refusal, usageError } from '../errors.ts'
import { onCluster } from '../replay/cluster.ts'
import { planState } from '../replay/plan-state.ts'
import { type AliasChange, aliasChanges, writeAliases } from '../replay/status-records.ts'
import { contractsOption, executeOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly execute?: true
  readonly back?: true
}

const HELP = `
Consumers that ask for a stream and a purpose go to the current topic; those that name a topic stay where they are. Events
that come after the end of the plan go to the live topic alone: who follows gets none of them until you switch --back.
Where: KAFKA_BROKERS (and KAFKA_SSL_…, KAFKA_SASL_…), WEIR_NAMESPACE.
Exit: 0 switched, 2 usage, 4 Kafka unreachable, 5 refused: the replay is not completed, or a topic is gone.`

export function addReplaySwitch(parent: Command, cli: Cli): void {
  parent
    .command('switch')
    .argument('<plan>', 'file that `weir replay plan` wrote')
    .description('make the topics of a completed replay the current ones, or the live ones again')
    .addOption(contractsOption())
    .option('--back', 'the live topics again')
    .addOption(executeOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => switchTopics(cli, resolve(file), options))
}

async function switchTopics(cli: Cli, file: string, options: Options): Promise<void> {
  const plan = readPlan(file)
  if (plan.into === 'live')
    throw usageError('A switch is between live and new topics: this plan has none that are new.')
  await onCluster(cli, async (cluster) => {
    const { complete } = await planState(cluster, plan)
    if (options.back !== true && !complete) {
      throw refusal(`Plan ${plan.planId} is not completed, so its topics lack events. Run it to its end first.`)
    }
    const topics = options.back === true ? liveTopics(cli, plan, options) : plan.outputs
    const changes = await aliasChanges(cluster, plan.stream, topics)
    const planId = options.back === true ? null : plan.planId
    if (options.execute === true) await writeAliases(cluster, plan.stream, changes, planId)
    show(cli, plan.stream, changes, options)
  })
}

function liveTopics(cli: Cli, plan: ReplayPlan, options: Options): { purpose: string; topic: string }[] {
  const { streams } = loadContracts(contractsFolder(cli, options))
  const outputs = streams.find(({ name }) => name === plan.stream)?.outputs ?? []
  return plan.outputs.map(({ purpose }) => {
    const output = outputs.find((one) => one.purpose.name === purpose)
    if (output === undefined) throw refusal(`The contract has no ${plan.stream}.${purpose} any more.`)
    return { purpose, topic: topicName(plan.namespace, output.topic) }
  })
}

function show(cli: Cli, stream: string, changes: readonly AliasChange[], { json, execute }: Options): void {
  const executed = execute === true
  for (const { purpose, topic, before } of changes) {
    if (json === true) outJson(cli, { kind: 'alias', stream, purpose, topic, before, executed })
    else cli.out(`${stream}.${purpose}: ${before ?? 'the live topic'} -> ${topic}\n`)
  }
  if (changes.length === 0) cli.say('They are the current ones already.')
  else if (!executed) cli.say('This is the plan; nothing was written. Add --execute to do it.')
}
