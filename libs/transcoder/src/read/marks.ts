const FIRST_POSITIONS = 4_096

/**
 * Where the values of records lie: for each record its bytes and a run of positions in them, all records' runs in one
 * array that is used again for the next chunk. What position means what is the business of the transcoder that wrote
 * it; a record is only ever read by branches of that one.
 */
export class Marks {
  /** Positions of all records; grown by `reserve`. */
  positions = new Int32Array(FIRST_POSITIONS)
  /** By record: the bytes that its positions point into (the fetched ones, or a copy in canonical form). */
  readonly sources: Buffer[] = []
  /** By record: the same bytes for reading words. Records of one buffer share one view. */
  readonly views: DataView[] = []
  /** By record: index of its first position. */
  readonly bases: number[] = []
  /** How many records are marked. What stands behind them in the columns means nothing. */
  count = 0
  #used = 0

  /** Forgets all records and lets go of their bytes. The columns keep their length: the next chunk needs it again. */
  clear(): void {
    this.sources.fill(NO_BYTES)
    this.views.fill(NO_VIEW)
    this.count = 0
    this.#used = 0
  }

  /** Makes room for a record's positions and tells where its first one goes; nothing is added before `add`. */
  reserve(count: number): number {
    const needed = this.#used + count
    if (needed > this.positions.length) {
      const grown = new Int32Array(Math.max(needed, this.positions.length * 2))
      grown.set(this.positions.subarray(0, this.#used))
      this.positions = grown
    }
    return this.#used
  }

  /** A view of these bytes: the one of the record before, when it lies in the same. */
  viewOf(source: Buffer): DataView {
    const last = this.count - 1
    if (last >= 0 && this.sources[last] === source) return this.views[last] as DataView
    return new DataView(source.buffer, source.byteOffset, source.length)
  }

  /** Adds the record whose positions have been written where `reserve` said. Returns its index. */
  add(source: Buffer, view: DataView, count: number): number {
    const record = this.count++
    this.sources[record] = source
    this.views[record] = view
    this.bases[record] = this.#used
    this.#used += count
    return record
  }
}

const NO_BYTES = Buffer.alloc(0)
const NO_VIEW = new DataView(new ArrayBuffer(0))
