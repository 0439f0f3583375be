import { networkOf } from '../../verbs/ip-prefix.ts'
import { type LeafWriter, PRESENT, type WriteLeaf } from './leaf-writer.ts'
import { shortText, textStart } from './text.ts'

const NO_ADDRESS = -1
const DOT = 0x2e
const ZERO = 0x30

/** The network of an IP address (`networkOf`). IPv4, which most events have, does not become text on the way. */
export function network(v4: number, v6: number): LeafWriter {
  const other = shortText((text) => networkOf(text, v4, v6))
  const mask = v4 === 0 ? 0 : (-1 << (32 - v4)) >>> 0
  const write: WriteLeaf = (from, start, end, out, at) => {
    const address = readIpv4(from, textStart(from, start), end)
    if (address === NO_ADDRESS) return other.write(from, start, end, out, at)
    out[at] = PRESENT
    const text = at + 2
    const textEnd = writeIpv4(address & mask, v4, out, text)
    // At most 18 characters, so that their count is one byte.
    out[at + 1] = (textEnd - text) << 1
    return textEnd
  }
  return { growth: other.growth, write }
}

/** Dotted decimal without leading zeros. */
function readIpv4(from: Uint8Array, start: number, end: number): number {
  let address = 0
  let at = start
  for (let part = 0; part < 4; part++) {
    if (part > 0 && (at >= end || from[at++] !== DOT)) return NO_ADDRESS
    const first = at
    let value = 0
    while (at < end && at - first < 3 && isDigit(from[at] as number)) value = value * 10 + (from[at++] as number) - ZERO
    const digits = at - first
    if (digits === 0 || value > 255 || (digits > 1 && from[first] === ZERO)) return NO_ADDRESS
    address = address * 256 + value
  }
  return at === end ? address : NO_ADDRESS
}

function writeIpv4(address: number, bits: number, out: Uint8Array, at: number): number {
  for (let shift = 24; shift >= 0; shift -= 8) {
    at = writeSmall((address >>> shift) & 0xff, out, at)
    out[at++] = shift > 0 ? DOT : 0x2f
  }
  return writeSmall(bits, out, at)
}

/** A number of at most three digits. */
function writeSmall(value: number, out: Uint8Array, at: number): number {
  if (value > 99) out[at++] = ZERO + Math.floor(value / 100)
  if (value > 9) out[at++] = ZERO + (Math.floor(value / 10) % 10)
  out[at++] = ZERO + (value % 10)
  return at
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}
