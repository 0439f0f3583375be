import { type IdKind, REF_BYTES, type ReferenceHasher } from '@weir/pseudonym'

/**
 * The distinct people and devices of a chunk: each is hashed into its ref once, and looked up once. An open hash table
 * over the ids' bytes, since a text or a map entry for each row would cost more than all the rest of finding it. Ids are
 * for others to choose: without a seed they could choose a chunk of long ones that all fall on one place, and finding
 * them would take minutes.
 */
export class RefTable {
  /** Refs one after the other, 16 bytes each. */
  readonly refs: Uint8Array
  count = 0
  readonly #references: ReferenceHasher
  readonly #seed: number
  readonly #mask: number
  /** Index + 1 of the id at this place; 0: none. */
  readonly #places: Int32Array
  readonly #hashes: Int32Array
  readonly #kinds: IdKind[] = []
  /** Where the id lay first. */
  readonly #sources: Uint8Array[] = []
  readonly #starts: Int32Array
  readonly #ends: Int32Array

  /** @param most distinct ids that will come at most @param seed 32 bits drawn at random for this table */
  constructor(references: ReferenceHasher, most: number, seed: number) {
    const places = 2 ** Math.ceil(Math.log2(2 * most + 1))
    this.#references = references
    this.#seed = seed
    this.#mask = places - 1
    this.#places = new Int32Array(places)
    this.#hashes = new Int32Array(most)
    this.#starts = new Int32Array(most)
    this.#ends = new Int32Array(most)
    this.refs = new Uint8Array(most * REF_BYTES)
  }

  /** Index of the ref of the id in bytes [start, end). They must stay as they are. */
  indexOf(kind: IdKind, source: Uint8Array, start: number, end: number): number {
    const hash = idHash(this.#seed, kind, source, start, end)
    let place = hash & this.#mask
    for (;;) {
      const index = (this.#places[place] as number) - 1
      if (index < 0) return this.#add(place, hash, kind, source, start, end)
      if (this.#hashes[index] === hash && this.#kinds[index] === kind && this.#isAt(index, source, start, end))
        return index
      place = (place + 1) & this.#mask
    }
  }

  #add(place: number, hash: number, kind: IdKind, source: Uint8Array, start: number, end: number): number {
    const index = this.count++
    this.#places[place] = index + 1
    this.#hashes[index] = hash
    this.#kinds.push(kind)
    this.#sources.push(source)
    this.#starts[index] = start
    this.#ends[index] = end
    this.#references.refInto(kind, source, start, end, this.refs, index * REF_BYTES)
    return index
  }

  #isAt(index: number, source: Uint8Array, start: number, end: number): boolean {
    const known = this.#sources[index] as Uint8Array
    return sameBytes(known, this.#starts[index] as number, this.#ends[index] as number, source, start, end)
  }
}

/** Whether two ranges hold the same bytes. For ids, which are short: a call into native code would cost more. */
export function sameBytes(
  one: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
): boolean {
  if (end - start !== otherEnd - otherStart) return false
  for (let i = start, j = otherStart; i < end; i++, j++) if (one[i] !== other[j]) return false
  return true
}

/** 32 bits of an id; which ids share them hangs on the seed. */
export function idHash(seed: number, kind: IdKind, source: Uint8Array, start: number, end: number): number {
  let hash = seed ^ (kind === 'user' ? 1 : 2)
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ (source[i] as number), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}
