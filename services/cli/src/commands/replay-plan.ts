import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { loadContracts, type Output, type Stream } from '@weir/contracts'
import {
  offsetsOf,
  PLAN_LASTS_MS,
  type PlanFound,
  parsePlanFound,
  type ReplayPlan,
  replayTopic,
  writePlan,
} from '@weir/replay'
import { contractFingerprint, topicName } from '@weir/service'
import { type Command, InvalidArgumentError } from 'commander'
import { type Cli, type ContractsOption, contractsFolder, type JsonOption, outJson, shown } from '../cli.ts'
import { refusal, usageError } from '../errors.ts'
import { type Cluster, onCluster } from '../replay/cluster.ts'
import { offsetsRememberedMs } from '../replay/offsets-remembered.ts'
import { planText } from '../replay/plan-text.ts'
import { Progress } from '../replay/progress.ts'
import { offsetList, partitionList, rangesOf, type WantedRange } from '../replay/ranges.ts'
import { pointInTime } from '../replay/times.ts'
import { COUNT_PROGRAM, runWorker, workerFailed } from '../replay/worker.ts'
import { contractsOption, jsonOption } from './options.ts'

interface Options extends ContractsOption, JsonOption {
  readonly since?: number
  readonly until?: number
  readonly from?: Map<number, number>
  readonly to?: Map<number, number>
  readonly partitions?: number[]
  readonly purposes?: string
  readonly into: string
  readonly afterLive?: true
  readonly rate?: number
  readonly out?: string
}

const HELP = `
Reads what the range holds, decides it with today's consent and policies, publishes nothing, and writes the plan to a
file of its own (mode 0600). It lasts 3 days at most. Settings are those of a sanitizer: KAFKA_BROKERS, REDIS_URL,
SCHEMA_REGISTRY_URL, WEIR_NAMESPACE, WEIR_ROOT_KEY_FILE, WEIR_REFERENCE_KEY_FILE.
Exit: 0 planned, 2 usage, 3 contract invalid, 4 something unreachable, 5 refused.`

export function addReplayPlan(parent: Command, cli: Cli): void {
  parent
    .command('plan')
    .argument('[stream]', 'name of the stream (default: the only one of the contract)')
    .description('show what a replay would give, against what is out there, and write it down as a plan')
    .addOption(contractsOption())
    .option(
      '--since <time>',
      'from what was appended then, as 2026-01-15T10:20:00Z or 2h (default: all there is)',
      pointInTime,
    )
    .option('--until <time>', 'to before what was appended then (default: up to now)', pointInTime)
    .option('--from <offsets>', 'from these offsets, by partition, as 0:100,1:250', offsetList)
    .option('--to <offsets>', 'to before these offsets, by partition', offsetList)
    .option('--partitions <list>', 'only these partitions, as 0,2', partitionList)
    .option('--purposes <list>', 'only these purposes, as analytics,marketing')
    .option('--into <where>', 'new: a new topic for each purpose; live: after what the live topics hold', 'new')
    .option('--after-live', 'with --into live: yes, consumers of the live topics get these events once more')
    .option('--rate <records>', 'most records a second of each process that runs it', rate)
    .option('--out <file>', 'where to write the plan (default: replay-<id>.json here)')
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action((stream: string | undefined, options: Options) => plan(cli, stream, options))
}

async function plan(cli: Cli, name: string | undefined, options: Options): Promise<void> {
  const into = intoOf(options)
  checkOut(options)
  const stream = streamOf(loadContracts(contractsFolder(cli, options)).streams, name)
  const draft = await onCluster(cli, (cluster) => draftOf(cli, cluster, stream, into, options))
  const made: ReplayPlan = { ...draft, found: await counted(cli, draft, options) }
  const path = resolve(options.out ?? `replay-${made.planId.slice(0, 8)}.json`)
  writePlan(path, made)
  if (options.json === true) outJson(cli, { kind: 'plan', file: path, ...made })
  else cli.out(planText(made))
  cli.say(`Written to ${shown(path)}. Nothing was published. Next: weir replay run ${shown(path)}`)
}

