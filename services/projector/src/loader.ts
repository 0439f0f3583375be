import { isTickKey } from '@weir/consent'
import { pause, type Row, rowsOf } from '@weir/consent-view'
import type { FetchedPartition, Fetcher, Kafka } from '@weir/kafka'
import type { CacheWriter } from './cache-writer.ts'

export interface LoaderOptions {
  readonly kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'fetcher'>
  /** consent.state on this cluster. */
  readonly topic: string
  readonly cache: Pick<CacheWriter, 'stored' | 'begin' | 'apply' | 'wouldEvict'>
  readonly monotonicMs: () => number
  readonly onEvent: (event: { readonly kind: string; readonly message: string }) => void
  readonly onLoaded: (records: number) => void
}

/** Records in one run at most: Redis does nothing else while it runs. */
const MAX_RUN = 500
const POLL_MS = 200
const RETRY_MS = 200
/** How often topic id and Redis's eviction policy are looked at again. */
const LOOK_AGAIN_EVERY_MS = 5_000
/** How often it is looked whether Redis still holds what was loaded. */
const COMPARE_EVERY_MS = 1_000

/**
 * Brings committed consent.state into the consent cache, for the partitions it is given. Each run starts from the
 * watermark that is stored; where that is another than expected (a flush, a dump restored, a second loader), it goes
 * back to the stored one, and from the start of the log where there is none. Redis or broker away: waits and goes on.
 *
 * That Redis has lost something must show also where no record comes: the projector may wait for Redis to tell it what
 * holds for somebody, and what it would write next, ticks too, lies behind that in the ledger.
 */
export class Loader {
  readonly #options: LoaderOptions
  /** Partitions and the watermark stored for each; null: to be read before anything else. */
  readonly #watermarks = new Map<number, number | null>()
  readonly #close = new AbortController()
  readonly #running: Promise<void>
  #why = 'starting'

