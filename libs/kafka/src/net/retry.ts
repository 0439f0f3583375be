import { setTimeout as sleep } from 'node:timers/promises'
import { Closed, canRetry } from '../errors.ts'

/** Waits `ms`, or less when `signal` aborts; never rejects. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}

/** Pauses that double from `firstMs` to `maxMs`, each shortened by up to a fifth so that clients don't march in step. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  #nextMs: number

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#nextMs = firstMs
  }

  reset(): void {
    this.#nextMs = this.#firstMs
  }

  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#nextMs
    this.#nextMs = Math.min(ms * 2, this.#maxMs)
    await pause(ms - Math.random() * ms * 0.2, signal)
  }
}

/**
 * What `work` gives, or Closed as soon as `signal` aborts. `work` is not ended by that: it must be bounded by itself,
 * and what becomes of it nobody hears.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Closed(what))
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}

/** Aborts with the first of them; the second may be left out. */
export function eitherAborts(own: AbortSignal, given: AbortSignal | undefined): AbortSignal {
  return given === undefined ? own : AbortSignal.any([own, given])
}

export interface RetryOptions {
  /** Monotonic time after which the last error is thrown instead of trying again. */
  readonly untilMs: number
  /** Aborting it gives up at once, also while an attempt is under way. */
  readonly signal: AbortSignal
  readonly firstMs?: number
  readonly maxMs?: number
  readonly retriable?: (error: unknown) => boolean
  /** Named in the error when the signal aborts. */
  readonly what: string
}

/** Tries until it succeeds, fails for good, or time is up; the last error is thrown. */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { firstMs = 20, maxMs = 500, retriable = canRetry } = options
  const backoff = new Backoff(firstMs, maxMs)
  for (;;) {
    if (options.signal.aborted) throw new Closed(options.what)
    try {
      return await unlessAborted(attempt(), options.signal, options.what)
    } catch (error) {
      if (options.signal.aborted) throw new Closed(options.what, { cause: error })
      if (!retriable(error) || performance.now() >= options.untilMs) throw error
    }
    await backoff.wait(options.signal)
  }
}
