/**
 * A set of byte strings that is asked for ranges of a buffer, so that a value need not become text to be looked up.
 * Open addressing over all values in one buffer.
 */
export class ByteSet {
  readonly #bytes: Buffer
  /** By value: where it begins, and one more for where the last ends. */
  readonly #starts: Int32Array
  /** Numbers of values, -1 where free; a power of two, at most half full. */
  readonly #table: Int32Array

  constructor(values: readonly Uint8Array[]) {
    this.#bytes = Buffer.concat(values)
    this.#starts = new Int32Array(values.length + 1)
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * values.length + 1))).fill(-1)
    let at = 0
    for (const [value, { length }] of values.entries()) {
      this.#starts[value] = at
      this.#starts[value + 1] = at + length
      this.#table[this.#slotOf(this.#bytes, at, at + length)] = value
      at += length
    }
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    return (this.#table[this.#slotOf(bytes, start, end)] as number) >= 0
  }

  /** Where the value is, or the free slot where it would be. */
  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1
    for (let slot = hash(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const value = this.#table[slot] as number
      if (value < 0 || this.#isValue(value, bytes, start, end)) return slot
    }
  }

  #isValue(value: number, bytes: Uint8Array, start: number, end: number): boolean {
    let at = this.#starts[value] as number
    if ((this.#starts[value + 1] as number) - at !== end - start) return false
    for (let other = start; other < end; ) if (this.#bytes[at++] !== bytes[other++]) return false
    return true
  }
}

/** FNV-1a. Lists come from the contract: nobody else can make values meet. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] as number), 0x01000193)
  return value ^ (value >>> 15)
}
