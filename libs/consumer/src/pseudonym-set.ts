const DIGEST_WORDS = 4
const DIGEST_HEX = 8 * DIGEST_WORDS
const FIRST_SLOTS = 1_024
/** Beyond this share of used slots the table doubles. */
const MOST_USED = 0.75

const words = new Uint32Array(DIGEST_WORDS)

/**
 * A set of pseudonyms (`<epoch>.<32 hex>`) in 17 bytes each: digest and epoch, in one table with open addressing. It
 * asks the bytes of a record's key without making a text of them. A digest is an HMAC's, so its first word spreads well.
 */
export class PseudonymSet {
  #digests = new Uint32Array(FIRST_SLOTS * DIGEST_WORDS)
  /** 0: the slot is empty. Epochs are 1 to 255. */
  #epochs = new Uint8Array(FIRST_SLOTS)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Bytes that the table takes. */
  get bytes(): number {
    return this.#digests.byteLength + this.#epochs.byteLength
  }

  /** False when these bytes are no pseudonym. */
  add(source: Uint8Array, start: number, end: number): boolean {
    const epoch = parse(source, start, end)
    if (epoch === 0) return false
    const slot = this.#find(epoch)
    if (this.#epochs[slot] !== 0) return true
    this.#put(slot, epoch)
    if (++this.#size > this.#epochs.length * MOST_USED) this.#grow()
    return true
  }

  /** Whether the pseudonym that these bytes are is in the set; bytes that are none are not. */
  has(source: Uint8Array, start: number, end: number): boolean {
    const epoch = parse(source, start, end)
    return epoch !== 0 && this.#epochs[this.#find(epoch)] !== 0
  }

  /** Where the pseudonym in `words` is, or the empty slot where it would be. */
  #find(epoch: number): number {
    const digests = this.#digests
    const mask = this.#epochs.length - 1
    let slot = (words[0] as number) & mask
    for (;;) {
      const found = this.#epochs[slot]
      if (found === 0) return slot
      const at = slot * DIGEST_WORDS
      if (
        found === epoch &&
        digests[at] === words[0] &&
        digests[at + 1] === words[1] &&
        digests[at + 2] === words[2] &&
        digests[at + 3] === words[3]
      ) {
        return slot
      }
      slot = (slot + 1) & mask
    }
  }

  #put(slot: number, epoch: number): void {
    this.#digests.set(words, slot * DIGEST_WORDS)
    this.#epochs[slot] = epoch
  }

  #grow(): void {
    const digests = this.#digests
    const epochs = this.#epochs
    this.#digests = new Uint32Array(digests.length * 2)
    this.#epochs = new Uint8Array(epochs.length * 2)
    for (const [slot, epoch] of epochs.entries()) {
      if (epoch === 0) continue
      words.set(digests.subarray(slot * DIGEST_WORDS, (slot + 1) * DIGEST_WORDS))
      this.#put(this.#find(epoch), epoch)
    }
  }
}

/** Reads the digest into `words` and returns the epoch; 0: these bytes are no pseudonym. */
function parse(source: Uint8Array, start: number, end: number): number {
  const point = end - DIGEST_HEX - 1
  if (point <= start || point > start + 3 || source[point] !== 0x2e) return 0
  let epoch = 0
  for (let at = start; at < point; at++) {
    const digit = (source[at] as number) - 0x30
    // No leading zero: one pseudonym has one text.
    if (!(digit >= 0 && digit <= 9) || (digit === 0 && epoch === 0)) return 0
    epoch = epoch * 10 + digit
  }
  if (epoch > 255) return 0
  for (let word = 0, at = point + 1; word < DIGEST_WORDS; word++) {
    let value = 0
    for (const stop = at + 8; at < stop; at++) {
      const nibble = nibbleOf(source[at] as number)
      if (nibble < 0) return 0
      value = (value << 4) | nibble
    }
    words[word] = value
  }
  return epoch
}

/** Lower case only, as Weir writes it. */
function nibbleOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1
}
