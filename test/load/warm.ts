import { setTimeout as pause } from 'node:timers/promises'
import { CONSENT_PARTITIONS } from '@weir/consent'
import { cacheKey, type RunningConsentView, WATERMARK_FIELD } from '@weir/consent-view'
import type { Kafka } from '@weir/kafka'
import type { Redis } from 'ioredis'

const LOOK_EVERY_MS = 100
const TELL_EVERY_MS = 5_000

export interface Warmed {
  /** From the start of the projector's process. */
  readonly ms: number
  /** The oldest proof of freshness that was seen after the first one (ms). */
  readonly oldestAgeMs: number
}

/** Waits until every watermark of the cache has reached what is the end of consent.state now. */
export async function warmed(
  parts: {
    readonly kafka: Kafka
    readonly redis: Redis
    readonly view: RunningConsentView
    readonly namespace: string
    readonly topic: string
    /** Rejects when the projector ends. */
    readonly died: Promise<never>
  },
  say: (line: string) => void,
): Promise<Warmed> {
  const { kafka, redis, view, namespace, topic, died } = parts
  const beganMs = performance.now()
  const all = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => ({ topic, partition }))
  const ends = await kafka.endOffsets(all, 'stable')
  let toldMs = beganMs
  let oldestAgeMs = 0
  let wasFresh = false
  for (;;) {
    await Promise.race([pause(LOOK_EVERY_MS), died])
    const ageMs = view.health().oldestAgeMs
    wasFresh ||= ageMs !== Number.POSITIVE_INFINITY
    if (wasFresh) oldestAgeMs = Math.max(oldestAgeMs, ageMs)
    // A Redis that is busy with a run, or has not got that far: not yet.
    const asked = all.map(({ partition }) => redis.hget(cacheKey(namespace, partition), WATERMARK_FIELD))
    const watermarks = (await Promise.all(asked)).map((watermark) => Number(watermark ?? 0))
    if (watermarks.every((watermark, partition) => watermark >= (ends[partition] ?? 0))) {
      return { ms: performance.now() - beganMs, oldestAgeMs }
    }
    if (performance.now() - toldMs > TELL_EVERY_MS) {
      toldMs = performance.now()
      say(`${sum(watermarks)} of ${sum(ends)} records loaded`)
    }
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
