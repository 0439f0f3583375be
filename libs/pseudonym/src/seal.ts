import { createCipheriv, createDecipheriv } from 'node:crypto'
import { KeyMaterialError, SealError } from './errors.ts'
import { derivedKey } from './hkdf.ts'
import type { KeyRing } from './key-ring.ts'

const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const HEADER_BYTES = 2 + NONCE_BYTES

/** Seals records (quarantine, audit) for one topic each, and opens them. */
export interface Sealer {
  /**
   * version 1 ‖ key epoch ‖ nonce ‖ AES-256-GCM ciphertext ‖ tag, the topic as associated data.
   * @param topic full (namespaced) name
   * @param nonce12 12 random bytes, never used twice with one topic: two records under one nonce reveal each other
   */
  seal(topic: string, plaintext: Uint8Array, nonce12: Uint8Array): Buffer
  /**
   * Opens what was sealed under any epoch that is here.
   * @throws SealError when it was not sealed by this key for this topic, or was changed since
   * @throws KeyEpochMissingError when its epoch's root key is not here
   */
  open(topic: string, sealed: Uint8Array): Buffer
}

/**
 * Key of a topic = HKDF-SHA-256(root key, info `weir/sealed/<topic>/<epoch>`, 32 bytes), kept after its first use.
 * @param ring seals under its current epoch
 */
export function sealer(ring: KeyRing): Sealer {
  const known = new Map<string, Buffer>()
  const topicKey = (topic: string, epoch: number): Buffer => {
    const info = `weir/sealed/${topic}/${epoch}`
    let key = known.get(info)
    if (key === undefined) {
      key = derivedKey(ring.rootKey(epoch), info)
      known.set(info, key)
    }
    return key
  }
  return {
    seal(topic, plaintext, nonce12) {
      if (nonce12.length !== NONCE_BYTES) throw new KeyMaterialError(`a nonce has ${NONCE_BYTES} bytes`)
      const cipher = createCipheriv('aes-256-gcm', topicKey(topic, ring.current), nonce12, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(topic))
      return Buffer.concat([
        Buffer.of(VERSION, ring.current),
        nonce12,
        cipher.update(plaintext),
        cipher.final(),
        cipher.getAuthTag(),
      ])
    },
    open(topic, sealed) {
      if (sealed.length < HEADER_BYTES + TAG_BYTES) throw new SealError('a sealed record is cut short')
      if (sealed[0] !== VERSION) throw new SealError(`a sealed record has version ${sealed[0]}; this program reads 1`)
      const key = topicKey(topic, sealed[1] as number)
      const nonce = sealed.subarray(2, HEADER_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(topic))
      decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
      try {
        const body = decipher.update(sealed.subarray(HEADER_BYTES, sealed.length - TAG_BYTES))
        return Buffer.concat([body, decipher.final()])
      } catch {
        throw new SealError('a sealed record does not open with this key for this topic: other key or changed bytes')
      }
    },
  }
}