async function draftOf(
  cli: Cli,
  { kafka, namespace }: Cluster,
  stream: Stream,
  into: ReplayPlan['into'],
  options: Options,
): Promise<ReplayPlan> {
  const rawTopic = topicName(namespace, stream.rawTopic)
  const [info] = await kafka.topics([rawTopic])
  if (info === undefined) throw refusal(`There is no topic ${rawTopic} on this cluster. Apply the contract first.`)
  const ranges = await rangesOf(kafka, rawTopic, info.partitions, wantedRange(options))
  if (ranges.length === 0) throw usageError(`Nothing in ${rawTopic} lies in that range, so there is nothing to replay.`)
  const planId = randomUUID()
  const nowMs = Date.now()
  const outputs = outputsOf(stream, options.purposes).map((output) => {
    const live = topicName(namespace, output.topic)
    return { purpose: output.purpose.name, topic: into === 'live' ? live : replayTopic(live, planId) }
  })
  return {
    version: 1,
    planId,
    createdAtMs: nowMs,
    // Later, whoever goes on with it might find its places forgotten, and begin anew.
    expiresAtMs: nowMs + Math.min(PLAN_LASTS_MS, await offsetsRememberedMs(kafka.admin)),
    namespace,
    stream: stream.name,
    rawTopic,
    rawTopicId: info.topicId,
    ranges,
    contract: contractFingerprint(contractsFolder(cli, options)).toString('hex'),
    into,
    outputs,
    rate: options.rate ?? null,
    found: NOTHING_FOUND,
  }
}

const NOTHING_FOUND: PlanFound = {
  records: 0,
  faulty: 0,
  bytes: 0,
  seconds: 0,
  offsets: 0,
  auditedOffsets: 0,
  outputs: [],
}

/** What the sanitizer's own way makes of the range, without publishing. */
async function counted(cli: Cli, draft: ReplayPlan, options: Options): Promise<PlanFound> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-plan-'))
  const progress = new Progress(cli, 'counted', options.json === true)
  let found: PlanFound | null = null
  try {
    const path = join(folder, 'draft.json')
    writePlan(path, draft)
    const end = await runWorker(cli, options, {
      program: COUNT_PROGRAM,
      args: [path],
      onRecord: (record) => {
        if (record.kind === 'progress') progress.show(Number(record['offsets']), offsetsOf(draft))
        if (record.kind === 'waiting') cli.say(`Counting waits: ${String(record['why'])}`)
        if (record.kind === 'found') found = parsePlanFound(record['found'])
      },
    })
    progress.end()
    if (found === null || end.code !== 0) throw workerFailed('Counting', end)
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function wantedRange({ since, until, from, to, partitions }: Options): WantedRange {
  if (since !== undefined && from !== undefined) throw usageError('Give --since or --from, not both.')
  if (until !== undefined && to !== undefined) throw usageError('Give --until or --to, not both.')
  return {
    ...(since === undefined ? {} : { sinceMs: since }),
    ...(until === undefined ? {} : { untilMs: until }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(partitions === undefined ? {} : { partitions }),
  }
}

function intoOf({ into, afterLive }: Options): ReplayPlan['into'] {
  if (into !== 'new' && into !== 'live') throw usageError('--into is new or live.')
  if (into === 'new' && afterLive === true) throw usageError('--after-live is for --into live: say which is meant.')
  if (into === 'live' && afterLive !== true) {
    throw usageError(
      '--into live gives consumers of the live topics these events once more. If that is meant, add --after-live.',
    )
  }
  return into
}

/** Another plan may be under way by the file that is there; and counting takes long. */
function checkOut({ out }: Options): void {
  if (out === undefined) return
  const path = resolve(out)
  if (existsSync(path)) throw usageError(`${shown(path)} is there already. Name another file with --out.`)
  if (!existsSync(dirname(path))) throw usageError(`There is no folder ${shown(dirname(path))} to write the plan into.`)
}

function streamOf(streams: readonly Stream[], name: string | undefined): Stream {
  const stream = name === undefined && streams.length === 1 ? streams[0] : streams.find((one) => one.name === name)
  if (stream !== undefined) return stream
  const known = streams.map((one) => one.name).join(', ')
  throw usageError(
    `${name === undefined ? 'Name the stream' : `The contract has no stream ${name}`}; it has: ${known}.`,
  )
}

function outputsOf(stream: Stream, names: string | undefined): readonly Output[] {
  if (names === undefined) return stream.outputs
  const wanted = names.split(',').map((name) => name.trim())
  const known = stream.outputs.map(({ purpose }) => purpose.name)
  const unknown = wanted.find((name) => !known.includes(name))
  if (unknown !== undefined) throw usageError(`${stream.name} has no purpose ${unknown}; it has: ${known.join(', ')}.`)
  return stream.outputs.filter(({ purpose }) => wanted.includes(purpose.name))
}

function rate(text: string): number {
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= 1) return value
  throw new InvalidArgumentError('Write a whole number of records a second, at least 1.')
}
