import type { Chunk } from './chunk.ts'
import type { Clock } from './environment.ts'
import type { Reader } from './reader.ts'

/**
 * Another reader's chunks, no more than so many records a second: after each it rests for as long as its records take at
 * that rate. Rows that are read again, because their chunk was dropped, count again.
 */
export class PacedReader implements Reader {
  readonly #reader: Reader
  readonly #perSecond: number
  readonly #clock: Clock
  readonly #signal: AbortSignal
  /** When (monotonic) the next chunk may be taken. */
  #freeAtMs = Number.NEGATIVE_INFINITY

  /** @param signal ends a rest */
  constructor(reader: Reader, perSecond: number, clock: Clock, signal: AbortSignal) {
    this.#reader = reader
    this.#perSecond = perSecond
    this.#clock = clock
    this.#signal = signal
  }

  get lag(): number {
    return this.#reader.lag
  }

  assign(partition: number, position: number): void {
    this.#reader.assign(partition, position)
  }

  unassign(partition: number): void {
    this.#reader.unassign(partition)
  }

  sawEnd(partition: number, highWatermark: number): void {
    this.#reader.sawEnd(partition, highWatermark)
  }

  async next(waitMs: number): Promise<Chunk | null> {
    const restMs = Math.min(waitMs, this.#freeAtMs - this.#clock.monotonicMs())
    if (restMs > 0) await this.#clock.sleep(restMs, this.#signal)
    if (this.#freeAtMs > this.#clock.monotonicMs()) return null
    const chunk = await this.#reader.next(waitMs - Math.max(0, restMs))
    if (chunk !== null) this.#freeAtMs = this.#clock.monotonicMs() + (chunk.rows.count / this.#perSecond) * 1_000
    return chunk
  }
}
