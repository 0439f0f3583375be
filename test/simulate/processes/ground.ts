import type { Kafka } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { Redis } from 'ioredis'
import type { ConsentApi } from '../../../services/consent/src/consent-api.ts'
import type { Random } from '../time/random-bytes.ts'

/** What the world gives a process to stand on: all that its main.ts would connect to, or take from the machine. */
export interface Ground {
  readonly kafka: Kafka
  readonly redis: Redis
  readonly random: Random
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Number of its slot. */
  readonly slot: string
  /** Aborted when it is to end. */
  readonly signal: AbortSignal
  /** Ends the process by its own will. */
  readonly fail: (error: unknown) => void
}

/** A process that has started. */
export interface Started {
  /** Empty when it does its job. */
  why(): string
  /** The way of SIGTERM, once `signal` has aborted. */
  close(): Promise<void>
  /** Of the consent service. */
  readonly api?: ConsentApi['app']
}

/** Subjects that each view remembers: few, so that they are thrown out too. */
export const REMEMBERED = 90

export const clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  /** As main.ts of the sanitizer has it: ends early, and without an error, when the signal aborts. */
  sleep: (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve()
      const over = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', over)
        resolve()
      }
      const timer = setTimeout(over, ms)
      signal.addEventListener('abort', over)
    }),
}

/** Closing goes on without the broker's answers after this long, as in each main.ts. */
export async function closingWithin(kafka: Kafka, close: () => Promise<void>): Promise<void> {
  const late = setTimeout(() => kafka.abandon(), 1_500)
  await close()
  clearTimeout(late)
}
