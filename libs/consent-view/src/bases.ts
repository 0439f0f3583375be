import type { CacheAnswer } from './cache.ts'
import type { ChunksInFlight } from './in-flight.ts'
import type { PartitionTail } from './partition-tail.ts'

/**
 * Whether an answer of Redis may be relied on: it was loaded from this very topic, and holds everything below the base.
 * A flush, a failover to an older replica and a restored dump all fail this, and wait for the loader.
 */
export function isValid(answer: CacheAnswer, tail: PartitionTail, topicId: string | null): boolean {
  return answer.watermark !== null && answer.topicId === topicId && answer.watermark >= tail.changed.base
}

/**
 * Redis was seen to hold everything below `watermark`: moves the base there, but neither past what the tail has read
 * nor past the position at which the oldest chunk in flight began.
 */
export function moveBase(tail: PartitionTail, partition: number, watermark: number, inFlight: ChunksInFlight): void {
  tail.changed.moveBase(Math.min(watermark, tail.position, inFlight.oldest(partition)))
}
