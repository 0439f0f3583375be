import { floorTo } from '../schema/timestamps.ts'

/**
 * The time in the long at `at`, which has been checked, in whole milliseconds, rounded down before 1970 too. Exact: what
 * a double can't hold is reckoned as a bigint, and rounded once at the end.
 */
export function millisAt(bytes: Uint8Array, at: number, unitsPerMs: number): number {
  let raw = 0
  let scale = 1
  for (let i = at; ; i++) {
    const byte = bytes[i] as number
    raw += (byte & 127) * scale
    if (byte < 128) break
    scale *= 128
  }
  if (raw > Number.MAX_SAFE_INTEGER) return bigMillis(bytes, at, BigInt(unitsPerMs))
  const value = raw % 2 === 0 ? raw / 2 : -(raw + 1) / 2
  if (unitsPerMs === 1) return value
  const rest = value % unitsPerMs
  // The rest is taken away first: dividing a large number would round it up.
  return (value - (rest < 0 ? rest + unitsPerMs : rest)) / unitsPerMs
}

function bigMillis(bytes: Uint8Array, at: number, unitsPerMs: bigint): number {
  let raw = 0n
  for (let i = at, shift = 0n; ; i++, shift += 7n) {
    const byte = bytes[i] as number
    raw |= BigInt(byte & 127) << shift
    if (byte < 128) break
  }
  const value = (raw >> 1n) ^ -(raw & 1n)
  return Number(floorTo(value, unitsPerMs) / unitsPerMs)
}
