import { compress } from './compress.ts'

/**
 * SHA-256 (FIPS 180-4) that goes on from a midstate, which node:crypto can't; a hash object of it costs more than the
 * hash of a short value, too. A state is 8 words. Nothing here allocates.
 */

export const BLOCK_BYTES = 64
/** Where the last block has the length of the message, in bits. */
const LENGTH_AT = BLOCK_BYTES - 8
/** Words of a state, and of a finished hash. */
export const STATE_WORDS = 8

/** State before the first block (FIPS 180-4, 5.3.3). */
export const INITIAL_STATE: Readonly<Int32Array> = Int32Array.of(
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19],
)

const block = new Uint8Array(BLOCK_BYTES)
const blockView = new DataView(block.buffer)
const words = new Int32Array(16)

/**
 * Hashes prefix ‖ bytes [start, end) on from `state`, which becomes the hash.
 * @param before how many bytes `state` has taken already, a multiple of 64; they count in the padding
 */
export function finishHash(
  state: Int32Array,
  before: number,
  prefix: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let filled = takeBytes(state, 0, prefix, 0, prefix.length)
  filled = takeBytes(state, filled, bytes, start, end)
  block[filled++] = 0x80
  if (filled > LENGTH_AT) {
    while (filled < BLOCK_BYTES) block[filled++] = 0
    compressBlock(state)
    filled = 0
  }
  while (filled < LENGTH_AT) block[filled++] = 0
  const length = before + prefix.length + (end - start)
  blockView.setInt32(LENGTH_AT, Math.floor(length / 0x2000_0000))
  blockView.setInt32(LENGTH_AT + 4, length << 3)
  compressBlock(state)
}

/** Fills the block on from its byte `filled`, compresses whenever it is full; returns how far it is filled then. */
function takeBytes(state: Int32Array, filled: number, bytes: Uint8Array, start: number, end: number): number {
  let at = filled
  let from = start
  while (from < end) {
    const count = Math.min(end - from, BLOCK_BYTES - at)
    for (let i = 0; i < count; i++) block[at + i] = bytes[from + i] as number
    from += count
    at += count
    if (at === BLOCK_BYTES) {
      compressBlock(state)
      at = 0
    }
  }
  return at
}

function compressBlock(state: Int32Array): void {
  for (let i = 0; i < 16; i++) words[i] = blockView.getInt32(4 * i)
  compress(state, words)
}
