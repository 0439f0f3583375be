import { KeyMaterialError } from './errors.ts'
import { checkedEpoch, derivedKey } from './hkdf.ts'
import { hmacSha256 } from './hmac.ts'
import { REF_BYTES } from './reference.ts'

/** Domain of subject leaves: the leaf equals the record's key, whatever stream it stands in. */
export const SUBJECT_DOMAIN = 'subject'

/** Key of one grant of one purpose. Lives as long as the grant's salt does; callers cache it per grant. */
export interface GrantKey {
  /**
   * Pseudonym of a value in a field: `<epoch>.<32 hex>`, the first 16 bytes of
   * HMAC-SHA-256(grant key, domain ‖ 0x00 ‖ value).
   * @param domain SUBJECT_DOMAIN or `<stream>/<a.b.c>`; holds no 0x00
   * @param value the leaf's UTF-8, or the 16 ref bytes for the subject
   */
  pseudonym(domain: string, value: Uint8Array): string
}

/** Derives keys of purposes from the root key; a key service can stand behind the same interface. */
export interface PurposeKeys {
  /**
   * Key of a grant = HMAC-SHA-256(purpose key of the epoch, salt).
   * @param saltHex the grant's 16 bytes as 32 hex digits @throws KeyMaterialError
   */
  grantKey(purpose: string, epoch: number, saltHex: string): GrantKey
}

/**
 * Purpose key = HKDF-SHA-256(root key, info `weir/purpose/<purpose>/<epoch>`, 32 bytes), kept after its first use.
 * @param rootKey 32 bytes
 */
export function purposeKeys(rootKey: Uint8Array): PurposeKeys {
  const root = Buffer.from(rootKey)
  const keys = new Map<string, Buffer>()
  const purposeKey = (purpose: string, epoch: number): Buffer => {
    // The last slash ends the purpose, so that no two pairs share an info, whatever a purpose is called.
    const info = `weir/purpose/${purpose}/${checkedEpoch(epoch)}`
    const known = keys.get(info)
    if (known !== undefined) return known
    const made = derivedKey(root, info)
    keys.set(info, made)
    return made
  }
  derivedKey(root, 'weir/check') // A wrong key fails at start, not at the first grant.
  return {
    grantKey(purpose, epoch, saltHex) {
      if (!SALT.test(saltHex)) throw new KeyMaterialError('a salt is 32 lower-case hex digits')
      const key = hmacSha256(purposeKey(purpose, epoch), Buffer.from(saltHex, 'hex'))
      return grantKeyOf(key, epoch)
    },
  }
}

const SALT = /^[0-9a-f]{32}$/
const SEPARATOR = Buffer.of(0)

function grantKeyOf(key: Buffer, epoch: number): GrantKey {
  return {
    pseudonym(domain, value) {
      if (domain === '' || domain.includes('\0')) throw new KeyMaterialError('a field domain is text without U+0000')
      const digest = hmacSha256(key, Buffer.from(domain), SEPARATOR, value)
      return `${epoch}.${digest.toString('hex', 0, 16)}`
    },
  }
}

/**
 * The subject's own pseudonym in a grant: record key, and every subject leaf. Computed from the ref, so that whoever
 * forgets needs no raw id.
 */
export function subjectPseudonym(grantKey: GrantKey, ref16: Uint8Array): string {
  if (ref16.length !== REF_BYTES) throw new KeyMaterialError(`a ref has ${REF_BYTES} bytes, this one ${ref16.length}`)
  return grantKey.pseudonym(SUBJECT_DOMAIN, ref16)
}
