/**
 * Zig-zag varints as record batches use them (Kafka's message format; the same as protobuf's sint32 and sint64).
 * Values are numbers: exact up to 2^53 in size, which times, offsets and lengths never reach.
 */

/** Bytes that `value` takes as a zig-zag varint. */
export function varintSize(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  let size = 1
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80)
    size++
  }
  return size
}

/** Writes `value` at `at` and returns the position after it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) {
    let small = (value << 1) ^ (value >> 31)
    while (small > 0x7f) {
      target[at++] = (small & 0x7f) | 0x80
      small >>>= 7
    }
    target[at++] = small
    return at
  }
  let rest = value >= 0 ? value * 2 : -value * 2 - 1
  while (rest > 0x7f) {
    const high = Math.floor(rest / 0x80)
    target[at++] = (rest - high * 0x80) | 0x80
    rest = high
  }
  target[at++] = rest
  return at
}

/** Where a varint was read from and to; one object is used again and again so that reading allocates nothing. */
export interface Cursor {
  at: number
}

/** Reads a varint at the cursor and moves it. Past the end of `source` or ten bytes it gives NaN. */
export function readVarint(source: Uint8Array, cursor: Cursor): number {
  let byte = source[cursor.at++]
  if (byte === undefined) return Number.NaN
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
  let value = byte & 0x7f
  let scale = 0x80
  for (let i = 1; i < 10; i++) {
    byte = source[cursor.at++]
    if (byte === undefined) return Number.NaN
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    scale *= 0x80
  }
  return Number.NaN
}
