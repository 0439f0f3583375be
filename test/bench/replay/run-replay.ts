import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { loadContracts } from '@weir/contracts'
import { applyContracts } from '@weir/infra/kafka/apply.ts'
import { contractsOfReplay } from '@weir/infra/kafka/replay-contracts.ts'
import { PLAN_LASTS_MS, type ReplayPlan, replayGroup, replayTopic, writePlan } from '@weir/replay'
import { contractFingerprint } from '@weir/service'
import { W1_PARTITIONS } from '../w1/load.ts'
import { CONTRACT, type Ground } from './ground.ts'
import { eventsPerSecond, type Range } from './rate.ts'

const PROGRAM = resolve(import.meta.dirname, '../../../services/sanitizer/src/replay.ts')

/** Replays these ranges into new topics, as `weir replay run` does, and answers its events a second. */
export async function runReplay(ground: Ground, ranges: readonly Range[]): Promise<number> {
  const plan = await planOf(ground, ranges)
  const file = join(ground.folder, `${plan.planId}.json`)
  writePlan(file, plan)
  await applyContracts({
    kafka: ground.kafka,
    registryUrl: ground.env['SCHEMA_REGISTRY_URL'] ?? '',
    contracts: contractsOfReplay(loadContracts(CONTRACT), plan),
    namespace: ground.namespace,
    rawPartitions: W1_PARTITIONS,
    isReplay: true,
    log: { info: () => {} },
  })
  const child = spawn(process.execPath, [PROGRAM, file], {
    env: { PATH: process.env['PATH'], ...ground.env, WEIR_PARENT_PIPE: '1' },
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  const ended = once(child, 'close').then(([code]) => Number(code))
  // It ends by itself when all is committed; what it ends with is looked at below.
  const failed = ended.then((code) => (code === 0 ? new Promise<never>(() => {}) : ended.then(fail)))
  failed.catch(() => {})
  try {
    const rate = await eventsPerSecond({ ...ground.measured, groupId: replayGroup(plan), ranges, died: failed })
    await ended.then((code) => (code === 0 ? undefined : fail(code)))
    return rate
  } finally {
    child.kill('SIGKILL')
    await ground.kafka.admin.deleteTopics(plan.outputs.map(({ topic }) => topic))
  }
}

function fail(code: number): never {
  throw new Error(`the replay ended with exit code ${code}`)
}

async function planOf({ kafka, namespace, rawTopic }: Ground, ranges: readonly Range[]): Promise<ReplayPlan> {
  const [raw] = await kafka.topics([rawTopic])
  const [stream] = loadContracts(CONTRACT).streams
  if (raw === undefined || stream === undefined) throw new Error('the ground is not prepared')
  const planId = randomUUID()
  const nowMs = Date.now()
  const offsets = ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  return {
    version: 1,
    planId,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + PLAN_LASTS_MS,
    namespace,
    stream: stream.name,
    rawTopic,
    rawTopicId: raw.topicId,
    ranges: [...ranges],
    contract: contractFingerprint(CONTRACT).toString('hex'),
    into: 'new',
    outputs: stream.outputs.map(({ purpose, topic }) => ({
      purpose: purpose.name,
      topic: replayTopic(namespace + topic, planId),
    })),
    rate: null,
    found: { records: 0, faulty: 0, bytes: 0, seconds: 0, offsets, auditedOffsets: 0, outputs: [] },
  }
}
