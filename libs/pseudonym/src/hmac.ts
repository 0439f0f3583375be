import { compress } from './compress.ts'
import { BLOCK_BYTES, finishHash, INITIAL_STATE, STATE_WORDS } from './sha256.ts'

const NOTHING = new Uint8Array(0)

/** The last digest made; shared, so that none is allocated. */
const digest = new Int32Array(STATE_WORDS)
const block = new Int32Array(16)

/**
 * A key of HMAC-SHA-256 (RFC 2104). It keeps the two states of SHA-256 behind the padded key, inner and outer, 64 bytes
 * in all: half of the blocks of a short message are then done once a key, and the key itself is not kept.
 */
export class HmacKey {
  readonly #midstates = new Int32Array(2 * STATE_WORDS)

  constructor(key: Uint8Array) {
    const short = key.length <= BLOCK_BYTES ? key : sha256(key)
    padInto(short, 0x36)
    this.#midstates.set(afterOneBlock(), 0)
    padInto(short, 0x5c)
    this.#midstates.set(afterOneBlock(), STATE_WORDS)
  }

  /**
   * Digest of prefix ‖ bytes [start, end).
   * @returns its 8 big-endian words; overwritten by the next digest of any key
   * @throws RangeError when the range is not within `bytes`
   */
  digest(prefix: Uint8Array, bytes: Uint8Array, start: number, end: number): Int32Array {
    if (!(start >= 0 && start <= end && end <= bytes.length)) throw new RangeError('a value lies outside its bytes')
    const midstates = this.#midstates
    for (let i = 0; i < STATE_WORDS; i++) digest[i] = midstates[i] as number
    finishHash(digest, BLOCK_BYTES, prefix, bytes, start, end)
    for (let i = 0; i < STATE_WORDS; i++) {
      block[i] = digest[i] as number
      digest[i] = midstates[STATE_WORDS + i] as number
    }
    block[8] = 0x8000_0000
    for (let i = 9; i < 15; i++) block[i] = 0
    block[15] = (BLOCK_BYTES + 4 * STATE_WORDS) << 3
    compress(digest, block)
    return digest
  }

  /** Half of the inner midstate: it tells this key from all others. @param word 0 to 3 */
  mark(word: number): number {
    return this.#midstates[word] as number
  }
}

/** HMAC-SHA-256 of bytes as 32 bytes of their own, for rare uses. */
export function hmacSha256(key: HmacKey, bytes: Uint8Array): Uint8Array {
  return bytesOf(key.digest(NOTHING, bytes, 0, bytes.length))
}

function padInto(key: Uint8Array, pad: number): void {
  for (let i = 0; i < 16; i++) {
    let padded = 0
    for (let j = 4 * i; j < 4 * i + 4; j++) padded = (padded << 8) | ((key[j] ?? 0) ^ pad)
    block[i] = padded
  }
}

function afterOneBlock(): Int32Array {
  digest.set(INITIAL_STATE)
  compress(digest, block)
  return digest
}

/** SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  digest.set(INITIAL_STATE)
  finishHash(digest, 0, NOTHING, bytes, 0, bytes.length)
  return bytesOf(digest)
}

function bytesOf(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(4 * words.length)
  const view = new DataView(bytes.buffer)
  words.forEach((word, index) => {
    view.setInt32(4 * index, word)
  })
  return bytes
}
