/**
 * Avro's int and long: zigzag varints of seven bits a byte. Read as numbers where that is exact, which is nearly always;
 * beyond it as bigint. The bytes were checked and are canonical: [start, end) is one varint in its shortest form.
 */

/** @returns the value where its zigzag form is below 2^53, else NaN: then `readBigLong` tells it */
export function readLong(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length > 8 || (length === 8 && (bytes[end - 1] as number) > 0x0f)) return Number.NaN
  const middle = length > 4 ? start + 4 : end
  const low = sevens(bytes, start, middle)
  const high = sevens(bytes, middle, end)
  const half = high * 2 ** 27 + (low >>> 1)
  return (low & 1) === 0 ? half : -half - 1
}

/** At most four bytes: 28 bits. */
function sevens(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  for (let at = end; at > start; ) value = (value << 7) | ((bytes[--at] as number) & 0x7f)
  return value
}

export function readBigLong(bytes: Uint8Array, start: number, end: number): bigint {
  let zigzag = 0n
  for (let at = end; at > start; ) zigzag = (zigzag << 7n) | BigInt((bytes[--at] as number) & 0x7f)
  return (zigzag >> 1n) ^ -(zigzag & 1n)
}

/** @param value whole, from -2^53 to 2^53 @returns where the next byte goes */
export function writeLong(out: Uint8Array, at: number, value: number): number {
  // Half of the zigzag form, whose lowest bit is the sign: the whole would not be exact.
  const half = value < 0 ? -value - 1 : value
  const high = Math.floor(half / 2 ** 27)
  let rest = half - high * 2 ** 27
  let byte = ((rest & 0x3f) << 1) | (value < 0 ? 1 : 0)
  rest >>>= 6
  if (high > 0) {
    // 27 bits stand in the first four bytes, whatever they are.
    out[at] = byte | 0x80
    out[at + 1] = rest | 0x80
    out[at + 2] = (rest >>> 7) | 0x80
    out[at + 3] = (rest >>> 14) | 0x80
    at += 4
    byte = high & 0x7f
    rest = high >>> 7
  }
  for (; rest > 0; rest >>>= 7) {
    out[at++] = byte | 0x80
    byte = rest & 0x7f
  }
  out[at++] = byte
  return at
}

export function writeBigLong(out: Uint8Array, at: number, value: bigint): number {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  for (; rest > 0x7fn; rest >>= 7n) out[at++] = Number(rest & 0x7fn) | 0x80
  out[at++] = Number(rest)
  return at
}

/** A count of items or a length in bytes. Short enough that its zigzag form has 32 bits. */
export function writeCount(out: Uint8Array, at: number, count: number): number {
  let rest = (count << 1) >>> 0
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80
  out[at++] = rest
  return at
}

/** How many bytes `writeCount` takes. */
export function countBytes(count: number): number {
  let bytes = 1
  for (let rest = count >>> 6; rest > 0; rest >>>= 7) bytes++
  return bytes
}

/** Reads what `writeCount` wrote. */
export function readCount(bytes: Uint8Array, at: number): number {
  let zigzag = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number
    zigzag |= (byte & 0x7f) << shift
    if (byte < 0x80) return zigzag >>> 1
  }
}
