import { SealError, type Sealer as TopicSealer } from '@weir/pseudonym'
import type { Sealer } from './environment.ts'

/** A sealer for one use, so that a link does not open as a form's token or the other way round. */
export function namedSealer(sealer: TopicSealer, use: string, nonce12: () => Uint8Array): Sealer {
  return {
    seal: (plaintext) => sealer.seal(use, plaintext, nonce12()),
    open(sealed) {
      try {
        return sealer.open(use, sealed)
      } catch (error) {
        if (error instanceof SealError) return null
        throw error
      }
    },
  }
}
