/** The high bits of four bytes: none is set in ASCII. */
const HIGH_BITS = 0x80808080 | 0

/**
 * Whether bytes [from, to) are well-formed UTF-8 (Unicode, table 3-7): no overlong forms, no surrogates, nothing above
 * U+10FFFF. Text is mostly ASCII, which is seen sixteen bytes at a time; the last words overlap those before them, which
 * costs less than to count out a rest. No decoder is asked: it would make a string of what nobody reads.
 * @param view over the same memory as `bytes`
 */
export function isUtf8(bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
  const length = to - from
  let seen = 0
  if (length >= 16) {
    const last = to - 16
    for (let at = from; at < last; at += 16) seen |= sixteen(view, at)
    seen |= sixteen(view, last)
  } else if (length >= 4) {
    seen = view.getInt32(from, true) | view.getInt32(to - 4, true)
    if (length > 8) seen |= view.getInt32(from + 4, true) | view.getInt32(to - 8, true)
  } else return isUtf8Bytewise(bytes, from, to)
  return (seen & HIGH_BITS) === 0 || isUtf8Bytewise(bytes, from, to)
}

function sixteen(view: DataView, at: number): number {
  return (
    view.getInt32(at, true) | view.getInt32(at + 4, true) | view.getInt32(at + 8, true) | view.getInt32(at + 12, true)
  )
}

/** The same without a view. */
export function isUtf8Bytewise(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; ) {
    const first = bytes[at++] as number
    if (first < 0x80) continue
    // What may follow the first byte, and how many bytes more.
    let low = 0x80
    let high = 0xbf
    let more = 1
    if (first < 0xc2) return false
    if (first >= 0xe0) {
      more = 2
      if (first === 0xe0) low = 0xa0
      else if (first === 0xed) high = 0x9f
    }
    if (first >= 0xf0) {
      more = 3
      if (first === 0xf0) low = 0x90
      else if (first === 0xf4) high = 0x8f
      else if (first > 0xf4) return false
    }
    if (more > to - at) return false
    const second = bytes[at++] as number
    if (second < low || second > high) return false
    for (; more > 1; more--) if (((bytes[at++] as number) & 0xc0) !== 0x80) return false
  }
  return true
}
