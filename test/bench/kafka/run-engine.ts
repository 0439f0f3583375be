import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { Kafka, TopicPartition } from '@weir/kafka'
import { type ProcessUsage, usageOf } from '../process-usage.ts'
import type { Engine } from './engines.ts'

export interface Job {
  readonly kafka: Kafka
  readonly brokers: string
  /** Group and transactional id: a new one each run. */
  readonly group: string
  readonly source: string
  readonly target: string
  /** End of each partition of the source. */
  readonly ends: readonly number[]
  /** Process id of the broker where it is ours, to tell what the copy costs it. */
  readonly brokerPid: number | undefined
}

export interface Run extends ProcessUsage {
  readonly seconds: number
  /** 0 where the broker is not ours. */
  readonly brokerCpuUs: number
}

const LOOK_EVERY_MS = 50
const LIMIT_MS = 600_000

/**
 * Runs an engine until it has committed the whole source, and tells what its process used until then, its start
 * included.
 * @throws Error when it ends by itself or takes longer than ten minutes
 */
export async function runEngine(engine: Engine, job: Job): Promise<Run> {
  const brokerBefore = brokerCpuUs(job)
  const began = performance.now()
  const child = spawn(engine.command, [...engine.args, job.brokers, job.group, job.source, job.target], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    await committedAll(engine, job, child)
    const seconds = (performance.now() - began) / 1_000
    return { ...usageOf(child.pid ?? 0), seconds, brokerCpuUs: brokerCpuUs(job) - brokerBefore }
  } finally {
    child.kill('SIGKILL')
  }
}

async function committedAll({ name }: Engine, job: Job, child: ChildProcess): Promise<void> {
  const partitions = job.ends.map((_, partition): TopicPartition => ({ topic: job.source, partition }))
  const limit = performance.now() + LIMIT_MS
  for (;;) {
    const committed = await job.kafka.committedOffsets(job.group, partitions)
    if (committed.every((offset, partition) => offset >= (job.ends[partition] as number))) return
    if (child.exitCode !== null) throw new Error(`${name} ended by itself with exit code ${child.exitCode}`)
    if (performance.now() > limit) throw new Error(`${name} has not copied all within ${LIMIT_MS / 1_000} s`)
    await pause(LOOK_EVERY_MS)
  }
}

function brokerCpuUs({ brokerPid }: Job): number {
  return brokerPid === undefined ? 0 : usageOf(brokerPid).cpuUs
}
