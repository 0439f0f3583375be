import { CorruptBatch, type Fetcher, RecordWalk, Rows } from '@weir/kafka'
import type { Chunk } from './chunk.ts'

/**
 * Bounds of a chunk: by records and time, never by bytes, since sizes are withheld. So many records make the cost of a
 * transaction small beside theirs, and are rewritten well within the time that a proof of freshness lasts.
 */
const CHUNK_RECORDS = 8_000
const CHUNK_MS = 10

interface PendingWalk {
  readonly partition: number
  readonly walk: RecordWalk
}

interface Reading {
  /** Next offset that has not been handed out in a chunk. */
  position: number
  highWatermark: number
}

/**
 * Cuts what the fetcher brings into chunks. Positions move when a chunk is taken; a rewind gives its rows again. Two sets
 * of rows take turns: a chunk may still be published, and decided again, while the next one is read.
 */
export class ChunkReader {
  readonly #topic: string
  readonly #fetcher: Fetcher
  readonly #monotonicMs: () => number
  readonly #readings = new Map<number, Reading>()
  #walks: PendingWalk[] = []
  #rows = new Rows(CHUNK_RECORDS)
  /** Those of the chunk that was handed out last. */
  #lastRows = new Rows(CHUNK_RECORDS)

  constructor(topic: string, fetcher: Fetcher, monotonicMs: () => number) {
    this.#topic = topic
    this.#fetcher = fetcher
    this.#monotonicMs = monotonicMs
  }

  /** Records appended but not handed out, over all partitions read. */
  get lag(): number {
    let lag = 0
    for (const { position, highWatermark } of this.#readings.values()) lag += Math.max(0, highWatermark - position)
    return lag
  }

  /** The end of a partition, found beside reading: while a chunk is held nothing is read. */
  sawEnd(partition: number, highWatermark: number): void {
    const reading = this.#readings.get(partition)
    if (reading !== undefined) reading.highWatermark = Math.max(reading.highWatermark, highWatermark)
  }

  /** Starts or moves the reading of a partition. */
  assign(partition: number, position: number): void {
    this.#forget(partition)
    this.#readings.set(partition, { position, highWatermark: position })
    this.#fetcher.assign(partition, position)
  }

  unassign(partition: number): void {
    this.#forget(partition)
    this.#readings.delete(partition)
    this.#fetcher.unassign(partition)
  }

  /**
   * The next chunk, or null when nothing came within `waitMs`. Rejects with OffsetOutOfRange, and with CorruptBatch when
   * all that lies before it has been handed out. A chunk's rows are valid until the next chunk but one is asked for.
   */
  async next(waitMs: number): Promise<Chunk | null> {
    const rows = this.#rows
    rows.clear()
    const moved = new Map<number, number>()
    let until = this.#monotonicMs() + waitMs
    let gathering = false
    for (;;) {
      if (!this.#fill(rows, moved) || rows.count >= CHUNK_RECORDS) break
      if (rows.count > 0 && !gathering) {
        gathering = true
        until = this.#monotonicMs() + CHUNK_MS
      }
      const leftMs = until - this.#monotonicMs()
      if (leftMs <= 0) break
      this.#accept(await this.#fetcher.poll(leftMs))
    }
    // Offsets without rows are not committed by themselves: they go with the next chunk that has some.
    if (rows.count === 0) return null
    this.#rows = this.#lastRows
    this.#lastRows = rows
    const positions = [...moved].map(([partition, offset]) => ({ topic: this.#topic, partition, offset }))
    return { rows, positions }
  }

  #accept(fetched: Awaited<ReturnType<Fetcher['poll']>>): void {
    for (const part of fetched) {
      const reading = this.#readings.get(part.partition)
      if (reading === undefined) continue
      reading.highWatermark = part.highWatermark
      if (part.records.length > 0) this.#walks.push({ partition: part.partition, walk: new RecordWalk(part) })
    }
  }

  /** False when nothing more can be added, because what comes next is damaged: the call after this one will say so. */
  #fill(rows: Rows, moved: Map<number, number>): boolean {
    while (this.#walks.length > 0 && rows.count < CHUNK_RECORDS) {
      const { partition, walk } = this.#walks[0] as PendingWalk
      const before = rows.count
      try {
        walk.fill(rows, CHUNK_RECORDS - rows.count)
      } catch (error) {
        if (rows.count === 0 || !(error instanceof CorruptBatch)) throw error
        return false
      }
      const reading = this.#readings.get(partition) as Reading
      reading.position = walk.position
      if (rows.count > before || moved.has(partition)) moved.set(partition, walk.position)
      if (walk.done) this.#walks.shift()
    }
    return true
  }

  #forget(partition: number): void {
    this.#walks = this.#walks.filter((one) => one.partition !== partition)
  }
}
