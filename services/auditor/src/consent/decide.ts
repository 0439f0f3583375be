import type { Needed, Output } from '../contract/contract.ts'
import type { Holding, Version } from './fold.ts'

/** What decides about one event. */
export interface Asked {
  readonly subject: Version | null
  readonly device: Version | null
  readonly eventTimeMs: number
  readonly ownSignal: boolean
  readonly tickTimeMs: number
}

/** A policy of `policies` under a grant; or without one. */
export type Decided =
  | { readonly kind: 'granted'; readonly policy: number; readonly holding: Holding; readonly sensitiveAllowed: boolean }
  | { readonly kind: 'stripped' }
  | { readonly kind: 'withheld' }

export function decide(output: Output, asked: Asked): Decided {
  const holding = asked.subject?.purposes.get(output.purpose)
  if (holding?.status === 'granted' && [output, ...output.needs].every((need) => passes(need, asked))) {
    const policy = policyFor(output, noticeAt(holding, asked.eventTimeMs))
    const { sensitiveNeeds } = output
    const sensitiveAllowed = sensitiveNeeds !== null && passes(sensitiveNeeds, asked)
    if (policy >= 0) return { kind: 'granted', policy, holding, sensitiveAllowed }
  }
  return output.otherwise === null ? { kind: 'withheld' } : { kind: 'stripped' }
}

/** The newest whose notice is not above the one shown; -1: none. */
export function policyFor({ policies }: Output, notice: number): number {
  return policies.findLastIndex((policy) => policy.notice <= notice)
}

/** The notice that counted when the event happened. */
export function noticeAt(holding: Holding, eventTimeMs: number): number {
  return eventTimeMs >= holding.noticeSinceMs ? holding.notice : holding.noticeBefore
}

const DENIES: ReadonlySet<string> = new Set(['withdrawn', 'objected', 'erased'])

/** Why a purpose lets nothing of the event pass. */
export type Reason = 'device refuses' | 'own signal' | 'no grant' | 'before the grant' | 'grant ran out'

export function refusal({ purpose, basis, gpcDenies }: Needed, asked: Asked): Reason | null {
  const { subject, device, eventTimeMs, tickTimeMs } = asked
  if (device !== null && DENIES.has(standing(device, purpose))) return 'device refuses'
  if (asked.ownSignal && gpcDenies) return 'own signal'
  const holding = subject?.purposes.get(purpose)
  const isEnough = basis === 'legitimate-interest' ? ['granted', 'notified'] : ['granted']
  if (holding === undefined || !isEnough.includes(holding.status)) return 'no grant'
  if (holding.sinceMs > eventTimeMs) return 'before the grant'
  if (holding.untilMs === null) return null
  return tickTimeMs > 0 && Math.max(eventTimeMs, tickTimeMs) < holding.untilMs ? null : 'grant ran out'
}

function passes(need: Needed, asked: Asked): boolean {
  return refusal(need, asked) === null
}

function standing({ purposes, allTaken }: Version, purpose: string): string {
  return purposes.get(purpose)?.status ?? (allTaken ? 'erased' : 'absent')
}
