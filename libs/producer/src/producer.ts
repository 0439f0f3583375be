import { ProducerClosed, type ProducerError } from './errors.ts'
import type { EventEncoder } from './event/event-encoder.ts'
import type { Clock } from './send/clock.ts'
import type { Recorded } from './send/entry.ts'
import type { Outbox } from './send/outbox.ts'
import { isTraceparent } from './traceparent.ts'

export interface TrackOptions {
  /** W3C `traceparent`, put on the raw record. One of another form is left out. */
  readonly traceparent?: string | undefined
}

export interface CloseOptions {
  /** How long what was taken may still need. Default 30,000. */
  readonly withinMs?: number
}

/**
 * Publishes events of one stream. A lost acknowledgement repeats nothing; an event that had no answer at all for a while,
 * and is sent anew, may be written twice.
 */
export interface Producer<E extends object> extends AsyncDisposable {
  /** The raw topic, with the namespace. */
  readonly topic: string
  /** Under which the registry has the schema. */
  readonly schemaId: number
  /**
   * Checks, completes and sends one event. It is encoded before this returns, so it may be changed afterwards. Resolves
   * when all in-sync replicas have it; waits while the queue is full. Events of one person are written in the order of
   * the calls.
   *
   * Rejects with InvalidEvent, EventTooLarge, QueueFull, ProducerClosed (never sent) or NotDelivered (see its
   * `maybeWritten`).
   */
  track(event: E, options?: TrackOptions): Promise<Recorded>
  /** Sends without waiting for more. Resolves when all events tracked before have their answer, be it a failure. */
  flush(): Promise<void>
  /** Events without an answer yet, and their bytes. */
  queued(): { readonly events: number; readonly bytes: number }
  /** Takes no more, flushes, disconnects. What is not delivered in time fails with NotDelivered. Never rejects. */
  close(options?: CloseOptions): Promise<void>
}

export interface ProducerParts {
  readonly topic: string
  readonly schemaId: number
  readonly encoder: EventEncoder
  readonly outbox: Outbox
  readonly clock: Clock
  readonly onError: ((error: ProducerError) => void) | null
  /** Closes the connections; without waiting for what is out when `atOnce`. */
  readonly disconnect: (atOnce: boolean) => Promise<void>
}

const CLOSE_WITHIN_MS = 30_000

export class EventProducer<E extends object> implements Producer<E> {
  readonly topic: string
  readonly schemaId: number
  readonly #parts: ProducerParts
  #closed: Promise<void> | null = null

  constructor(parts: ProducerParts) {
    this.topic = parts.topic
    this.schemaId = parts.schemaId
    this.#parts = parts
  }

  track(event: E, options: TrackOptions = {}): Promise<Recorded> {
    const recorded = this.#track(event, options)
    const { onError } = this.#parts
    // On a turn of its own: an error that onError throws is its own and nobody else's rejection.
    if (onError !== null) recorded.catch((error) => setImmediate(onError, error))
    return recorded
  }

  async #track(event: E, { traceparent }: TrackOptions): Promise<Recorded> {
    if (this.#closed !== null) throw new ProducerClosed()
    const { key, value } = this.#parts.encoder.encode(event, this.schemaId)
    const headers: Record<string, string> = {}
    if (traceparent !== undefined && isTraceparent(traceparent)) headers['traceparent'] = traceparent
    return this.#parts.outbox.push({ key, value, headers })
  }

  flush(): Promise<void> {
    return this.#parts.outbox.flush()
  }

  queued(): { readonly events: number; readonly bytes: number } {
    return this.#parts.outbox.queued
  }

  close({ withinMs = CLOSE_WITHIN_MS }: CloseOptions = {}): Promise<void> {
    this.#closed ??= this.#close(withinMs)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(withinMs: number): Promise<void> {
    const { outbox, clock, disconnect } = this.#parts
    let cancel = () => {}
    const timeUp = new Promise<'late'>((resolve) => {
      cancel = clock.after(withinMs, () => resolve('late'))
    })
    const isLate = (await Promise.race([outbox.flush(), timeUp])) === 'late'
    cancel()
    if (isLate) outbox.abandon(`the producer was closed and ${withinMs} ms were not enough`)
    await disconnect(isLate)
  }
}