  constructor(options: LoaderOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  add(partition: number): void {
    this.#watermarks.set(partition, null)
  }

  remove(partition: number): void {
    this.#watermarks.delete(partition)
  }

  /** Why not every partition is loaded; empty while all are. */
  get why(): string {
    if (this.#why !== '') return this.#why
    return [...this.#watermarks.values()].includes(null) ? 'looking up where the consent cache stands' : ''
  }

  /** Watermark by partition, as last written or seen. */
  get watermarks(): ReadonlyMap<number, number | null> {
    return this.#watermarks
  }

  async close(): Promise<void> {
    this.#close.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#close
    while (!signal.aborted) {
      const fetcher = this.#options.kafka.fetcher({
        topic: this.#options.topic,
        isolation: 'read_committed',
        maxWaitMs: POLL_MS,
        maxPartitionBytes: 1 << 20,
        maxBytes: 4 << 20,
        readAheadBytes: 8 << 20,
      })
      try {
        await this.#load(fetcher)
      } catch (error) {
        this.#is(error instanceof Error ? error.message : 'unknown error')
      } finally {
        await fetcher.close()
      }
      for (const partition of this.#watermarks.keys()) this.#watermarks.set(partition, null)
      await pause(RETRY_MS, signal)
    }
  }

  /** Loads until closed; throws when it has to start over. */
  async #load(fetcher: Fetcher): Promise<void> {
    const { signal } = this.#close
    const { monotonicMs } = this.#options
    const reading = new Set<number>()
    const topicId = await this.#readTopicId()
    await this.#refuseEviction()
    let lookedMs = monotonicMs()
    let comparedMs = monotonicMs()
    while (!signal.aborted) {
      if (monotonicMs() - lookedMs > LOOK_AGAIN_EVERY_MS) {
        if ((await this.#readTopicId()) !== topicId) throw new Error('consent.state was made anew: loading it again')
        await this.#refuseEviction()
        lookedMs = monotonicMs()
      }
      if (monotonicMs() - comparedMs > COMPARE_EVERY_MS) {
        await this.#compare(topicId)
        comparedMs = monotonicMs()
      }
      await this.#place(fetcher, reading, topicId)
      this.#is('')
      const fetched = await fetcher.poll(POLL_MS)
      await Promise.all(fetched.map((one) => this.#take(one, topicId)))
    }
  }

  /** Begins reading of partitions that are new, or whose watermark was not the expected one; ends that of others. */
  async #place(fetcher: Fetcher, reading: Set<number>, topicId: string): Promise<void> {
    for (const partition of reading) {
      if (this.#watermarks.has(partition)) continue
      fetcher.unassign(partition)
      reading.delete(partition)
    }
    const unplaced = [...this.#watermarks].flatMap(([partition, watermark]) => (watermark === null ? [partition] : []))
    if (unplaced.length === 0) return
    for (const [partition, position] of await this.#findPositions(unplaced, topicId)) {
      if (!this.#watermarks.has(partition)) continue
      this.#watermarks.set(partition, position)
      fetcher.assign(partition, position)
      reading.add(partition)
    }
  }

  /** The stored watermarks where they are of this log, else the start of the log, with the hash begun anew there. */
  async #findPositions(partitions: readonly number[], topicId: string): Promise<Map<number, number>> {
    const { kafka, topic, cache, onEvent } = this.#options
    const seen = await Promise.all(partitions.map((partition) => cache.stored(partition)))
    const asked = partitions.map((partition) => ({ topic, partition }))
    const starts = await kafka.endOffsets(asked, 'earliest')
    const ends = await kafka.endOffsets(asked, 'high-watermark')
    const positions = new Map<number, number>()
    const begun: number[] = []
    await Promise.all(
      partitions.map(async (partition, i) => {
        const [start, stored] = [starts[i] ?? 0, seen[i] ?? { watermark: '', topicId: '' }]
        const watermark = /^\d{1,16}$/.test(stored.watermark) ? Number(stored.watermark) : -1
        if (stored.topicId === topicId && watermark >= start && watermark <= (ends[i] ?? 0)) {
          positions.set(partition, watermark)
        } else if (await cache.begin(partition, stored, start, topicId)) {
          positions.set(partition, start)
          begun.push(partition)
        }
      }),
    )
    if (begun.length > 0) {
      const message = `nothing to go on from in the consent cache: loading from the start of the log, partitions ${begun.join(' ')}`
      onEvent({ kind: 'cache-begun', message })
    }
    return positions
  }

  async #take(fetched: FetchedPartition, topicId: string): Promise<void> {
    const { cache, onLoaded } = this.#options
    const { partition } = fetched
    let from = this.#watermarks.get(partition)
    if (from === undefined || from === null) return
    const { rows, next } = rowsOf(fetched)
    for (let first = 0; from < next; first += MAX_RUN) {
      const run = rows.slice(first, first + MAX_RUN)
      // The last run takes the watermark past control, aborted and compacted records too.
      const to: number = first + MAX_RUN < rows.length ? (run.at(-1)?.offset ?? from) + 1 : next
      const applied = await cache.apply(partition, topicId, from, to, newestByKey(run))
      // Given up meanwhile, or given up and taken again.
      if (this.#watermarks.get(partition) !== from) return
      this.#watermarks.set(partition, applied ? to : null)
      if (!applied) return
      onLoaded(run.length)
      from = to
    }
  }

  /** Gives up the watermarks that are not what Redis has, so that these partitions are placed again. */
  async #compare(topicId: string): Promise<void> {
    const loaded = [...this.#watermarks].filter(([, watermark]) => watermark !== null)
    const stored = await Promise.all(loaded.map(([partition]) => this.#options.cache.stored(partition)))
    for (const [i, [partition, watermark]] of loaded.entries()) {
      const isSame = stored[i]?.watermark === String(watermark) && stored[i]?.topicId === topicId
      if (!isSame && this.#watermarks.get(partition) === watermark) this.#watermarks.set(partition, null)
    }
  }

  async #readTopicId(): Promise<string> {
    const { kafka, topic } = this.#options
    const [info] = await kafka.topics([topic])
    if (info === undefined) throw new Error(`topic ${topic} does not exist: run set-up (it creates topics)`)
    return info.topicId
  }

  /** A cache that may throw fields away would make subjects look unknown. */
  async #refuseEviction(): Promise<void> {
    const policy = await this.#options.cache.wouldEvict()
    if (policy === null) return
    throw new Error(
      `Redis has maxmemory-policy ${policy}, and may throw consent states away. Nothing is loaded until it is ` +
        'noeviction: redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf',
    )
  }

  #is(why: string): void {
    if (why === this.#why || this.#close.signal.aborted) return
    this.#why = why
    const message = why === '' ? 'the consent cache is being loaded' : why
    this.#options.onEvent({ kind: why === '' ? 'loader-running' : 'loader-waiting', message })
  }
}

/** State bytes by ref (latin1); ticks are not stored, they only move the watermark. */
function newestByKey(run: readonly Row[]): Map<string, Buffer> {
  const states = new Map<string, Buffer>()
  for (const { key, value } of run) {
    if (key === null || key.length !== 16 || isTickKey(key)) continue
    // Nothing ever deletes a state: a record without a value is stored as one that can't be read.
    states.set(key.toString('latin1'), value ?? EMPTY)
  }
  return states
}

const EMPTY = Buffer.alloc(0)
