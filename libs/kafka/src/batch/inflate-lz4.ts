import { decompressFrameSync } from 'lz4-napi'
import { Inflation } from './inflation.ts'

// LZ4 frame format 1.6: magic, FLG, BD, content size (if FLG says so), header checksum, blocks, end mark, checksum.
const MAGIC = 0x184d2204
const VERSION_MASK = 0xc0
const VERSION_1 = 0x40
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
const CONTENT_CHECKSUM = 0x04
const DICTIONARY = 0x01
const STORED = 0x8000_0000
/** A byte of LZ4 gives 255 at most. */
const MOST_PER_BYTE = 255
/** By the number in BD: 64 KiB, 256 KiB, 1 MiB, 4 MiB. */
const FIRST_BLOCK_SIZE_ID = 4

/**
 * One LZ4 frame, as Kafka's Java client writes it (magic 2 and later: the header's checksum is the right one), with or
 * without checksums. The library has no bound, so the frame's blocks are counted first. Bytes behind the end mark are
 * not read, as by the Java client.
 */
export function inflateLz4(records: Buffer, maxBytes: number): Buffer {
  const { end, mostBytes } = measure(records)
  if (mostBytes > maxBytes) throw Inflation.tooLarge('lz4', maxBytes)
  return decompressFrameSync(records.subarray(0, end))
}

/** Where the frame ends, and what it can give at most by the sizes of its blocks. */
function measure(records: Buffer): { end: number; mostBytes: number } {
  const cut = () => Inflation.damaged('lz4', 'it is cut short')
  if (records.length < 7) throw cut()
  if (records.readUInt32LE(0) !== MAGIC) throw Inflation.damaged('lz4', 'it is no LZ4 frame')
  const flags = records.readUInt8(4)
  const blockSizeId = (records.readUInt8(5) >> 4) & 7
  if ((flags & VERSION_MASK) !== VERSION_1 || (flags & DICTIONARY) !== 0 || blockSizeId < FIRST_BLOCK_SIZE_ID) {
    throw Inflation.damaged('lz4', 'its header says what Kafka does not write')
  }
  const blockBytes = 0x1_0000 << (2 * (blockSizeId - FIRST_BLOCK_SIZE_ID))
  let at = (flags & CONTENT_SIZE) === 0 ? 7 : 15
  let mostBytes = 0
  for (;;) {
    if (at + 4 > records.length) throw cut()
    const head = records.readUInt32LE(at)
    at += 4
    if (head === 0) break
    const size = head % STORED
    if (size > blockBytes) throw Inflation.damaged('lz4', 'a block larger than its header says')
    mostBytes += head >= STORED ? size : Math.min(blockBytes, size * MOST_PER_BYTE)
    at += size + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4)
  }
  const end = at + ((flags & CONTENT_CHECKSUM) === 0 ? 0 : 4)
  if (end > records.length) throw cut()
  return { end, mostBytes }
}
