import { CONSENT_PARTITIONS } from '@weir/consent'
import { openConsentView, openRedis } from '@weir/consent-view'
import { loadContracts } from '@weir/contracts'
import { topicSpecs } from '@weir/infra/kafka/topics.ts'
import { startNativeStack } from '@weir/infra/stack/index.ts'
import type { Kafka } from '@weir/kafka'
import type { Redis } from 'ioredis'
import { usageOf } from '../bench/process-usage.ts'
import { until } from '../support/until.ts'
import { Weir } from '../support/weir.ts'
import { fill } from './fill.ts'
import { measureLookups } from './lookups.ts'
import { warmed } from './warm.ts'

export interface LoadResult {
  readonly subjects: number
  /** Bytes of a state, on average. */
  readonly stateBytes: number
  readonly fillS: number
  /** From the start of the projector's process until the cache holds all of consent.state. */
  readonly warmS: number
  readonly recordsPerS: number
  /** Redis's `used_memory` with all states, less that of an empty one, a subject. */
  readonly redisBytesPerSubject: number
  readonly projectorPeakMiB: number
  readonly projectorCpuUsPerRecord: number
  /** The oldest that consent was anywhere while the cache was loaded (ms); above 2,000 it counts as stale. */
  readonly oldestAgeMs: number
  readonly lookups: Readonly<Record<string, number>>
}

/** consent.state full, Redis empty, the real projector: how long until it is warm, and what lookups cost then. */
export async function runLoad(subjects: number, say: (line: string) => void): Promise<LoadResult> {
  const stack = await startNativeStack({ start: ['kafka', 'redis'], say })
  const weir = new Weir({ stack: stack.env })
  const redis = openRedis(stack.env.REDIS_URL, () => {})
  try {
    return await load(weir, redis, subjects, say)
  } finally {
    redis.disconnect()
    await weir.close()
    await stack.stop()
  }
}

async function load(weir: Weir, redis: Redis, subjects: number, say: (line: string) => void): Promise<LoadResult> {
  const kafka = await weir.kafka()
  const { namespace } = weir
  const specs = topicSpecs(loadContracts(weir.contracts), { namespace, rawPartitions: 1 })
  await kafka.admin.ensureTopics(specs.filter(({ topic }) => topic.startsWith(`${namespace}consent.`)))
  await commitAPlace(weir, kafka)

  const topic = weir.topic('consent.state')
  const filled = await fill(kafka, topic, subjects, say)
  say(`${subjects} states written in ${seconds(filled.ms)} s`)
  await redis.flushall()
  const emptyBytes = await usedBytes(redis)

  const view = await openConsentView({
    kafka,
    redis: weir.stack.REDIS_URL,
    namespace,
    clock: { monotonicMs: () => performance.now() },
  })
  try {
    await until('the view follows consent.state', () => view.topicId !== null)
    const projector = weir.start('projector')
    const warm = await warmed({ kafka, redis, view, namespace, topic, died: projector.died }, say)
    const loadedUsage = usageOf(projector.pid ?? 0)
    const usedByStates = (await usedBytes(redis)) - emptyBytes
    say(`warm after ${seconds(warm.ms)} s`)
    const lookups = await measureLookups(view, subjects)
    return {
      subjects,
      stateBytes: Math.round(filled.stateBytes / subjects),
      fillS: seconds(filled.ms),
      warmS: seconds(warm.ms),
      recordsPerS: Math.round((subjects * 1_000) / warm.ms),
      redisBytesPerSubject: Math.round(usedByStates / subjects),
      projectorPeakMiB: Math.round(usageOf(projector.pid ?? 0).peakBytes / 2 ** 20),
      projectorCpuUsPerRecord: rounded(loadedUsage.cpuUs / subjects),
      oldestAgeMs: Math.round(warm.oldestAgeMs),
      lookups: Object.fromEntries(Object.entries(lookups).map(([name, figure]) => [name, rounded(figure)])),
    }
  } finally {
    await view.close()
  }
}

/** A projector that finds states but no place of its own in the ledger stops, rightly: one runs before they are written. */
async function commitAPlace(weir: Weir, kafka: Kafka): Promise<void> {
  const topic = weir.topic('consent.decisions')
  const ledger = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => ({ topic, partition }))
  const projector = weir.start('projector')
  await projector.ready()
  await until('its place in the ledger is committed', async () => {
    return (await kafka.committedOffsets(weir.topic('projector'), ledger)).every((offset) => offset > 0)
  })
  await projector.stop()
}

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
}

const seconds = (ms: number) => rounded(ms / 1_000)
const rounded = (figure: number) => Number(figure.toPrecision(3))
