import { encodeLedger, type Tick, tickKey } from '@weir/consent'
import { type ConsentView, pause } from '@weir/consent-view'
import type { Appender } from '@weir/kafka'

export interface TickerOptions {
  readonly appender: Appender
  /** The ledger. */
  readonly topic: string
  readonly view: Pick<ConsentView, 'onTick'>
  readonly everyMs: number
  /** A tick that has not come out for so long is given up: it may have been compacted away. */
  readonly giveUpAfterMs: number
  readonly randomHex16: () => string
  readonly monotonicMs: () => number
  readonly onRoundTrip: (ms: number) => void
  readonly onError: (error: unknown) => void
}

interface Ticking {
  incarnation: string
  n: number
  /** When the last one was appended (monotonic); null: it has come out. */
  appendedAtMs: number | null
}

/**
 * Appends a tick to each of its ledger partitions about every 200 ms, all in one go so that one transaction folds them.
 * The next only after the last has come out in consent.state: that is what makes a tick prove age (see the freshness of
 * the consent view). A new incarnation for each assignment, and whenever it is not known whether an append happened.
 */
export class Ticker {
  readonly #options: TickerOptions
  readonly #ticking = new Map<number, Ticking>()
  readonly #close = new AbortController()
  readonly #stopListening: () => void
  readonly #running: Promise<void>

  constructor(options: TickerOptions) {
    this.#options = options
    this.#stopListening = options.view.onTick((tick, partition) => this.#cameOut(tick, partition))
    this.#running = this.#run()
  }

  add(partition: number): void {
    this.#ticking.set(partition, this.#newIncarnation())
  }

  remove(partition: number): void {
    this.#ticking.delete(partition)
  }

  async close(): Promise<void> {
    this.#close.abort()
    this.#stopListening()
    await this.#running
  }

  #newIncarnation(): Ticking {
    return { incarnation: this.#options.randomHex16(), n: 0, appendedAtMs: null }
  }

  #cameOut(tick: Tick, partition: number): void {
    const ticking = this.#ticking.get(partition)
    if (ticking === undefined || ticking.appendedAtMs === null) return
    if (tick.incarnation !== ticking.incarnation || tick.n !== ticking.n) return
    this.#options.onRoundTrip(this.#options.monotonicMs() - ticking.appendedAtMs)
    ticking.appendedAtMs = null
  }

  async #run(): Promise<void> {
    const { signal } = this.#close
    while (!signal.aborted) {
      await pause(this.#options.everyMs, signal)
      if (!signal.aborted) await this.#tick()
    }
  }

  async #tick(): Promise<void> {
    const { appender, topic, monotonicMs, giveUpAfterMs } = this.#options
    const now = monotonicMs()
    const due: [number, Ticking][] = []
    for (const [partition, ticking] of this.#ticking) {
      if (ticking.appendedAtMs !== null && now - ticking.appendedAtMs > giveUpAfterMs) {
        Object.assign(ticking, this.#newIncarnation())
      }
      if (ticking.appendedAtMs === null) due.push([partition, ticking])
    }
    if (due.length === 0) return

    const records = due.map(([partition, ticking]) => {
      ticking.n += 1
      ticking.appendedAtMs = now
      const tick: Tick = { incarnation: ticking.incarnation, n: ticking.n, timeMs: 0 }
      return { key: tickKey, value: encodeLedger({ kind: 'tick', tick }), partition }
    })
    try {
      await appender.append(topic, records)
    } catch (error) {
      for (const [, ticking] of due) Object.assign(ticking, this.#newIncarnation())
      this.#options.onError(error)
    }
  }
}
