import { CorruptBatch, type Fetcher, RecordWalk, Rows } from '@weir/kafka'
import type { OffsetRange } from '@weir/quarantine'
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

/** What is read of a topic, and in which portions, when it is not all of it as fast as it goes. */
export interface ReadingBounds {
  /** By partition the offset that is not read any more; a partition that is not in it is not read. */
  readonly ends?: ReadonlyMap<number, number>
  /** Most records of a chunk, 8,000 at most. */
  readonly chunkRecords?: number
}

interface Reading {
  /** Next offset that has not been handed out in a chunk. */
  position: number
  /** Where the last chunk that moved it ended: offsets without rows since then go with the next one. */
  chunkedTo: number
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
  readonly #ends: ReadonlyMap<number, number> | null
  readonly #chunkRecords: number
  readonly #readings = new Map<number, Reading>()
  #walks: PendingWalk[] = []
  #rows: Rows
  /** Those of the chunk that was handed out last. */
  #lastRows: Rows

  constructor(topic: string, fetcher: Fetcher, monotonicMs: () => number, bounds: ReadingBounds = {}) {
    this.#topic = topic
    this.#fetcher = fetcher
    this.#monotonicMs = monotonicMs
    this.#ends = bounds.ends ?? null
    this.#chunkRecords = Math.min(CHUNK_RECORDS, bounds.chunkRecords ?? CHUNK_RECORDS)
    this.#rows = new Rows(this.#chunkRecords)
    this.#lastRows = new Rows(this.#chunkRecords)
  }

  /** Records appended but not handed out, over all partitions read. */
  get lag(): number {
    let lag = 0
    for (const [partition, { position, highWatermark }] of this.#readings) {
      lag += Math.max(0, Math.min(highWatermark, this.#endOf(partition)) - position)
    }
    return lag
  }

  /** The end of a partition, found beside reading: while a chunk is held nothing is read. */
  sawEnd(partition: number, highWatermark: number): void {
    const reading = this.#readings.get(partition)
    if (reading !== undefined) reading.highWatermark = Math.max(reading.highWatermark, highWatermark)
  }

  /** Starts or moves the reading of a partition; one that is read to its end is not read any more. */
  assign(partition: number, position: number): void {
    if (position >= this.#endOf(partition)) return this.unassign(partition)
    this.#forget(partition)
    this.#readings.set(partition, { position, chunkedTo: position, highWatermark: position })
    this.#fetcher.assign(partition, position)
  }

  unassign(partition: number): void {
    this.#forget(partition)
    this.#readings.delete(partition)
    this.#fetcher.unassign(partition)
  }

  /**
   * The next chunk, or null when nothing came within `waitMs`. One without rows brings a partition to its end. Rejects with
   * OffsetOutOfRange, and with CorruptBatch when all that lies before it has been handed out. A chunk's rows are valid
   * until the next chunk but one is asked for.
   */
  async next(waitMs: number): Promise<Chunk | null> {
    const rows = this.#rows
    rows.clear()
    const moved = new Map<number, number>()
    let until = this.#monotonicMs() + waitMs
    let gathering = false
    for (;;) {
      if (!this.#fill(rows, moved) || rows.count >= this.#chunkRecords) break
      if (moved.size > 0 && !gathering) {
        gathering = true
        until = this.#monotonicMs() + CHUNK_MS
      }
      const leftMs = until - this.#monotonicMs()
      if (leftMs <= 0) break
      this.#accept(await this.#fetcher.poll(leftMs))
    }
    // Offsets without rows are not committed by themselves: they go with the next chunk that has some, or with the end.
    if (moved.size === 0) return null
    this.#rows = this.#lastRows
    this.#lastRows = rows
    const positions = [...moved].map(([partition, offset]) => ({ topic: this.#topic, partition, offset }))
    return { rows, positions, ranges: this.#rangesTo(moved) }
  }

  #accept(fetched: Awaited<ReturnType<Fetcher['poll']>>): void {
    for (const part of fetched) {
      const reading = this.#readings.get(part.partition)
      if (reading === undefined) continue
      reading.highWatermark = part.highWatermark
      if (part.records.length > 0 && reading.position < this.#endOf(part.partition))
        this.#walks.push({ partition: part.partition, walk: new RecordWalk(part) })
    }
  }

  /** False when nothing more can be added, because what comes next is damaged: the call after this one will say so. */
  #fill(rows: Rows, moved: Map<number, number>): boolean {
    while (this.#walks.length > 0 && rows.count < this.#chunkRecords) {
      const { partition, walk } = this.#walks[0] as PendingWalk
      const before = rows.count
      try {
        walk.fill(rows, this.#chunkRecords - rows.count)
      } catch (error) {
        if (moved.size === 0 || !(error instanceof CorruptBatch)) throw error
        return false
      }
      const end = this.#endOf(partition)
      while (rows.count > before && (rows.offset[rows.count - 1] as number) >= end) rows.count--
      const reading = this.#readings.get(partition) as Reading
      reading.position = Math.min(walk.position, end)
      const isAtEnd = reading.position === end
      if (rows.count > before || isAtEnd || moved.has(partition)) moved.set(partition, reading.position)
      if (isAtEnd) {
        this.#forget(partition)
        this.#fetcher.unassign(partition)
      } else if (walk.done) this.#walks.shift()
    }
    return true
  }

  #rangesTo(moved: ReadonlyMap<number, number>): OffsetRange[] {
    const ranges = [...moved].map(([partition, to]) => {
      const reading = this.#readings.get(partition) as Reading
      const from = reading.chunkedTo
      reading.chunkedTo = to
      return { partition, from, to }
    })
    return ranges.sort((a, b) => a.partition - b.partition)
  }

  #endOf(partition: number): number {
    return this.#ends === null ? Number.POSITIVE_INFINITY : (this.#ends.get(partition) ?? 0)
  }

  #forget(partition: number): void {
    this.#walks = this.#walks.filter((one) => one.partition !== partition)
  }
}
