import { resolve } from 'node:path'
import { checkPlan, type ReplayPlan, readPlan } from '@weir/replay'
import { contractFingerprint } from '@weir/service'
import type { Command } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { refusal, usageError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { type Cluster, onCluster } from '../replay/cluster.ts'
import { type PlanState, planState } from '../replay/plan-state.ts'
import { number, planText } from '../replay/plan-text.ts'
import { Progress } from '../replay/progress.ts'
import { aliasChanges, writeAliases, writeStatus } from '../replay/status-records.ts'
import { RUN_PROGRAM, runWorker, SET_UP_PROGRAM, type WorkerEnd, workerFailed } from '../replay/worker.ts'
import { contractsOption, executeOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly execute?: true
  readonly switch?: true
}

type State = 'completed' | 'cancelled' | 'interrupted'

const HELP = `
Settings are those of a sanitizer. Ctrl-C brings to an end what is open; run it again and it goes on from there, exactly
once, also after a crash. A plan that is completed gives nothing the second time.
Exit: 0 completed, 2 usage, 4 something unreachable, 5 refused (contract or plan changed, expired, cancelled, range gone),
130 interrupted: run it again to go on.`

export function addReplayRun(parent: Command, cli: Cli): void {
  parent
    .command('run')
    .argument('<plan>', 'file that `weir replay plan` wrote')
    .description('do what a plan says, or go on with it')
    .addOption(contractsOption())
    .addOption(executeOption())
    .option('--switch', 'when it is completed, make its topics the current ones')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => run(cli, resolve(file), options))
}

async function run(cli: Cli, file: string, options: Options): Promise<void> {
  const plan = readPlan(file)
  if (options.switch === true && plan.into === 'live')
    throw usageError('--switch is for new topics: this plan has none.')
  const before = await onCluster(cli, (cluster) => checked(cli, cluster, plan, options))
  if (options.execute !== true) return showOnly(cli, plan, before, options)

  const state = before.complete ? 'completed' : await execute(cli, file, plan, options)
  const after = await onCluster(cli, (cluster) => settled(cli, cluster, plan, state, options))
  const added = after.done - before.done
  if (options.json === true)
    outJson(cli, { kind: 'done', planId: plan.planId, state, added, offsets: after.done, total: after.total })
  else cli.out(`${endText(state, added, after)}\n`)
  if (state === 'cancelled') cli.end(ExitCode.refused)
  if (state === 'interrupted') cli.end(ExitCode.interrupted)
}

/** How far the plan is; rejects with PlanError when it must not be run. */
async function checked(cli: Cli, cluster: Cluster, plan: ReplayPlan, options: Options): Promise<PlanState> {
  const { kafka, namespace } = cluster
  const state = await planState(cluster, plan)
  const [raw] = await kafka.topics([plan.rawTopic])
  const at = plan.ranges.map(({ partition }) => ({ topic: plan.rawTopic, partition }))
  checkPlan(plan, {
    nowMs: Date.now(),
    namespace,
    contract: contractFingerprint(contractsFolder(cli, options)).toString('hex'),
    rawTopicId: raw?.topicId ?? null,
    earliest: raw === undefined ? [] : await kafka.endOffsets(at, 'earliest'),
    committed: state.committed,
    status: state.status,
  })
  return state
}

function showOnly(cli: Cli, plan: ReplayPlan, { done, total, complete }: PlanState, { json }: Options): void {
  if (json === true) outJson(cli, { kind: 'plan', offsets: done, total, executed: false, ...plan })
  else cli.out(planText(plan))
  if (complete) return cli.say('It is completed already; nothing is left to do.')
  const begun = done === 0 ? '' : ` ${number(done)} of ${number(total)} offsets are done already.`
  cli.say(`This is the plan; nothing was written.${begun} Add --execute to ${done === 0 ? 'run it' : 'go on'}.`)
}

async function execute(cli: Cli, file: string, plan: ReplayPlan, options: Options): Promise<State> {
  if (plan.into === 'new') await setUp(cli, file, options)
  await onCluster(cli, async (cluster) => {
    const { status, done } = await planState(cluster, plan)
    if (status === null) await writeStatus(cluster, plan, 'started', done)
  })
  const progress = new Progress(cli, 'replayed', options.json === true)
  let state: State | null = null
  const end = await runWorker(cli, options, {
    program: RUN_PROGRAM,
    args: [file],
    onRecord: (record) => {
      if (record.kind === 'progress') progress.show(Number(record['offsets']), Number(record['total']))
      if (record.kind === 'waiting') cli.say(`The replay waits: ${String(record['why'])}`)
      if (record.kind === 'done') state = record['state'] as State
    },
  })
  progress.end()
  return state ?? failed(end)
}

/** Topics and schemas of the outputs, like the live ones. */
async function setUp(cli: Cli, file: string, options: Options): Promise<void> {
  const end = await runWorker(cli, options, {
    program: SET_UP_PROGRAM,
    args: ['--replay', file, '--execute', '--json'],
    onRecord: ({ kind, name, does }) => {
      if (does === 'created') cli.say(`${kind} ${String(name)}: created`)
    },
  })
  if (end.code !== 0) throw workerFailed('Making the topics', end)
}

function failed(end: WorkerEnd): never {
  throw workerFailed('The replay did not come to its end. What is committed stays; run it again to go on. It', end)
}

/** Writes down what the run came to. */
async function settled(
  cli: Cli,
  cluster: Cluster,
  plan: ReplayPlan,
  state: State,
  options: Options,
): Promise<PlanState> {
  const now = await planState(cluster, plan)
  if (state !== 'completed') return now
  if (!now.complete) throw refusal('The replay ended, but not all of it is committed. Run it again to go on.')
  if (now.status?.status !== 'completed') await writeStatus(cluster, plan, 'completed', now.done)
  if (options.switch === true) {
    const changes = await aliasChanges(cluster, plan.stream, plan.outputs)
    await writeAliases(cluster, plan.stream, changes, plan.planId)
    for (const { purpose, topic } of changes) cli.say(`The current topic of ${purpose} is ${topic} from now on.`)
  }
  return now
}

function endText(state: State, added: number, { done, total }: PlanState): string {
  if (state === 'completed') {
    return added === 0
      ? 'Completed already: nothing was left to do, and nothing was added.'
      : `Completed: ${number(added)} offsets of raw behind it in this run, all ${number(total)}.`
  }
  const far = `${number(done)} of ${number(total)} offsets are done and stay`
  return state === 'cancelled' ? `Cancelled: ${far}.` : `Interrupted: ${far}. Run it again to go on.`
}
