import type { ConsentState, PurposeState } from '@weir/consent'
import type { Consent, Consents } from './case.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** When an event is processed: a minute after it happened. */
export function processedAt(eventTimeMs: number): number {
  return eventTimeMs + MINUTE_MS
}

/** Answers as the decision rule sees them when the event is processed; null when nothing is known. */
export function consentState(consents: Consents, eventTimeMs: number): ConsentState | null {
  if (consents.size === 0) return null
  const purposes = [...consents].map(([name, consent]) => [name, purposeState(consent, eventTimeMs)] as const)
  return { position: 1, purposes: Object.fromEntries(purposes), recent: [] }
}

function purposeState({ status, notice, since, until }: Consent, eventTimeMs: number): PurposeState {
  const now = processedAt(eventTimeMs)
  const sinceMs = since === 'before-event' ? eventTimeMs - HOUR_MS : eventTimeMs + MINUTE_MS / 2
  return {
    status,
    sinceMs,
    untilMs: until === 'passed' ? now : now + HOUR_MS,
    notice,
    noticeSinceMs: sinceMs,
    noticeBefore: notice,
    // Any salt: the commands show no pseudonyms, only that there is one.
    salt: status === 'granted' ? '00'.repeat(16) : null,
    epoch: status === 'granted' ? 1 : 0,
    decisionId: '00000000-0000-4000-8000-000000000000',
    ledgerOffset: 0,
    withdrawnPosition: -1,
  }
}
