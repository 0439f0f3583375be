import { KeyEpochMissingError, KeyMaterialError } from './errors.ts'
import { checkedEpoch, checkedKey } from './hkdf.ts'

/**
 * Root keys by epoch (1 to 255). One is current: new grants and newly sealed records take it. The others still give the
 * pseudonyms of grants that began under them, and open what they sealed. An epoch that was taken out is retired.
 */
export class KeyRing {
  readonly current: number
  readonly #keys = new Map<number, Uint8Array>()

  /**
   * @param keys 32 bytes an epoch
   * @throws KeyMaterialError for a key or epoch of the wrong form
   * @throws KeyEpochMissingError when the current epoch has no key
   */
  constructor(keys: Iterable<readonly [epoch: number, key: Uint8Array]>, current: number) {
    for (const [epoch, key] of keys) {
      if (this.#keys.has(checkedEpoch(epoch))) throw new KeyMaterialError(`key epoch ${epoch} has two keys`)
      this.#keys.set(epoch, Uint8Array.from(checkedKey(key)))
    }
    this.current = current
    this.rootKey(current)
  }

  /** @throws KeyEpochMissingError when the epoch was retired, or not yet brought here */
  rootKey(epoch: number): Uint8Array {
    const key = this.#keys.get(epoch)
    if (key === undefined) throw new KeyEpochMissingError(epoch)
    return key
  }
}
