import { KeyEpochMissingError, SealError, type Sealer as TopicSealer } from '@weir/pseudonym'
import type { Sealer } from './environment.ts'

/** A sealer for one use, so that a link does not open as a form's token or the other way round. */
export function namedSealer(sealer: TopicSealer, use: string, nonce12: () => Uint8Array): Sealer {
  return {
    seal: (plaintext) => sealer.seal(use, plaintext, nonce12()),
    open(sealed) {
      try {
        return sealer.open(use, sealed)
      } catch (error) {
        // A link says by itself which epoch it wants: one that was retired, or never was, opens as little as a forged one.
        if (error instanceof SealError || error instanceof KeyEpochMissingError) return null
        throw error
      }
    },
  }
}
