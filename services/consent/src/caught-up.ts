import { setTimeout as pause } from 'node:timers/promises'
import { CONSENT_PARTITIONS } from '@weir/consent'
import type { ConsentView } from '@weir/consent-view'
import type { Kafka } from '@weir/kafka'

const RETRY_MS = 500

export interface CaughtUpOptions {
  readonly kafka: Pick<Kafka, 'endOffsets'>
  readonly view: Pick<ConsentView, 'reached'>
  /** Full name of `consent.state`. */
  readonly topic: string
  readonly signal: AbortSignal
  /** Why it is not there yet; for readiness. */
  readonly onWaiting: (why: string) => void
}

/**
 * Resolves once the view's tail has passed what was the end of `consent.state` after it was opened. Tries on while
 * Kafka or the topic is away; rejects only when `signal` aborts.
 */
export async function caughtUp({ kafka, view, topic, signal, onWaiting }: CaughtUpOptions): Promise<void> {
  const partitions = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => ({ topic, partition }))
  for (;;) {
    try {
      const ends = await kafka.endOffsets(partitions, 'stable')
      onWaiting('reading up to the end of consent.state')
      return await view.reached(new Map(ends.map((end, partition) => [partition, end])), signal)
    } catch {
      // Kafka is away, an election is under way, or the topic was made anew: the view says so in the log.
      onWaiting('the end of consent.state can’t be read')
    }
    await pause(RETRY_MS, undefined, { signal })
  }
}
