import type { ConsentState } from '@weir/consent'
import type { HeldReason } from '@weir/consent-view'
import type { Environment, Ref } from './environment.ts'
import { type ConsentError, stateHeld } from './errors.ts'

/** The state can't be told right now; says why and when to ask again. */
export class LookupHeld extends Error {
  override readonly name = 'LookupHeld'
  readonly code = 'WEIR_CONSENT_STATE_HELD'
  readonly retryAfterMs: number

  constructor(reason: HeldReason, retryAfterMs: number) {
    super(reason)
    this.retryAfterMs = retryAfterMs
  }

  asConsentError(): ConsentError {
    return stateHeld(this.message, this.retryAfterMs)
  }
}

/** One subject's state as of now; null: no decision of theirs was ever folded. Throws LookupHeld. */
export async function lookUp(view: Environment['view'], ref: Ref): Promise<ConsentState | null> {
  const inFlight = view.begin()
  try {
    const looked = await view.lookup(ref.bytes, 1)
    if (looked.kind === 'held') throw new LookupHeld(looked.reason, looked.retryAfterMs)
    return looked.states[0] ?? null
  } finally {
    inFlight.end()
  }
}
