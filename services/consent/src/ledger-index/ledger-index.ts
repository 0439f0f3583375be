import { setImmediate as afterIo } from 'node:timers/promises'
import { decodeLedger, isTickKey, type SubjectRef } from '@weir/consent'
import { pause, type Row, rowsOf } from '@weir/consent-view'
import { type FetchedPartition, type Fetcher, type Kafka, OffsetOutOfRange } from '@weir/kafka'
import { isDamaged, openDatabase } from './database.ts'
import { type FoundDecision, type FoundErasure, type LedgerHistory, type LedgerRow, LedgerStore } from './store.ts'

export interface LedgerIndexOptions {
  readonly kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'fetcher'>
  /** Full name of `consent.decisions`. */
  readonly topic: string
  /** Where the index is kept, this process's own; null: in a temporary file that ends with the process. */
  readonly folder: string | null
  /** Hears of each decision that was taken in. */
  readonly onAdded: (decisionId: string) => void
  /** For the log: followed, stopped and why. Never carries ids. */
  readonly onEvent: (event: { readonly kind: string; readonly message: string }) => void
}

/** Rows a transaction: some milliseconds in which nothing else runs. */
const MAX_ROWS = 100
const RETRY_MS = 1_000
const LOOK_AT_TOPIC_EVERY_MS = 5_000

/**
 * What the ledger holds, by decision id: follows `consent.decisions`, committed records only, from where the index stands.
 * Made anew from the ledger whenever it is missing, damaged, or of another topic. Not the authority: it may be behind, and
 * what holds is the state's to say. Nothing waits for it, so disk and broker may be away.
 */
export class LedgerIndex {
  readonly #options: LedgerIndexOptions
  readonly #close = new AbortController()
  #store: LedgerStore | null = null
  /** What stands in the index is not what the ledger holds: it begins anew. */
  #isLost = false
  #why = ''
  #running: Promise<void> = Promise.resolve()

  constructor(options: LedgerIndexOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  /** The decision of this id, as far as the ledger was read; null also while the index can't be read. */
  find(decisionId: string): FoundDecision | null {
    return this.#ask((store) => store.find(decisionId))
  }

  /** The erasure whose `erase` has this id, with its steps; null also while the index can't be read. */
  erasure(decisionId: string): FoundErasure | null {
    return this.#ask((store) => store.erasure(decisionId))
  }

  /**
   * At most `limit` decisions about a ref whose position lies below `before`, as far as the ledger was read; null while
   * the index can't be read.
   */
  history(ref: SubjectRef, before: number, limit: number): LedgerHistory | null {
    return this.#ask((store) => store.history(ref, before, limit))
  }

  async close(): Promise<void> {
    this.#close.abort()
    await this.#running
  }

  #ask<Answer>(question: (store: LedgerStore) => Answer): Answer | null {
    try {
      return this.#store === null ? null : question(this.#store)
    } catch (error) {
      this.#stopped(error)
      return null
    }
  }

