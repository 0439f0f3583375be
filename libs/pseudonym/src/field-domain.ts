import { KeyMaterialError } from './errors.ts'

/**
 * What separates the pseudonyms of one field from those of all others, made once for a field: the UTF-8 of its name and
 * a zero byte. A name holds no zero byte, so no domain and value read like another pair when they stand together.
 */
export class FieldDomain {
  /** Not to be written to. */
  readonly prefix: Uint8Array

  /** @param name SUBJECT_DOMAIN or `<stream>/<a.b.c>` @throws KeyMaterialError when empty, with U+0000, or not well-formed */
  constructor(name: string) {
    if (name === '' || name.includes('\0') || !name.isWellFormed()) {
      throw new KeyMaterialError('a field domain is well-formed text without U+0000')
    }
    this.prefix = Buffer.from(`${name}\0`)
  }
}

/** Domain of subject leaves: the leaf equals the record's key, whatever stream it stands in. */
export const SUBJECT_DOMAIN = 'subject'

/** Domain of a leaf of a stream. @param path dotted, as `pathText` of the contracts writes it @throws KeyMaterialError */
export function fieldDomain(stream: string, path: string): FieldDomain {
  return new FieldDomain(`${stream}/${path}`)
}
