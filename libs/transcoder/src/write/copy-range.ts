/** From here on a call of `set` is faster than words. */
const LONG_RANGE = 128

/**
 * Copies bytes [start, end) of `from` to `to` at `at`, and touches nothing else. Most ranges of a record are short, where
 * words of four bytes are several times faster than a call into the runtime.
 * @returns where the next byte goes
 */
export function copyRange(
  from: Buffer,
  fromView: DataView,
  start: number,
  end: number,
  to: Buffer,
  toView: DataView,
  at: number,
): number {
  const length = end - start
  if (length < 4) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number
  } else if (length < LONG_RANGE) {
    // The last word overlaps the one before it instead of reaching past the end.
    const last = length - 4
    for (let i = 0; i < last; i += 4) toView.setInt32(at + i, fromView.getInt32(start + i, true), true)
    toView.setInt32(at + last, fromView.getInt32(end - 4, true), true)
  } else {
    to.set(from.subarray(start, end), at)
  }
  return at + length
}
