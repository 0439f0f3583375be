import type { Sink } from '../../port.ts'
import { hostOf, LONGEST_HOST } from '../../verbs/url-host.ts'
import { writeCount } from '../longs.ts'
import { NULL, PRESENT } from './leaf-writer.ts'
import { textStart, writeAscii } from './text.ts'

/** Index and length before a text. */
const INDEX_AND_LENGTH = 6

/**
 * Writes the host of a URL (`hostOf`). It is the one verb whose text may be longer than the value by any factor: names in
 * other scripts become Punycode. So it asks for its own room, and for the `spare` bytes that the routine counted on.
 * @returns where the next byte goes in `sink.bytes`
 */
export function writeHost(from: Buffer, start: number, end: number, sink: Sink, at: number, spare: number): number {
  const url = textStart(from, start)
  const plain = plainHostStart(from, url, end)
  const plainEnd = plain < 0 ? -1 : plainHostEnd(from, plain, end)
  if (plainEnd >= 0) return writePlain(from, plain, plainEnd, sink.bytes, at)
  const host = hostOf(from.toString('utf8', url, end))
  if (host === null) {
    sink.bytes[at] = NULL
    return at + 1
  }
  sink.at = at
  sink.room(INDEX_AND_LENGTH + host.length + spare)
  return writeAscii(host, sink.bytes, at)
}

/** The URL had a scheme before it, which is longer than what stands before it here. */
function writePlain(from: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  out[at] = PRESENT
  at = writeCount(out, at + 1, end - start)
  for (let i = start; i < end; i++) out[at++] = from[i] as number
  return at
}

const SCHEMES = [Buffer.from('https://'), Buffer.from('http://')]

/** Behind `https://` or `http://`; -1 for any other text. */
function plainHostStart(from: Uint8Array, start: number, end: number): number {
  for (const scheme of SCHEMES) {
    let i = 0
    while (i < scheme.length && from[start + i] === scheme[i]) i++
    if (i === scheme.length && start + i <= end) return start + i
  }
  return -1
}

const DOT = 0x2e
const HYPHEN = 0x2d
const SLASH = 0x2f
const QUERY = 0x3f
const FRAGMENT = 0x23
const SMALL_X = 0x78

/**
 * The end of a host that a browser leaves as it is, as nearly all are: small letters, digits and hyphens between single
 * dots, up to a slash, `?`, `#` or the end. -1 for any that must be looked at more closely: with a user or port, a name
 * that may be Punycode (`x…`), one that is too long, or a last part that may be a number: such a host is an address.
 */
function plainHostEnd(from: Uint8Array, start: number, end: number): number {
  let at = start
  let partStart = start
  for (; at < end; at++) {
    const byte = from[at] as number
    if (byte === SLASH || byte === QUERY || byte === FRAGMENT) break
    if (byte === DOT) {
      if (at === partStart) return -1
      partStart = at + 1
    } else if (byte === SMALL_X && at === partStart) {
      return -1
    } else if (!isSmallLetter(byte) && byte !== HYPHEN && !(byte >= 0x30 && byte <= 0x39)) {
      return -1
    }
  }
  const isLong = at - start > LONGEST_HOST
  return !isLong && at > partStart && isSmallLetter(from[partStart] as number) ? at : -1
}

function isSmallLetter(byte: number): boolean {
  return byte >= 0x61 && byte <= 0x7a
}
