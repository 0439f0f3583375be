/**
 * Finds any of very many byte strings in large buffers: every window of eight bytes is looked up in a table that has one
 * window of each string, and what matches is compared whole. Time grows with the haystack, hardly with the number of
 * strings.
 */
export class ByteSearch {
  readonly #bytes: Buffer
  /** Start of each needle in #bytes, and one past the last. */
  readonly #starts: Int32Array
  /** Where in the needle its window lies: at its rarest one, since many begin alike (`https://…`). */
  readonly #offsets: Int32Array
  /** Open addressing: needle index + 1 by hash of its window; needles with one window follow by #next. */
  readonly #table: Int32Array
  readonly #next: Int32Array
  readonly #mask: number
  /** One bit a hash value, so that most windows are dismissed without touching the table. */
  readonly #bloom: Uint8Array

  /** @param needles at least WINDOW bytes each */
  constructor(needles: readonly Uint8Array[]) {
    this.#bytes = Buffer.allocUnsafe(needles.reduce((sum, needle) => sum + needle.length, 0))
    this.#starts = startsOf(needles, this.#bytes)
    this.#offsets = rarestWindows(this.#bytes, this.#starts)
    let size = 16
    while (size < needles.length * 2) size *= 2
    this.#mask = size - 1
    this.#table = new Int32Array(size)
    this.#next = new Int32Array(needles.length).fill(-1)
    this.#bloom = new Uint8Array(1 << BLOOM_BITS)
    for (let index = 0; index < needles.length; index++) this.#insert(index)
  }

  /** Calls `onHit` for each place where a needle stands. */
  search(haystack: Uint8Array, onHit: (needle: number, at: number) => void): void {
    const end = haystack.length - WINDOW
    if (end < 0) return
    let low = 0
    let high = 0
    for (let i = 0; i < WINDOW - 1; i++) {
      low = (low >>> 8) | (high << 24)
      high = (high >>> 8) | ((haystack[i] as number) << 24)
    }
    for (let at = 0; at <= end; at++) {
      low = (low >>> 8) | (high << 24)
      high = (high >>> 8) | ((haystack[at + WINDOW - 1] as number) << 24)
      const hash = mix(low, high)
      if (((this.#bloom[hash >>> (32 - BLOOM_BITS)] as number) & (1 << (hash & 7))) === 0) continue
      this.#verify(haystack, at, hash, onHit)
    }
  }

  #verify(haystack: Uint8Array, at: number, hash: number, onHit: (needle: number, at: number) => void): void {
    for (let slot = hash & this.#mask; this.#table[slot] !== 0; slot = (slot + 1) & this.#mask) {
      const first = (this.#table[slot] as number) - 1
      if (!this.#equal(haystack, at, this.#windowOf(first), WINDOW)) continue
      for (let needle = first; needle >= 0; needle = this.#next[needle] as number) {
        const start = this.#starts[needle] as number
        const begin = at - (this.#offsets[needle] as number)
        if (this.#equal(haystack, begin, start, (this.#starts[needle + 1] as number) - start)) onHit(needle, begin)
      }
      return
    }
  }

  #windowOf(needle: number): number {
    return (this.#starts[needle] as number) + (this.#offsets[needle] as number)
  }

  #equal(haystack: Uint8Array, at: number, start: number, length: number): boolean {
    if (at < 0 || at + length > haystack.length) return false
    for (let i = 0; i < length; i++) if (haystack[at + i] !== this.#bytes[start + i]) return false
    return true
  }

  #insert(index: number): void {
    const window = this.#windowOf(index)
    const hash = hashAt(this.#bytes, window)
    const cell = hash >>> (32 - BLOOM_BITS)
    this.#bloom[cell] = (this.#bloom[cell] as number) | (1 << (hash & 7))
    let slot = hash & this.#mask
    while (this.#table[slot] !== 0) {
      const other = (this.#table[slot] as number) - 1
      if (this.#equal(this.#bytes, window, this.#windowOf(other), WINDOW)) {
        this.#next[index] = this.#next[other] as number
        this.#next[other] = index
        return
      }
      slot = (slot + 1) & this.#mask
    }
    this.#table[slot] = index + 1
  }
}

/** Bytes of a window; shorter needles would be found by chance. */
export const WINDOW = 8

const BLOOM_BITS = 22

/** So many windows of a needle are looked at for the rarest. */
const MOST_CANDIDATES = 12

function startsOf(needles: readonly Uint8Array[], bytes: Buffer): Int32Array {
  const starts = new Int32Array(needles.length + 1)
  let at = 0
  for (const [index, needle] of needles.entries()) {
    if (needle.length < WINDOW) throw new RangeError(`a needle has at least ${WINDOW} bytes, this one ${needle.length}`)
    bytes.set(needle, at)
    at += needle.length
    starts[index + 1] = at
  }
  return starts
}

/** By needle, the offset of the window that the fewest other needles have too, as far as a count of hashes tells. */
function rarestWindows(bytes: Buffer, starts: Int32Array): Int32Array {
  const counts = new Uint32Array(1 << BLOOM_BITS)
  const cellOf = (window: number) => hashAt(bytes, window) >>> (32 - BLOOM_BITS)
  for (let index = 0; index + 1 < starts.length; index++) {
    for (const window of candidates(starts, index)) {
      const cell = cellOf(window)
      counts[cell] = (counts[cell] as number) + 1
    }
  }
  const offsets = new Int32Array(starts.length - 1)
  for (let index = 0; index < offsets.length; index++) {
    let fewest = Number.POSITIVE_INFINITY
    for (const window of candidates(starts, index)) {
      const count = counts[cellOf(window)] as number
      if (count >= fewest) continue
      fewest = count
      offsets[index] = window - (starts[index] as number)
    }
  }
  return offsets
}

/** Places of windows, spread over a needle, its first and last among them. */
function candidates(starts: Int32Array, index: number): number[] {
  const start = starts[index] as number
  const span = (starts[index + 1] as number) - WINDOW - start
  const count = Math.min(span + 1, MOST_CANDIDATES)
  return Array.from({ length: count }, (_, i) => start + (count === 1 ? 0 : Math.floor((i * span) / (count - 1))))
}

function hashAt(bytes: Buffer, at: number): number {
  return mix(bytes.readInt32LE(at), bytes.readInt32LE(at + 4))
}

/** 64 bits to 32, every bit of the input reaching the upper ones (constants of MurmurHash3's finalizer). */
function mix(low: number, high: number): number {
  let hash = Math.imul(low, 0x85ebca6b) ^ Math.imul(high ^ (high >>> 15), 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1)
  return (hash ^ (hash >>> 13)) >>> 0
}
