import { ContractError, loadContracts } from '@weir/contracts'
import { connectKafka, type Kafka, KafkaError } from '@weir/kafka'
import { PlanError, readPlan } from '@weir/replay'
import {
  ConfigError,
  commonConfig,
  contractsConfig,
  kafkaConfig,
  kafkaOptions,
  readConfig,
  registryConfig,
} from '@weir/service'
import { Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { type ApplyOptions, applyContracts } from './apply.ts'
import { endText, type Line, lineText, summaryOf } from './lines.ts'
import { planContracts } from './plan.ts'
import { RegistryError } from './registry.ts'
import { contractsOfReplay } from './replay-contracts.ts'
import { DEFAULT_RAW_PARTITIONS } from './topics.ts'

/**
 * Applies the contract to a cluster by hand: `node infra/kafka/main.ts [--execute]`. Without --execute it only shows
 * what it would do; a plan that would be refused is not begun. Exit 0 done, 2 usage, 3 contract invalid, 4 Kafka or registry unreachable, 5 refused.
 */
const config = z.object({
  WEIR_NAMESPACE: commonConfig.WEIR_NAMESPACE,
  ...kafkaConfig,
  ...registryConfig,
  ...contractsConfig,
})

const CONNECT_TIMEOUT_MS = 15_000

interface Flags {
  readonly execute?: true
  readonly json?: true
  readonly rawPartitions: number
  readonly replay?: string
}

const command = new Command('apply-contract')
  .description('Creates the topics of a contract and registers its schemas. Settings come from the environment.')
  .option('--execute', 'do it; without this only the plan is shown')
  .option('--json', 'one JSON object a line')
  .option(
    '--raw-partitions <count>',
    'partitions of raw, clean and quarantine topics',
    partitionCount,
    DEFAULT_RAW_PARTITIONS,
  )
  .option('--replay <plan>', 'topics and schemas of a replay, like the live ones, by its plan file')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(run)

try {
  await command.parseAsync()
} catch (error) {
  const exit = exitCodeOf(error)
  if (exit === null) throw error
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = exit
}

async function run(flags: Flags): Promise<void> {
  const settings = readConfig('apply-contract', config, process.env)
  const live = loadContracts(settings.WEIR_CONTRACTS)
  const replay = flags.replay === undefined ? null : readPlan(flags.replay)
  const kafka = await connect(settings)
  const json = flags.json === true
  const show = (line: Line) => process.stdout.write(`${json ? JSON.stringify(line) : lineText(line)}\n`)
  try {
    const shared = {
      kafka,
      registryUrl: settings.SCHEMA_REGISTRY_URL,
      contracts: replay === null ? live : contractsOfReplay(live, replay),
      namespace: settings.WEIR_NAMESPACE,
      rawPartitions: replay === null ? flags.rawPartitions : await partitionsOf(kafka, replay.rawTopic),
      isReplay: replay !== null,
    }
    const plan = await planContracts(shared)
    const refused = plan.some((line) => line.does === 'refuse')
    const execute = flags.execute === true && !refused
    let lines: Line[] = plan
    if (execute) lines = await applied(shared, plan, show)
    else plan.forEach(show)
    const summary = summaryOf(lines, execute)
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`)
    process.stderr.write(`${endText(summary)}\n`)
    if (refused) process.exitCode = 5
  } finally {
    await kafka.close()
  }
}

/** Does it, and shows each line as soon as it is done, with what the plan had to say of it. */
async function applied(
  shared: Omit<ApplyOptions, 'log'>,
  plan: readonly Line[],
  show: (line: Line) => void,
): Promise<Line[]> {
  const lines: Line[] = []
  const info: ApplyOptions['log']['info'] = ({ kind, name, does }) => {
    const detail = plan.find((one) => one.kind === kind && one.name === name)?.detail ?? ''
    lines.push({ kind, name, does, detail })
    show({ kind, name, does, detail })
  }
  await applyContracts({ ...shared, log: { info } })
  return lines
}

/** What a replay makes has as many partitions as what it reads. */
async function partitionsOf(kafka: Kafka, rawTopic: string): Promise<number> {
  const [info] = await kafka.topics([rawTopic])
  if (info !== undefined) return info.partitions
  throw new PlanError('WEIR_PLAN_ELSEWHERE', `There is no topic ${rawTopic}, which the plan reads. Plan again.`)
}

/** A service would wait for its broker without end; who runs a command by hand wants to hear of it. */
async function connect(settings: z.output<typeof config>): Promise<Kafka> {
  const patience = new AbortController()
  const timer = setTimeout(() => patience.abort(), CONNECT_TIMEOUT_MS)
  const onEvent = (event: { message: string }) => process.stderr.write(`${event.message}\n`)
  try {
    return await connectKafka({ ...kafkaOptions(settings, 'weir-apply'), signal: patience.signal, onEvent })
  } catch (error) {
    if (!patience.signal.aborted) throw error
    const mend = 'See that KAFKA_BROKERS is right and the brokers are up'
    throw new KafkaError(`No Kafka broker answered within ${CONNECT_TIMEOUT_MS / 1000} s. ${mend}.`, true, {
      cause: error,
    })
  } finally {
    clearTimeout(timer)
  }
}

function partitionCount(text: string): number {
  const count = Number(text)
  if (/^[0-9]{1,5}$/.test(text) && count >= 1 && count <= 10_000) return count
  throw new InvalidArgumentError('Write a whole number from 1 to 10000.')
}

/** Null: a bug, to be shown with its stack. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof ConfigError) return 2
  if (error instanceof ContractError) return 3
  if (error instanceof PlanError) return error.code === 'WEIR_PLAN_UNREADABLE' ? 2 : 5
  if (error instanceof RegistryError) return error.code === 'WEIR_REGISTRY_AWAY' ? 4 : 5
  if (error instanceof KafkaError) return error.code === 'WEIR_KAFKA_PARTITION_COUNT' ? 5 : 4
  return null
}
