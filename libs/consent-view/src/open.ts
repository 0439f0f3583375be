import { CONSENT_PARTITIONS } from '@weir/consent'
import type { Kafka } from '@weir/kafka'
import type { Redis } from 'ioredis'
import { ConsentCache } from './cache.ts'
import { ChunksInFlight } from './in-flight.ts'
import { openRedis, REDIS_COMMAND_TIMEOUT_MS } from './redis.ts'
import { Tail } from './tail.ts'
import { type RunningConsentView, TailAndCacheView } from './view.ts'

/** S: how old the proof that a partition is fresh may be (ms). Below the brokers' own session timeouts. */
export const FRESHNESS_MS = 2_000

export interface ConsentViewOptions {
  readonly kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'fetcher'>
  /** Address of the consent cache, or a client made by `openRedis` (which stays its owner's to close). */
  readonly redis: string | Redis
  /** Prefix of topic and Redis keys. */
  readonly namespace: string
  /** S: how old a partition's proof of freshness may be (ms). Default FRESHNESS_MS. */
  readonly freshnessMs?: number
  /** Subjects whose state is remembered, over all partitions, so that Redis is not asked for them again. Default 200,000. */
  readonly rememberedSubjects?: number
  /** false for the projector alone: it makes the ticks, so waiting for them would be waiting for itself. */
  readonly requireFresh?: boolean
  readonly clock: { monotonicMs(): number }
  /** Changed refs kept in memory a partition while the cache is behind. Default 20,000. */
  readonly maxChangedPerPartition?: number
  /** Bound (ms) of each wait of the fence. Default 1000. */
  readonly fenceWaitMs?: number
  /** For the log: broker, topic or Redis away and back. Never carries keys or values. */
  readonly onEvent?: (event: { readonly kind: string; readonly message: string }) => void
}

/**
 * Opens the consent view. Resolves at once, whatever is away: until the tail follows `consent.state` and is proved
 * fresh, lookups are held. `health()` says what is missing.
 */
export async function openConsentView(options: ConsentViewOptions): Promise<RunningConsentView> {
  const { kafka, namespace, clock } = options
  const onEvent = options.onEvent ?? (() => {})
  const topic = `${namespace}consent.state`
  const own = typeof options.redis === 'string'
  const redis =
    typeof options.redis === 'string'
      ? openRedis(options.redis, (error) => onEvent({ kind: 'redis-error', message: error.message }))
      : options.redis

  const tail = new Tail({
    kafka,
    topic,
    maxChangedPerPartition: options.maxChangedPerPartition ?? 20_000,
    maxRememberedPerPartition: Math.floor((options.rememberedSubjects ?? 200_000) / CONSENT_PARTITIONS),
    onEvent,
  })
  tail.start()
  return new TailAndCacheView({
    kafka,
    topic,
    tail,
    cache: new ConsentCache(redis, namespace, REDIS_COMMAND_TIMEOUT_MS + 100),
    inFlight: new ChunksInFlight(),
    freshnessMs: options.requireFresh === false ? Number.POSITIVE_INFINITY : (options.freshnessMs ?? FRESHNESS_MS),
    monotonicMs: () => clock.monotonicMs(),
    waitMs: options.fenceWaitMs ?? 1_000,
    observeEveryMs: 1_000,
    onClose: () => {
      if (own) redis.disconnect()
    },
  })
}
