import { hash } from 'node:crypto'
import type { ConsentState, PurposeState } from '@weir/consent'

const REF_BYTES = 16
const DAY_MS = 86_400_000
const PURPOSES = [
  { name: 'analytics', lastsMs: 365 * DAY_MS },
  { name: 'marketing', lastsMs: 180 * DAY_MS },
  { name: 'personalization', lastsMs: 365 * DAY_MS },
] as const

/** Everything of subject number `n` is read off these 64 bytes, so it can be told again without being kept. */
const diceOf = (n: number): Buffer => hash('sha512', String(n), 'buffer')

/** Of subject number `n`. */
export function refOf(n: number): Buffer {
  return diceOf(n).subarray(0, REF_BYTES)
}

/**
 * What a data subject may have after some months: of each purpose five in eight have a grant that runs for a while yet,
 * two in eight a withdrawal, the others never decided; everyone decided once at least. The last decisions are kept as the
 * fold keeps them.
 */
export function stateOf(n: number, nowMs: number): ConsentState {
  const dice = diceOf(n)
  const position = n + 1
  const purposes: Record<string, PurposeState> = {}
  for (const [i, { name, lastsMs }] of PURPOSES.entries()) {
    const drawn = (dice[48 + i] ?? 0) & 7
    if (drawn > 6 && i > 0) continue
    const sinceMs = nowMs - (1 + ((dice[52 + i] ?? 0) % 150)) * DAY_MS
    const isGranted = drawn < 5
    purposes[name] = {
      status: isGranted ? 'granted' : 'withdrawn',
      sinceMs,
      untilMs: isGranted ? sinceMs + lastsMs : null,
      notice: 1,
      noticeSinceMs: sinceMs,
      noticeBefore: 1,
      salt: isGranted ? hex(dice, 16 + i * 8) : null,
      epoch: isGranted ? 1 : 0,
      decisionId: uuid(dice, 24 + i * 8),
      ledgerOffset: n,
      withdrawnPosition: isGranted ? -1 : position,
    }
  }
  const recent = Object.values(purposes).map(({ decisionId, status }) => ({
    decisionId,
    outcome: 'applied' as const,
    ...(status === 'withdrawn' ? { tookAway: true as const } : {}),
  }))
  return { position, purposes, recent }
}

function hex(bytes: Buffer, at: number): string {
  return bytes.toString('hex', at, at + 16)
}

function uuid(bytes: Buffer, at: number): string {
  return hex(bytes, at).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
