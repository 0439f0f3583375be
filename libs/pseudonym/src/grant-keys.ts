import { LRUCache } from 'lru-cache'
import type { GrantKey } from './grant-key.ts'
import { MAX_PSEUDONYM_BYTES } from './pseudonym-text.ts'
import type { PurposeKeys } from './purpose-keys.ts'
import { REF_BYTES } from './reference.ts'

/** A grant as one purpose works with it. */
export interface KnownGrant {
  readonly key: GrantKey
  /** The subject's own pseudonym in ASCII: record key, and value of every subject leaf. Not to be written to. */
  readonly subject: Uint8Array
}

interface Entry extends KnownGrant {
  readonly ref: Uint8Array
}

const text = new Uint8Array(MAX_PSEUDONYM_BYTES)

/**
 * Keys of one purpose's grants, so that not every chunk derives them again. Bounded: the grants not asked for longest
 * go. When a grant ends nobody asks for its salt any more, and its key goes so too; until then it lies in memory only.
 */
export class GrantKeys {
  readonly #keys: PurposeKeys
  readonly #purpose: string
  readonly #known: LRUCache<string, Entry>

  /** @param maxGrants how many are remembered, below a kilobyte each */
  constructor(keys: PurposeKeys, purpose: string, maxGrants: number) {
    this.#keys = keys
    this.#purpose = purpose
    this.#known = new LRUCache({ max: maxGrants })
  }

  /**
   * @param saltHex of the grant, as in the subject's state
   * @param refAt where the 16 bytes of the subject's ref begin
   * @throws as `PurposeKeys.grantKey`
   */
  of(epoch: number, saltHex: string, ref: Uint8Array, refAt: number): KnownGrant {
    const known = this.#known.get(saltHex)
    // A salt is drawn for one grant of one subject. Should a fault give it to two, neither gets the other's pseudonym.
    if (known !== undefined && known.key.epoch === epoch && sameRef(known.ref, ref, refAt)) return known
    const key = this.#keys.grantKey(this.#purpose, epoch, saltHex)
    const length = key.writeSubject(ref, refAt, text, 0)
    const entry = {
      key,
      subject: text.slice(0, length),
      ref: Uint8Array.prototype.slice.call(ref, refAt, refAt + REF_BYTES),
    }
    this.#known.set(saltHex, entry)
    return entry
  }
}

function sameRef(known: Uint8Array, ref: Uint8Array, refAt: number): boolean {
  for (let i = 0; i < REF_BYTES; i++) if (known[i] !== ref[refAt + i]) return false
  return true
}
