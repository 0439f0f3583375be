import { hkdfSync } from 'node:crypto'
import { KeyMaterialError } from './errors.ts'

const KEY_BYTES = 32

const NO_SALT = new Uint8Array(0)

/**
 * 32 bytes derived from a root key, by HKDF with an empty salt: a root key is random already.
 * @param info what the key is for
 * @throws KeyMaterialError for a root key of another size
 */
export function derivedKey(rootKey: Uint8Array, info: string): Buffer {
  return hkdfSha256(checkedKey(rootKey), NO_SALT, Buffer.from(info), KEY_BYTES)
}

/** HKDF-SHA-256 (RFC 5869). */
export function hkdfSha256(inputKey: Uint8Array, salt: Uint8Array, info: Uint8Array, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', inputKey, salt, info, bytes))
}

/** @throws KeyMaterialError unless it has 32 bytes */
export function checkedKey(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_BYTES) throw new KeyMaterialError(`a key has ${KEY_BYTES} bytes, this one ${key.length}`)
  return key
}

/** Key epochs are one byte in sealed records; 0 means none. @throws KeyMaterialError */
export function checkedEpoch(epoch: number): number {
  if (!Number.isInteger(epoch) || epoch < 1 || epoch > 255) throw new KeyMaterialError('a key epoch is 1 to 255')
  return epoch
}
