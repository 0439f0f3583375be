import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { EvidenceError } from '../evidence.ts'

/** Records of a batch, by its codec: none, gzip, snappy (xerial's framing or none), LZ4 frames, zstd. */
export function decompress(records: Buffer, codec: number): Buffer {
  switch (codec) {
    case 0:
      return records
    case 1:
      return gunzipSync(records)
    case 2:
      return snappy(records)
    case 3:
      return lz4(records)
    case 4:
      return zstdDecompressSync(records)
    default:
      throw new EvidenceError(`a batch is compressed by codec ${codec}, which Kafka does not have`)
  }
}

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = 16

function snappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyBlock(bytes)
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER; at < bytes.length; ) {
    const length = bytes.readInt32BE(at)
    blocks.push(snappyBlock(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

/** format_description.txt of google/snappy. */
function snappyBlock(bytes: Buffer): Buffer {
  let at = 0
  let length = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  const out = new Output(length)
  while (at < bytes.length) {
    const tag = bytes[at++] as number
    const kind = tag & 3
    if (kind === 0) {
      let size = tag >> 2
      if (size >= 60) {
        const extra = size - 59
        size = bytes.readUIntLE(at, extra)
        at += extra
      }
      out.literal(bytes, at, size + 1)
      at += size + 1
    } else if (kind === 1) {
      out.copy(((tag >> 5) << 8) | (bytes[at++] as number), ((tag >> 2) & 7) + 4)
    } else {
      const width = kind === 2 ? 2 : 4
      out.copy(bytes.readUIntLE(at, width), (tag >> 2) + 1)
      at += width
    }
  }
  return out.bytes()
}

const LZ4_BLOCK_MOST = 4 * 1024 * 1024

/** lz4_Frame_format.md; checksums are the broker's to check. */
function lz4(bytes: Buffer): Buffer {
  const flags = bytes[4] as number
  let at = 7 + ((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4)
  const isIndependent = (flags & 0x20) !== 0
  const blocks: Buffer[] = []
  for (;;) {
    const size = bytes.readUInt32LE(at)
    at += 4
    if (size === 0) return Buffer.concat(blocks)
    const length = size & 0x7fffffff
    const block = bytes.subarray(at, at + length)
    if (size > 0x7fffffff) blocks.push(block)
    else blocks.push(lz4Block(block, isIndependent ? Buffer.alloc(0) : Buffer.concat(blocks).subarray(-65_536)))
    at += length + ((flags & 0x10) === 0 ? 0 : 4)
  }
}

function lz4Block(bytes: Buffer, before: Buffer): Buffer {
  const out = new Output(LZ4_BLOCK_MOST + before.length)
  out.literal(before, 0, before.length)
  let at = 0
  const more = (first: number): number => {
    let length = first
    if (first !== 15) return length
    for (let byte = 255; byte === 255; length += byte) byte = bytes[at++] as number
    return length
  }
  while (at < bytes.length) {
    const token = bytes[at++] as number
    const literals = more(token >> 4)
    out.literal(bytes, at, literals)
    at += literals
    if (at >= bytes.length) break
    const distance = bytes.readUInt16LE(at)
    at += 2
    out.copy(distance, more(token & 15) + 4)
  }
  return out.bytes().subarray(before.length)
}

class Output {
  readonly #bytes: Buffer
  #at = 0

  constructor(most: number) {
    this.#bytes = Buffer.allocUnsafe(most)
  }

  literal(from: Buffer, at: number, length: number): void {
    if (this.#at + length > this.#bytes.length) throw new EvidenceError('a compressed batch is damaged')
    this.#at += from.copy(this.#bytes, this.#at, at, at + length)
  }

  /** Byte by byte: what is copied may be what was just written. */
  copy(distance: number, length: number): void {
    if (distance === 0 || distance > this.#at || this.#at + length > this.#bytes.length)
      throw new EvidenceError('a compressed batch is damaged')
    for (let i = 0; i < length; i++, this.#at++) this.#bytes[this.#at] = this.#bytes[this.#at - distance] as number
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }
}
