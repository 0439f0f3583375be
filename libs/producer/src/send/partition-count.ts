import type { Kafka } from '@weir/kafka'
import type { Clock } from './clock.ts'

/** Other clients look as often by default (`metadata.max.age.ms`). */
const LOOK_EVERY_MS = 300_000

/**
 * How many partitions a topic has, looked up anew now and then beside the work: someone may add some, and producers
 * should agree on a key's partition again soon. A failed look keeps what is known.
 */
export function partitionCount(kafka: Pick<Kafka, 'topics'>, topic: string, first: number, clock: Clock): () => number {
  let count = first
  let looked = clock.monotonicMs()
  return () => {
    const now = clock.monotonicMs()
    if (now - looked >= LOOK_EVERY_MS) {
      looked = now
      kafka.topics([topic]).then(
        ([info]) => {
          if (info !== undefined && info.partitions > 0) count = info.partitions
        },
        () => undefined,
      )
    }
    return count
  }
}
