import { loadContracts } from '@weir/contracts'
import { connectKafka, KafkaError } from '@weir/kafka'
import { type Finding, findings, readSettings, type Settings, type StatedBound, statedBound } from '@weir/preflight'
import { commonConfig, kafkaConfig, kafkaOptions, readConfig, redisConfig, topicName } from '@weir/service'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson } from '../cli.ts'
import { CliError } from '../errors.ts'
import { ExitCode } from '../exit-codes.ts'
import { contractsOption, jsonOption } from './options.ts'

type Options = ContractsOption & JsonOption

/** A broker that does not answer in this time is called unreachable. */
const CONNECT_WITHIN_MS = 10_000

const { WEIR_NAMESPACE } = commonConfig
const config = z.object({ WEIR_NAMESPACE, ...kafkaConfig, ...redisConfig })

const HELP = `
Where: KAFKA_BROKERS (and KAFKA_SSL_…, KAFKA_SASL_…), REDIS_URL, WEIR_NAMESPACE, as the services have them.
Exit: 0 well (warnings too), 2 usage, 4 Kafka unreachable, 10 a setting breaks a promise: services refuse to start.`

export function addDoctor(parent: Command, cli: Cli): void {
  parent
    .command('doctor')
    .description('whether the settings of Kafka and Redis keep the promises, and within which time a withdrawal holds')
    .addOption(contractsOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((options: Options) => doctor(cli, options))
}

async function doctor(cli: Cli, options: Options): Promise<void> {
  const settings = await found(cli, options)
  const bound = statedBound(settings)
  const wrong = findings(settings)
  const refused = wrong.filter(({ severity }) => severity === 'refuse')
  const times = { bound, takeoverMs: takeoverMs(settings), endedSaltsOnDiskMs: saltsOnDiskMs(settings) }
  if (options.json === true) {
    for (const finding of wrong) outJson(cli, { kind: 'finding', ...finding })
    outJson(cli, { kind: 'doctor', ...times, refused: refused.length, warned: wrong.length - refused.length })
  } else {
    cli.out(timesText(times))
    for (const finding of wrong) cli.out(findingText(finding))
    if (settings.evictionPolicy === null) cli.out('Redis gave no answer, so nothing is said of it.\n')
    const verdict = refused.length === 0 ? 'Services start against these settings.' : 'Services refuse to start.'
    cli.out(`${refused.length} to mend, ${wrong.length - refused.length} to think about. ${verdict}\n`)
  }
  if (refused.length > 0) cli.end(ExitCode.unhealthy)
}

async function found(cli: Cli, options: Options): Promise<Settings> {
  const settings = readConfig('weir doctor', config, cli.env)
  const namespace = settings.WEIR_NAMESPACE
  const { streams } = loadContracts(contractsFolder(cli, options))
  try {
    const kafka = await connectKafka({
      ...kafkaOptions(settings, 'weir-doctor'),
      signal: AbortSignal.timeout(CONNECT_WITHIN_MS),
    })
    try {
      const rawTopics = streams.map(({ rawTopic }) => topicName(namespace, rawTopic))
      return await readSettings({ kafka, redisUrl: settings.REDIS_URL, namespace, rawTopics })
    } finally {
      await kafka.close()
    }
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'WEIR_TOPIC_MISSING'
    if (!(isMissing || error instanceof KafkaError)) throw error
    throw new CliError('WEIR_CLI_UNREACHABLE', ExitCode.unreachable, `Kafka can’t be looked at: ${error.message}`)
  }
}

/** After a crash the partitions of a sanitizer or projector stand still for about so long; null: the broker does not tell. */
function takeoverMs({ brokers }: Settings): number | null {
  const times = [...brokers.values()].map((config) => milliseconds(config['group.consumer.session.timeout.ms']))
  return times.reduce((longest, time) => (longest === null || time === null ? null : Math.max(longest, time)))
}

/** An ended grant's salt is off the broker's disk after about so long, while ticks roll segments and the cleaner keeps up. */
function saltsOnDiskMs({ topics }: Settings): number | null {
  const state = [...topics.values()].find(({ kind }) => kind === 'state')
  const parts = ['segment.ms', 'max.compaction.lag.ms', 'file.delete.delay.ms'].map((name) =>
    milliseconds(state?.config[name]),
  )
  return parts.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0)
}

function milliseconds(value: string | undefined): number | null {
  return value === undefined || !Number.isFinite(Number(value)) ? null : Number(value)
}

interface Times {
  readonly bound: StatedBound
  readonly takeoverMs: number | null
  readonly endedSaltsOnDiskMs: number | null
}

function timesText({ bound, takeoverMs: takeover, endedSaltsOnDiskMs: salts }: Times): string {
  const seconds = (ms: number) => `${ms / 1_000} s`
  return [
    `A withdrawal that is called effective: nothing decided before it commits after ${seconds(bound.commitsWithinMs)}`,
    `  (transaction timeout ${seconds(bound.transactionTimeoutMs)} and the slowest broker's sweep every ${seconds(bound.sweepMs)});`,
    `  readers of committed records have seen the last of it after ${seconds(bound.visibleWithinMs)}, while brokers run well.`,
    ...(takeover === null ? [] : [`After a crash another process takes over within about ${seconds(takeover)}.`]),
    ...(salts === null
      ? []
      : [`The salt of an ended grant is off the disk after about ${(salts / 3_600_000).toFixed(1)} h.`]),
    '',
    '',
  ].join('\n')
}

function findingText({ severity, where, setting, found: value, breaks, mend }: Finding): string {
  const word = severity === 'refuse' ? 'MEND ' : 'think'
  return `${word} ${where}: ${setting} is ${value}\n      ${breaks}\n      ${mend}\n`
}
