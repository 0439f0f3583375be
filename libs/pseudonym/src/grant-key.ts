import { KeyMaterialError } from './errors.ts'
import { FieldDomain, SUBJECT_DOMAIN } from './field-domain.ts'
import type { HmacKey } from './hmac.ts'
import { MAX_PSEUDONYM_BYTES, writePseudonymText } from './pseudonym-text.ts'
import { REF_BYTES } from './reference.ts'

const text = Buffer.alloc(MAX_PSEUDONYM_BYTES)
const subjectDomain = new FieldDomain(SUBJECT_DOMAIN)

/** Key of one grant of one purpose: a few hundred bytes. Lives as long as the grant's salt does. */
export class GrantKey {
  readonly epoch: number
  readonly #key: HmacKey

  /** Made by `PurposeKeys.grantKey`. */
  constructor(epoch: number, key: HmacKey) {
    this.epoch = epoch
    this.#key = key
  }

  /**
   * Writes the pseudonym of a value in a field, in ASCII: `<epoch>.<32 hex>`, the first 16 bytes of
   * HMAC-SHA-256(grant key, domain ‖ 0x00 ‖ value). Allocates nothing.
   * @param value its bytes [start, end) are the canonical value (README)
   * @returns how many bytes it wrote to `out` at `at`: 34 to 36
   * @throws RangeError for a range outside `value`, or no room in `out`
   */
  writePseudonym(
    domain: FieldDomain,
    value: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
  ): number {
    return writePseudonymText(this.epoch, this.digest(domain, value, start, end), 0, out, at)
  }

  /** What `writePseudonym` shows the beginning of; overwritten by the next digest of any key. */
  digest(domain: FieldDomain, value: Uint8Array, start: number, end: number): Int32Array {
    return this.#key.digest(domain.prefix, value, start, end)
  }

  /** 128 bits that tell this key from all others, as words 0 to 3; no pseudonym can be made of them. */
  mark(word: number): number {
    return this.#key.mark(word)
  }

  /** As `writePseudonym`, for the whole of `value`, as text; for rare uses. @throws KeyMaterialError */
  pseudonym(domain: FieldDomain | string, value: Uint8Array): string {
    const prepared = typeof domain === 'string' ? new FieldDomain(domain) : domain
    return text.toString('latin1', 0, this.writePseudonym(prepared, value, 0, value.length, text, 0))
  }

  /** Writes the subject's own pseudonym: record key, and every subject leaf. @param refAt where its 16 bytes begin */
  writeSubject(ref: Uint8Array, refAt: number, out: Uint8Array, at: number): number {
    return this.writePseudonym(subjectDomain, ref, refAt, refAt + REF_BYTES, out, at)
  }
}

/** The subject's own pseudonym as text. Computed from the ref, so that whoever forgets needs no raw id. */
export function subjectPseudonym(grantKey: GrantKey, ref16: Uint8Array): string {
  if (ref16.length !== REF_BYTES) throw new KeyMaterialError(`a ref has ${REF_BYTES} bytes, this one ${ref16.length}`)
  return grantKey.pseudonym(subjectDomain, ref16)
}
