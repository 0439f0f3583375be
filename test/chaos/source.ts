import { setTimeout as pause } from 'node:timers/promises'
import { produce, type RecordToProduce } from '../support/foreign/foreign.ts'
import type { Weir } from '../support/weir.ts'
import { paced } from '../workload/pace.ts'
import { type Planned, rawRecord, type StreamPaths, type StreamPlan } from '../workload/stream.ts'
import type { EventEncoder } from '../workload/wire.ts'
import type { Tally } from './tally.ts'

export interface SourceOptions {
  readonly plan: StreamPlan
  readonly paths: StreamPaths
  readonly encoder: EventEncoder
  /**
   * The sanitizer takes whatever is at hand into one transaction, up to 8,000 rows. So transactions are kept small by
   * the source: it publishes at this rate, and waits while more than `mostWaiting` records are published and not
   * committed.
   */
  readonly perSecond: number
  readonly mostWaiting: number
  /** Asked before each few records. */
  readonly isEnough: (published: number) => boolean
}

const LOOK_AGAIN_MS = 50

/** Raw events at a rate, by Kafka's own client, until there are enough. */
export class Source {
  published = 0
  readonly #weir: Weir
  readonly #tally: Tally
  readonly #options: SourceOptions

  constructor(weir: Weir, tally: Tally, options: SourceOptions) {
    this.#weir = weir
    this.#tally = tally
    this.#options = options
  }

  get waiting(): number {
    return this.published - this.#tally.committed.reduce((sum, next) => sum + next, 0)
  }

  /** Resolves when all that was published is acknowledged. */
  async run(brokers: string): Promise<void> {
    await produce(brokers, this.#records())
  }

  async *#records(): AsyncGenerator<RecordToProduce> {
    const { plan, paths, encoder, perSecond, mostWaiting, isEnough } = this.#options
    const topic = this.#weir.topic('clickstream.raw')
    for await (const batch of paced<Planned>(plan.records(), perSecond)) {
      for (const planned of batch) {
        yield { topic, ...rawRecord(planned, Date.now(), paths, encoder) }
        this.published++
      }
      while (this.waiting > mostWaiting && !isEnough(this.published)) await pause(LOOK_AGAIN_MS)
      if (isEnough(this.published)) return
    }
  }
}
