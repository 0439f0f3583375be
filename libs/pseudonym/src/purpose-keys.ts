import { KeyMaterialError } from './errors.ts'
import { GrantKey } from './grant-key.ts'
import { derivedKey } from './hkdf.ts'
import { HmacKey, hmacSha256 } from './hmac.ts'
import type { KeyRing } from './key-ring.ts'

/** Derives keys of purposes from the root keys; a key service can stand behind the same interface. */
export interface PurposeKeys {
  /**
   * Key of a grant = HMAC-SHA-256(purpose key of the epoch, salt).
   * @param saltHex the grant's 16 bytes as 32 hex digits
   * @throws KeyMaterialError for another salt
   * @throws KeyEpochMissingError when the epoch's root key is not here
   */
  grantKey(purpose: string, epoch: number, saltHex: string): GrantKey
}

const SALT = /^[0-9a-f]{32}$/
const salt = Buffer.alloc(16)

/** Purpose key = HKDF-SHA-256(root key, info `weir/purpose/<purpose>/<epoch>`, 32 bytes), kept after its first use. */
export function purposeKeys(ring: KeyRing): PurposeKeys {
  const known = new Map<string, HmacKey>()
  const purposeKey = (purpose: string, epoch: number): HmacKey => {
    // The last slash ends the purpose, so that no two pairs share an info, whatever a purpose is called.
    const info = `weir/purpose/${purpose}/${epoch}`
    let key = known.get(info)
    if (key === undefined) {
      key = new HmacKey(derivedKey(ring.rootKey(epoch), info))
      known.set(info, key)
    }
    return key
  }
  return {
    grantKey(purpose, epoch, saltHex) {
      if (!SALT.test(saltHex)) throw new KeyMaterialError('a salt is 32 lower-case hex digits')
      const key = purposeKey(purpose, epoch)
      salt.write(saltHex, 'hex')
      return new GrantKey(epoch, new HmacKey(hmacSha256(key, salt)))
    },
  }
}
