import { setTimeout as sleep } from 'node:timers/promises'
import { openConsentView } from '@weir/consent-view'
import { ContractError } from '@weir/contracts'
import { connectKafka, type Kafka, KafkaError } from '@weir/kafka'
import { offsetsOf, PlanError, type PlanFound, type ReplayPlan, readPlan } from '@weir/replay'
import {
  ConfigError,
  commonConfig,
  contractsConfig,
  KeyFileError,
  kafkaConfig,
  kafkaOptions,
  keyFilesConfig,
  readConfig,
  redisConfig,
  registryConfig,
} from '@weir/service'
import { z } from 'zod'
import type { Chunk } from './chunk.ts'
import { decide } from './decide.ts'
import type { Clock, Environment } from './environment.ts'
import { join } from './join.ts'
import { locate } from './locate.ts'
import type { Held } from './outcome.ts'
import { readRanges } from './read-ranges.ts'
import { ReplayCounts } from './replay-counts.ts'
import { countBefore } from './replay-plan-audit.ts'
import { countingEnvironment } from './replay-plan-environment.ts'
import { type Rewritten, rewrite } from './rewrite.ts'

/**
 * `replay-plan.ts <plan>`: what a replay would give. The sanitizer's own way up to the finished batches, over the plan's
 * ranges, which are then dropped: nothing is published, no group is joined and no transaction begun.
 *
 * Standard output is NDJSON: `{"kind":"progress","offsets","total"}` now and then, `{"kind":"waiting","why"}` when
 * consent, keys or the registry are not there, `{"kind":"found","found"}` at the end.
 * Exit 0 counted, 2 usage, 3 contract invalid, 4 something unreachable, 5 refused.
 */
const config = z.object({
  WEIR_NAMESPACE: commonConfig.WEIR_NAMESPACE,
  ...kafkaConfig,
  ...redisConfig,
  ...registryConfig,
  ...contractsConfig,
  ...keyFilesConfig,
})
type Settings = z.output<typeof config>

const CONNECT_WITHIN_MS = 10_000
const TELL_EVERY_MS = 500

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
}

const unwatched = endWithParent()
try {
  const file = process.argv[2]
  if (file === undefined || process.argv.length > 3) {
    throw new PlanError('WEIR_PLAN_UNREADABLE', 'Name the plan: replay-plan.ts <file>')
  }
  await count(readPlan(file), readConfig('replay-plan', config, process.env))
} catch (error) {
  const code = exitCodeOf(error)
  if (code === null) throw error
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = code
} finally {
  unwatched()
}

async function count(plan: ReplayPlan, settings: Settings): Promise<void> {
  const kafka = await connectKafka({
    ...kafkaOptions(settings, 'weir-replay-plan'),
    signal: AbortSignal.timeout(CONNECT_WITHIN_MS),
  })
  const consent = await openConsentView({
    kafka,
    redis: settings.REDIS_URL,
    namespace: settings.WEIR_NAMESPACE,
    clock,
  })
  try {
    const waiting = (why: string) => tell({ kind: 'waiting', why })
    const env = await countingEnvironment({ plan, settings, kafka, consent, clock, waiting })
    tell({ kind: 'found', found: await found(env, kafka, plan) })
  } finally {
    await consent.close()
    await kafka.close()
  }
}

async function found(env: Environment, kafka: Kafka, plan: ReplayPlan): Promise<PlanFound> {
  const counts = new ReplayCounts(env.outputs.map(({ output }) => output.purpose.name))
  const total = offsetsOf(plan)
  const at = new Map(plan.ranges.map(({ partition, from }) => [partition, from]))
  const began = clock.monotonicMs()
  let told = began
  let offsets = 0
  const fetcher = kafka.fetcher({
    topic: plan.rawTopic,
    isolation: 'read_committed',
    maxWaitMs: 250,
    maxPartitionBytes: 4 * 1024 * 1024,
    maxBytes: 16 * 1024 * 1024,
    readAheadBytes: 16 * 1024 * 1024,
  })
  try {
    for await (const chunk of readRanges(fetcher, plan.rawTopic, plan.ranges)) {
      counts.add(env, await decidedAndRewritten(env, chunk))
      for (const { partition, offset } of chunk.positions) {
        offsets += offset - (at.get(partition) as number)
        at.set(partition, offset)
      }
      if (clock.monotonicMs() - told < TELL_EVERY_MS) continue
      told = clock.monotonicMs()
      tell({ kind: 'progress', offsets, total })
    }
  } finally {
    await fetcher.close()
  }
  const { records, faulty, bytes } = counts
  const seconds = (clock.monotonicMs() - began) / 1_000
  const before = records === 0 ? null : await countBefore(env, kafka, plan, counts.firstMs)
  return {
    records,
    faulty,
    bytes,
    // A run does the same and publishes too, with one chunk on its way while the next is decided.
    seconds: plan.rate === null ? seconds : Math.max(seconds, records / plan.rate),
    offsets: total,
    auditedOffsets: before?.offsets ?? 0,
    outputs: counts.outputs.map((output) => ({ ...output, before: before?.byPurpose.get(output.purpose) ?? null })),
  }
}

/** Like the pipeline up to its turn, with no transaction after it. Waits for what is away. */
async function decidedAndRewritten(env: Environment, chunk: Chunk): Promise<Rewritten> {
  let said = ''
  for (;;) {
    const outcome = await tryChunk(env, chunk)
    if (outcome.kind === 'rewritten') return outcome
    const why = outcome.why ?? outcome.reason
    if (why !== said) tell({ kind: 'waiting', why })
    said = why
    await sleep(outcome.retryAfterMs)
  }
}

async function tryChunk(env: Environment, chunk: Chunk): Promise<Rewritten | Held> {
  const inFlight = env.consent.begin()
  try {
    const located = await locate(env, chunk)
    if (located.kind === 'held') return located
    const joined = await join(env, located)
    if (joined.kind === 'held') return joined
    return await rewrite(env, decide(env, joined))
  } finally {
    inFlight.end()
  }
}

function tell(record: object): void {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

/** Whoever started this may be killed: the kernel closes our standard input then. Returns what stops watching it. */
function endWithParent(): () => void {
  const end = () => process.exit(130)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, end)
  if (process.env['WEIR_PARENT_PIPE'] !== '1') return () => {}
  process.stdin.on('close', end)
  process.stdin.resume()
  return () => {
    process.stdin.off('close', end)
    process.stdin.pause()
  }
}

/** Null: a bug, to be shown with its stack. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof ConfigError || error instanceof KeyFileError) return 2
  if (error instanceof ContractError) return 3
  if (error instanceof PlanError) return error.code === 'WEIR_PLAN_UNREADABLE' ? 2 : 5
  return error instanceof KafkaError ? 4 : null
}
