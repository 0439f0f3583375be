/**
 * Records of a chunk as columns: row i of each array is record i, and no object is made for it. Key and value of row i
 * are bytes [keyStart, keyEnd) and [valueStart, valueEnd) of `source[i]`; a start of -1 is null.
 */
export class Rows {
  readonly capacity: number
  count = 0
  readonly source: Buffer[]
  readonly partition: Int32Array
  readonly offset: Float64Array
  /** The broker's append time where the topic says LogAppendTime, otherwise the producer's time. */
  readonly timestampMs: Float64Array
  readonly keyStart: Int32Array
  readonly keyEnd: Int32Array
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array

  constructor(capacity: number) {
    this.capacity = capacity
    this.source = []
    this.partition = new Int32Array(capacity)
    this.offset = new Float64Array(capacity)
    this.timestampMs = new Float64Array(capacity)
    this.keyStart = new Int32Array(capacity)
    this.keyEnd = new Int32Array(capacity)
    this.valueStart = new Int32Array(capacity)
    this.valueEnd = new Int32Array(capacity)
  }

  /** Forgets all rows and lets go of the fetched buffers. */
  clear(): void {
    this.count = 0
    this.source.length = 0
  }
}
