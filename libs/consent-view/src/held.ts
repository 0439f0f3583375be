import type { Held, HeldReason } from './port.ts'

export type { Held } from './port.ts'

/** When it is worth trying again, in milliseconds: soon for what mends itself in a moment, later for what is away. */
const RETRY_AFTER_MS: Readonly<Record<HeldReason, number>> = {
  'consent-cold': 100,
  'redis-away': 250,
  'redis-behind': 50,
  'consent-topic-away': 250,
  'consent-unreadable': 1_000,
}

export function held(reason: HeldReason): Held {
  return { kind: 'held', reason, retryAfterMs: RETRY_AFTER_MS[reason] }
}
