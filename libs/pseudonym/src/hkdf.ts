import { hkdfSync } from 'node:crypto'
import { KeyMaterialError } from './errors.ts'

const KEY_BYTES = 32

/** 32 bytes derived from a root key; `info` says what the key is for. @throws KeyMaterialError for another size of root */
export function derivedKey(rootKey: Uint8Array, info: string): Buffer {
  return hkdfSha256(checkedKey(rootKey), Buffer.from(info), KEY_BYTES)
}

/** HKDF-SHA-256 (RFC 5869) with an empty salt: the root key is random already. */
export function hkdfSha256(inputKey: Uint8Array, info: Uint8Array, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', inputKey, new Uint8Array(0), info, bytes))
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
