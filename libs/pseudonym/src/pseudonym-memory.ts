import type { FieldDomain } from './field-domain.ts'
import type { GrantKey } from './grant-key.ts'
import { SHOWN_WORDS, writePseudonymText } from './pseudonym-text.ts'

/** Longer values are not remembered. A UUID's text has 36 bytes. */
const MAX_VALUE_BYTES = 44
const VALUE_WORDS = MAX_VALUE_BYTES / 4

/** A slot: which key, the value's length + 1 (0 while empty), the value, its digest. */
const LENGTH_AT = SHOWN_WORDS
const VALUE_AT = LENGTH_AT + 1
const DIGEST_AT = VALUE_AT + VALUE_WORDS
const SLOT_WORDS = DIGEST_AT + SHOWN_WORDS

const valueWords = new Int32Array(VALUE_WORDS)

/**
 * Pseudonyms of one field, remembered for values that come again under the same grant (the id of a session). A table of
 * fixed size, allocated once: a value's slot is taken over by the next one that falls on it. A slot holds the value in
 * clear until then, in memory only.
 */
export class PseudonymMemory {
  readonly #domain: FieldDomain
  readonly #slots: Int32Array
  readonly #mask: number
  /** How often a pseudonym was remembered, and how often not. */
  hits = 0
  misses = 0

  /** @param slots how many values, a power of two; 80 bytes each @throws RangeError */
  constructor(domain: FieldDomain, slots: number) {
    if (!(slots >= 1 && Number.isInteger(Math.log2(slots)))) throw new RangeError('slots are a power of two')
    this.#domain = domain
    this.#slots = new Int32Array(slots * SLOT_WORDS)
    this.#mask = slots - 1
  }

  /** As `GrantKey.writePseudonym` of this field. */
  write(key: GrantKey, value: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    if (!(start >= 0 && start <= end && end <= value.length)) throw new RangeError('a value lies outside its bytes')
    const length = end - start
    if (length > MAX_VALUE_BYTES) return key.writePseudonym(this.#domain, value, start, end, out, at)
    const words = (length + 3) >> 2
    const slots = this.#slots
    const slot = (loadValue(value, start, end, words, key.mark(0)) & this.#mask) * SLOT_WORDS
    if (this.#holds(slot, key, length, words)) {
      this.hits++
      return writePseudonymText(key.epoch, slots, slot + DIGEST_AT, out, at)
    }
    this.misses++
    const digest = key.digest(this.#domain, value, start, end)
    for (let i = 0; i < SHOWN_WORDS; i++) {
      slots[slot + i] = key.mark(i)
      slots[slot + DIGEST_AT + i] = digest[i] as number
    }
    slots[slot + LENGTH_AT] = length + 1
    for (let i = 0; i < words; i++) slots[slot + VALUE_AT + i] = valueWords[i] as number
    return writePseudonymText(key.epoch, digest, 0, out, at)
  }

  #holds(slot: number, key: GrantKey, length: number, words: number): boolean {
    const slots = this.#slots
    if (slots[slot + LENGTH_AT] !== length + 1) return false
    for (let i = 0; i < SHOWN_WORDS; i++) if (slots[slot + i] !== key.mark(i)) return false
    for (let i = 0; i < words; i++) if (slots[slot + VALUE_AT + i] !== valueWords[i]) return false
    return true
  }
}

/** Puts the value into `valueWords`, zeros behind it in the last one; returns a hash of it. */
function loadValue(value: Uint8Array, start: number, end: number, words: number, seed: number): number {
  let hash = seed
  for (let i = 0; i < words; i++) {
    const at = start + 4 * i
    let word = 0
    if (at + 4 <= end) {
      word =
        ((value[at] as number) << 24) |
        ((value[at + 1] as number) << 16) |
        ((value[at + 2] as number) << 8) |
        (value[at + 3] as number)
    } else for (let j = at; j < end; j++) word = (word << 8) | (value[j] as number)
    valueWords[i] = word
    hash = Math.imul(hash ^ word, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}
