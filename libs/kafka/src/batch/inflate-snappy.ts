import { uncompressSync } from 'snappy'
import { Inflation } from './inflation.ts'

/** How a stream of xerial's snappy-java begins, which Kafka's Java client writes: magic, version, compatible version. */
const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16

/** Either one raw block (librdkafka and others) or xerial's framing: a header, then blocks behind their lengths. */
export function inflateSnappy(records: Buffer, maxBytes: number): Buffer {
  if (!records.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
    if (claimedBytes(records) > maxBytes) throw Inflation.tooLarge('snappy', maxBytes)
    return block(records)
  }
  const blocks = xerialBlocks(records)
  // A block's own claim bounds what it gives, so this sum is looked at before anything is inflated.
  const total = blocks.reduce((sum, of) => sum + claimedBytes(of), 0)
  if (total > maxBytes) throw Inflation.tooLarge('snappy', maxBytes)
  return Buffer.concat(blocks.map(block))
}

function xerialBlocks(records: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  let at = 0
  while (at < records.length) {
    // Streams may be put one behind the other, each with its header.
    if (records.subarray(at, at + XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) at += XERIAL_HEADER_BYTES
    if (at === records.length) break
    if (at + 4 > records.length) throw Inflation.damaged('snappy', 'it ends within a length')
    const length = records.readInt32BE(at)
    at += 4
    if (length <= 0 || at + length > records.length) throw Inflation.damaged('snappy', 'a block longer than the rest')
    blocks.push(records.subarray(at, at + length))
    at += length
  }
  return blocks
}

/** A raw block begins with the size of what it holds, as a varint of 32 bits. */
function claimedBytes(block: Buffer): number {
  let size = 0
  for (let i = 0; i < 5; i++) {
    const byte = block[i]
    if (byte === undefined) break
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return size
  }
  throw Inflation.damaged('snappy', 'a block without a size')
}

function block(bytes: Buffer): Buffer {
  const inflated = uncompressSync(bytes)
  return typeof inflated === 'string' ? Buffer.from(inflated) : inflated
}
