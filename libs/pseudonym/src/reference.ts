import { EmptyIdError, KeyMaterialError } from './errors.ts'
import { checkedKey } from './hkdf.ts'
import { HmacKey } from './hmac.ts'

/** Bytes of a ref. */
export const REF_BYTES = 16

export type IdKind = 'user' | 'device'

/** Turns raw ids into refs: the one place where a raw id is read for consent. */
export interface ReferenceHasher {
  /**
   * Writes the 16-byte ref of the id in bytes [start, end) to `out` at `at`.
   * The bytes are taken as they are: exact UTF-8, no trimming, no case folding, no normalising.
   * Allocates nothing.
   * @throws EmptyIdError when start = end
   * @throws RangeError for a range outside `idBytes`, or no room in `out`
   */
  refInto(kind: IdKind, idBytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): void
  /**
   * The ref as 32 hex digits. @throws EmptyIdError
   * @throws KeyMaterialError when the text is not well-formed (a lone surrogate has no UTF-8)
   */
  ref(kind: IdKind, id: string): string
}

const PREFIX: Readonly<Record<IdKind, Uint8Array>> = { user: Buffer.from('user\0'), device: Buffer.from('device\0') }

/**
 * ref = the first 16 bytes of HMAC-SHA-256(reference key, kind ‖ 0x00 ‖ id). The reference key never rotates.
 * @param referenceKey 32 bytes
 */
export function referenceHasher(referenceKey: Uint8Array): ReferenceHasher {
  const key = new HmacKey(checkedKey(referenceKey))
  const refInto: ReferenceHasher['refInto'] = (kind, idBytes, start, end, out, at) => {
    if (start === end) throw new EmptyIdError()
    if (!(at >= 0 && at + REF_BYTES <= out.length)) throw new RangeError('no room for a ref')
    writeRef(key.digest(PREFIX[kind], idBytes, start, end), out, at)
  }
  return {
    refInto,
    ref(kind, id) {
      if (!id.isWellFormed()) throw new KeyMaterialError('an id is not well-formed text')
      const bytes = Buffer.from(id)
      const ref = Buffer.alloc(REF_BYTES)
      refInto(kind, bytes, 0, bytes.length, ref, 0)
      return ref.toString('hex')
    },
  }
}

function writeRef(digest: Int32Array, out: Uint8Array, at: number): void {
  for (let i = 0; i < REF_BYTES; i++) out[at + i] = (digest[i >> 2] as number) >>> (24 - ((i & 3) << 3))
}
