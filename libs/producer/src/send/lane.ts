import type { Entry } from './entry.ts'

/** One partition's entries, in the order in which they are written. One batch is out at a time, so the order holds. */
export class Lane {
  readonly partition: number
  /** A batch of it is out. */
  sending = false
  /** What it holds has waited long enough, full batch or not. */
  due = false
  #entries: Entry[] = []
  #bytes = 0

  constructor(partition: number) {
    this.partition = partition
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  get bytes(): number {
    return this.#bytes
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
    this.#bytes += entry.bytes
  }

  /** Takes out the next batch: as many entries as fit, at least one. */
  takeBatch(maxBytes: number): Entry[] {
    let bytes = 0
    let count = 0
    for (const entry of this.#entries) {
      if (count > 0 && bytes + entry.bytes > maxBytes) break
      bytes += entry.bytes
      count++
    }
    this.#bytes -= bytes
    return this.#entries.splice(0, count)
  }

  /** Takes out all entries for which `isIt` holds. */
  takeWhere(isIt: (entry: Entry) => boolean): Entry[] {
    const taken = this.#entries.filter(isIt)
    if (taken.length === 0) return taken
    this.#entries = this.#entries.filter((entry) => !isIt(entry))
    this.#bytes = this.#entries.reduce((sum, entry) => sum + entry.bytes, 0)
    return taken
  }
}
