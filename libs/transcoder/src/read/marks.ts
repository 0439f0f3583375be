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
  #used = 0

  /** How many records are marked. */
  get count(): number {
    return this.sources.length
  }

  /** Forgets all records and lets go of their bytes. */
  clear(): void {
    this.sources.length = 0
    this.views.length = 0
    this.bases.length = 0
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

  /** Adds the record whose positions have been written where `reserve` said. Returns its index. */
  add(source: Buffer, count: number): number {
    const last = this.sources.length - 1
    const view = this.sources[last] === source ? (this.views[last] as DataView) : viewOf(source)
    this.sources.push(source)
    this.views.push(view)
    this.bases.push(this.#used)
    this.#used += count
    return last + 1
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
