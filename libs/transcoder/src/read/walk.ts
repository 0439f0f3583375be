import { isUtf8 } from './utf8.ts'

/**
 * What generated routines share while they walk over one record, and the steps that are too long to be written out at
 * each place. A step takes the bytes, where it begins and where the record ends; it gives the offset after what it
 * passed, or -1 when the bytes hold no such thing.
 */
export class Walk {
  /** Items still believed: each takes at least one byte, except those of types without bytes, which get no more. */
  items = 0
  /** Every varint so far in its shortest form, every array and map in at most one block, without a size. */
  canonical = true
  /** After `passBytes`: where the bytes begin, behind their length. */
  contentStart = 0
  /** Beside a number that a step gives: the offset after it. */
  next = 0
  /** Beside a block's count: where the block must end; -1 when it did not say. */
  blockEnd = -1

  begin(items: number): void {
    this.items = items
    this.canonical = true
  }

  /** A long after its first byte, which said that more follow: ten bytes of 64 bits at most. */
  restOfLong(bytes: Buffer, at: number, end: number): number {
    return this.#rest(bytes, at, end, at + 8, 1)
  }

  /** An int after its first byte, which said that more follow: five bytes of 32 bits at most. */
  restOfInt(bytes: Buffer, at: number, end: number): number {
    return this.#rest(bytes, at, end, at + 3, 15)
  }

  /** @param last where its last byte may be at most @param highest what that byte may be then */
  #rest(bytes: Buffer, at: number, end: number, last: number, highest: number): number {
    for (let i = at; i < end && i <= last; i++) {
      const byte = bytes[i] as number
      if (byte > 127) continue
      if (i === last && byte > highest) return -1
      if (byte === 0) this.canonical = false
      return i + 1
    }
    return -1
  }

  /** Bytes with their length before them. */
  passBytes(bytes: Buffer, at: number, end: number): number {
    if (at >= end) return -1
    let length = bytes[at] as number
    let from = at + 1
    if (length < 128) {
      if ((length & 1) === 1) return -1
      length >>= 1
    } else {
      length = this.longLength(bytes, at, end)
      if (length < 0) return -1
      from = this.next
    }
    this.contentStart = from
    return length > end - from ? -1 : from + length
  }

  /** Text with its length before it. */
  passText(bytes: Buffer, view: DataView, at: number, end: number): number {
    if (at >= end) return -1
    let length = bytes[at] as number
    let from = at + 1
    if (length < 128) {
      if ((length & 1) === 1) return -1
      length >>= 1
    } else {
      length = this.longLength(bytes, at, end)
      if (length < 0) return -1
      from = this.next
    }
    if (length > end - from) return -1
    const to = from + length
    return isUtf8(bytes, view, from, to) ? to : -1
  }

  /** A length of several bytes, the first of them at `at`; `next` lies after it. -1 also for a negative one. */
  longLength(bytes: Buffer, at: number, end: number): number {
    const second = at + 1 < end ? (bytes[at + 1] as number) : 0
    if (second === 0 || second > 127) return this.#veryLongLength(bytes, at, end)
    this.next = at + 2
    const raw = ((bytes[at] as number) & 127) | (second << 7)
    return (raw & 1) === 1 ? -1 : raw >> 1
  }

  /** An index of several bytes, as it is written, that is twice the number; -1 when it is none. */
  longIndex(bytes: Buffer, at: number, end: number): number {
    const index = this.#veryLongLength(bytes, at, end)
    return index < 0 ? -1 : index * 2
  }

  /** The count of a block that is not a short positive one; `next` and `blockEnd` go with it. 0 ends the blocks. */
  blockCount(bytes: Buffer, at: number, end: number): number {
    const value = this.#varint(bytes, at, end)
    this.blockEnd = -1
    if (!(value < 0)) return value <= MAX_INT ? value : -1
    this.canonical = false
    const size = this.#varint(bytes, this.next, end)
    if (!(size >= 0 && size <= end - this.next)) return -1
    this.blockEnd = this.next + size
    return value >= -MAX_INT ? -value : -1
  }

  #veryLongLength(bytes: Buffer, at: number, end: number): number {
    const value = this.#varint(bytes, at, end)
    return value >= 0 && value <= MAX_INT ? value : -1
  }

  /**
   * A zigzag varint of at most 64 bits as a number: exact up to 2^53, and beyond it far outside of any length or
   * count. NaN when there is none.
   */
  #varint(bytes: Buffer, at: number, end: number): number {
    let value = 0
    let scale = 1
    const limit = Math.min(end, at + 10)
    for (let i = at; i < limit; i++) {
      const byte = bytes[i] as number
      value += (byte & 127) * scale
      scale *= 128
      if (byte > 127) continue
      if (i === at + 9 && byte > 1) return Number.NaN
      if (byte === 0 && i > at) this.canonical = false
      this.next = i + 1
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    return Number.NaN
  }
}

/** Offsets of bytes are 32-bit integers; no length, count or index of a record that fits memory is greater. */
const MAX_INT = 2 ** 31 - 1
