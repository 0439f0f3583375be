import { type Path, pathText } from '@weir/contracts'
import type { Pseudonymizer } from '../port.ts'
import { countBytes, readBigLong, readLong, writeCount } from './longs.ts'

/** What the compiled routines call. They are checked nowhere: the routine has made sure of room and of the bytes. */

export function writeBytes(bytes: Uint8Array, out: Buffer, at: number): number {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i] as number
  return at + bytes.length
}

export function isText(text: Uint8Array, from: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (from[start + i] !== text[i]) return false
  return true
}

/** Writes the decimal text of an int or long. */
export function writeDecimal(from: Uint8Array, start: number, end: number, out: Buffer): number {
  const value = readLong(from, start, end)
  if (Number.isNaN(value)) return out.write(String(readBigLong(from, start, end)), 0, 'latin1')
  return out.write(String(value), 0, 'latin1')
}

/** @throws TypeError a branch that pseudonymizes is used without a grant: a bug of the caller */
export function pseudonymizerFor(pseudonymizer: Pseudonymizer | null, path: Path): Pseudonymizer {
  if (pseudonymizer !== null) return pseudonymizer
  throw new TypeError(`${pathText(path)} needs a grant's key, and there is none`)
}

/**
 * Ends an array from which elements were left out: its count, at `head`, was written as if there were `count`.
 * @returns where the next byte goes
 */
export function closeArray(out: Buffer, head: number, at: number, count: number, kept: number): number {
  const first = head + countBytes(count)
  const body = writeCount(out, head, kept)
  if (kept === 0) return body
  if (body < first) out.copyWithin(body, first, at)
  const end = at - (first - body)
  out[end] = 0
  return end + 1
}
