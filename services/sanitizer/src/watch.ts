import { type Kafka, KafkaError } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { Clock } from './environment.ts'
import type { Loop } from './loop.ts'
import type { Reader } from './reader.ts'

const LOOK_EVERY_MS = 5_000
const READ_RETENTION_EVERY_MS = 300_000
/** Far above all that an attempt may wait for, one by one: whoever takes longer will not end. */
const LONGEST_ATTEMPT_MS = 300_000
/** Records wait, nothing is said to be in the way, and nothing was committed for so long. */
const NO_PROGRESS_MS = 60_000

/** An attempt at a chunk hangs: only a new process helps. */
class AttemptHangs extends Error {
  override readonly name = 'AttemptHangs'
  readonly code = 'WEIR_SANITIZER_ATTEMPT_HANGS'

  constructor(seconds: number) {
    super(
      `An attempt at a chunk has not ended for ${seconds} s. What is not committed will be taken up again. The process ends, ` +
        'so that it can be started again; if that repeats, look at the log before it, and report it',
    )
  }
}

export interface WatchParts {
  readonly kafka: Pick<Kafka, 'endOffsets'> & { readonly admin: Pick<Kafka['admin'], 'topicConfig'> }
  readonly rawTopic: string
  readonly loop: Pick<Loop, 'trouble' | 'attemptMs' | 'oldestWaitingMs' | 'sinceCommitMs' | 'owned'>
  readonly reader: Pick<Reader, 'lag' | 'sawEnd'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn'>
  readonly fail: (error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Looks at the loop from outside every few seconds: how far it is behind, also while it holds a chunk and reads nothing;
 * whether it still gets on; and whether the raw topic will delete records before they were processed.
 */
export class Watch {
  readonly #parts: WatchParts
  /** How long the raw topic keeps records (ms); null: for ever, or not known. */
  #retentionMs: number | null = null
  #retentionReadMs = Number.NEGATIVE_INFINITY
  #isToldUnknown = false
  #why: string | null = null

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** What is wrong with its progress; null when nothing is. */
  get why(): string | null {
    return this.#why
  }

  /** Age (ms, by append time) of the oldest record that was taken up and is not committed; 0 when there is none. */
  get lagMs(): number {
    const { loop, clock } = this.#parts
    return loop.oldestWaitingMs === null ? 0 : Math.max(0, clock.nowMs() - loop.oldestWaitingMs)
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#parts
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal)
      if (!signal.aborted) await this.look()
    }
  }

  async look(): Promise<void> {
    const { loop, fail } = this.#parts
    if (loop.attemptMs > LONGEST_ATTEMPT_MS) return fail(new AttemptHangs(Math.floor(loop.attemptMs / 1_000)))
    await this.#readEnds()
    await this.#readRetention()
    this.#is(this.#retentionNears() ?? this.#standsStill())
  }

  async #readEnds(): Promise<void> {
    const { kafka, rawTopic, loop, reader } = this.#parts
    const partitions = loop.owned
    if (partitions.length === 0) return
    const asked = partitions.map((partition) => ({ topic: rawTopic, partition }))
    const ends = await ifOperating(kafka.endOffsets(asked, 'high-watermark'))
    for (const [i, partition] of partitions.entries()) reader.sawEnd(partition, ends?.[i] ?? 0)
  }

  async #readRetention(): Promise<void> {
    const { kafka, rawTopic, clock, log } = this.#parts
    if (clock.monotonicMs() - this.#retentionReadMs < READ_RETENTION_EVERY_MS) return
    const config = await ifOperating(kafka.admin.topicConfig(rawTopic))
    if (config === null) {
      if (!this.#isToldUnknown) log.warn({ event: 'retention-unknown', topic: rawTopic })
      this.#isToldUnknown = true
      return
    }
    this.#retentionReadMs = clock.monotonicMs()
    const found = Number(config['retention.ms'] ?? -1)
    this.#retentionMs = found > 0 ? found : null
  }

  #retentionNears(): string | null {
    if (this.#retentionMs === null || this.lagMs * 2 < this.#retentionMs) return null
    return (
      `records wait for over half of the time that ${this.#parts.rawTopic} keeps them: raise its retention.ms now, ` +
      'then look for what holds the sanitizer'
    )
  }

  #standsStill(): string | null {
    const { loop, reader } = this.#parts
    if (loop.trouble !== null || reader.lag === 0 || loop.sinceCommitMs < NO_PROGRESS_MS) return null
    return `records wait, nothing is in the way, and nothing was committed for over ${NO_PROGRESS_MS / 1_000} s`
  }

  #is(why: string | null): void {
    if (why !== null && this.#why !== why) this.#parts.log.warn({ event: 'progress', why })
    if (why === null && this.#why !== null) this.#parts.log.info({ event: 'progress-again' })
    this.#why = why
  }
}

/** null when the broker gives no answer, or refuses: what is only looked at must not end the process. */
async function ifOperating<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof KafkaError) return null
    throw error
  }
}