  async #run(): Promise<void> {
    const { kafka, topic } = this.#options
    const { signal } = this.#close
    while (!signal.aborted) {
      try {
        const [info] = await kafka.topics([topic])
        if (info === undefined) throw new Error(`topic ${topic} does not exist: run set-up (it creates topics)`)
        await this.#followTopic(info.topicId)
      } catch (error) {
        this.#stopped(error)
      }
      await pause(RETRY_MS, signal)
    }
  }

  /** Returns when closed or when the topic was made anew; throws when it has to begin again. */
  async #followTopic(topicId: string): Promise<void> {
    const { kafka, topic, folder, onEvent } = this.#options
    this.#store = new LedgerStore(openDatabase({ folder, name: topic, topicId, anew: this.#isLost }))
    this.#isLost = false
    const fetcher = kafka.fetcher({
      topic,
      isolation: 'read_committed',
      maxWaitMs: 500,
      maxPartitionBytes: 256 << 10,
      maxBytes: 1 << 20,
      readAheadBytes: 2 << 20,
    })
    const stop = () => void fetcher.close()
    this.#close.signal.addEventListener('abort', stop, { once: true })
    try {
      for (const [partition, next] of this.#store.positions().entries()) fetcher.assign(partition, next)
      this.#why = ''
      onEvent({ kind: 'ledger-index-running', message: 'following consent.decisions' })
      await this.#take(fetcher, this.#store, topicId)
    } finally {
      this.#close.signal.removeEventListener('abort', stop)
      await fetcher.close()
      this.#store.close()
      this.#store = null
    }
  }

  async #take(fetcher: Fetcher, store: LedgerStore, topicId: string): Promise<void> {
    const { kafka, topic } = this.#options
    const { signal } = this.#close
    let lookAtTopic = pause(LOOK_AT_TOPIC_EVERY_MS, signal).then(() => true)
    while (!signal.aborted) {
      // Seen by who asked.
      if (this.#isLost) throw new Error('the index of the ledger is damaged: it begins anew')
      for (const fetched of await this.#poll(fetcher)) await this.#add(store, fetched)
      if (!(await Promise.race([lookAtTopic, false]))) continue
      // A topic of the same name made anew would be followed from positions that mean nothing in it.
      const infos = await kafka.topics([topic]).catch(() => null)
      if (infos !== null && infos[0]?.topicId !== topicId) throw new Error(`topic ${topic} was deleted or made anew`)
      lookAtTopic = pause(LOOK_AT_TOPIC_EVERY_MS, signal).then(() => true)
    }
  }

  async #poll(fetcher: Fetcher): Promise<FetchedPartition[]> {
    try {
      return await fetcher.poll(RETRY_MS)
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error
      const { topic, partition, asked } = error
      const [start = 0] = await this.#options.kafka.endOffsets([{ topic, partition }], 'earliest')
      this.#isLost = start <= asked
      if (this.#isLost) throw error
      // Somebody deleted the ledger's beginning. The projector stops at that; what is left can be told all the same.
      fetcher.assign(partition, start)
      return []
    }
  }

  /** A few rows at a time, so that requests are answered in between. */
  async #add(store: LedgerStore, fetched: FetchedPartition): Promise<void> {
    const { rows, next } = rowsOf(fetched)
    const { partition, fetchOffset } = fetched
    if (next === fetchOffset) return
    for (let from = 0; from < rows.length; from += MAX_ROWS) {
      const some = rows.slice(from, from + MAX_ROWS)
      const kept = some.map(ledgerRow).filter((row) => row !== null)
      // Ticks alone move nothing: after a restart they are read again, up to those that compaction has left.
      if (kept.length > 0) {
        store.add(partition, kept, rows[from + MAX_ROWS]?.offset ?? next)
        for (const { decisionId } of kept) this.#options.onAdded(decisionId)
      }
      await afterIo()
      if (this.#close.signal.aborted) return
    }
  }

  #stopped(error: unknown): void {
    if (this.#close.signal.aborted) return
    if (isDamaged(error)) this.#isLost = true
    const why = error instanceof Error ? error.message : 'unknown error'
    if (why === this.#why) return
    this.#why = why
    this.#options.onEvent({ kind: 'ledger-index-stopped', message: why })
  }
}

/** null: a tick, or what this version can't read, at which the projector stops. */
function ledgerRow({ offset, timeMs, key, value }: Row): LedgerRow | null {
  if (key === null || value === null || isTickKey(key)) return null
  try {
    const record = decodeLedger(value)
    if (record.kind === 'tick') return null
    const common = { offset, appendTimeMs: timeMs, record: value }
    if (record.kind === 'step') {
      const { erasureId, ref } = record.step
      return { kind: 'step', decisionId: erasureId, ref, ...common }
    }
    const { decisionId, ref } = record.decision
    return { kind: 'decision', decisionId, ref, ...common }
  } catch {
    return null
  }
}
