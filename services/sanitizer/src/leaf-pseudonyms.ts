import type { KnownGrant, PseudonymMemory } from '@weir/pseudonym'
import type { Pseudonymizer } from '@weir/transcoder'

/**
 * How pseudonyms of a leaf are made: in the leaf's own domain, so that equal values of two leaves do not join. Null: the
 * subject leaf, which equals the record's key.
 */
export type LeafField = PseudonymMemory | null

/** Pseudonyms of one record's leaves under one grant. One object, used again for the next record. */
export class LeafPseudonyms implements Pseudonymizer {
  #grant: KnownGrant | undefined
  #fields: readonly LeafField[] = []

  /** @param fields by the transcoder's field */
  under(grant: KnownGrant, fields: readonly LeafField[]): this {
    this.#grant = grant
    this.#fields = fields
    return this
  }

  write(field: number, value: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
    const leaf = this.#fields[field]
    const grant = this.#grant
    if (leaf === undefined || grant === undefined) throw new Error('a field of another writer schema')
    if (leaf !== null) return leaf.write(grant.key, value, start, end, out, at)
    out.set(grant.subject, at)
    return grant.subject.length
  }
}
