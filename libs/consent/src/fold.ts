import { FoldOrderError } from './errors.ts'
import type { EndedGrant, Folded, LedgerPlace, SaltSource } from './folded.ts'
import { carriedAtLink, carriedFrom, linkedLast } from './link.ts'
import {
  type ConsentState,
  type Decision,
  type PurposeState,
  type PurposeStatus,
  RECENT_DECISIONS,
  type RecentDecision,
  type RefusedAll,
  type SubjectRef,
} from './model.ts'
import { renewedNotice } from './notice.ts'
import { purposeRecord } from './purpose-record.ts'

/** Kinds that take away. Never refused, and each leaves a position that older grants can't pass. */
const TAKES_AWAY = { withdraw: 'withdrawn', object: 'objected', erase: 'erased' } as const

/** Statuses that only a grant of the person lifts: being told of a purpose is no decision of theirs. */
const REFUSALS: ReadonlySet<PurposeStatus> = new Set<PurposeStatus>(['withdrawn', 'objected', 'erased'])

/**
 * Folds one decision of the ledger into the state of its ref. Pure; `state` is null for a ref without one.
 *
 * - A repeated decision id changes nothing but the position.
 * - A grant (or notify) based on something older than a later withdrawal of the same purpose is refused, and so is one
 *   that was decided before the refusal that holds: a "yes" that arrives late does not override a later "no", whatever
 *   state its sender says it saw. A grant over several purposes is refused as a whole when one of them is: the person
 *   made one choice on one page, and half of it is a combination that nobody chose; they are shown what holds and
 *   choose again.
 * - Withdrawals are never refused, whatever they are based on.
 * - `since` is the later of decided-at and append time. An earlier decided-at (an import) is evidence only; a later one
 *   (a clock ahead, or a grant from a day to come) makes the grant begin then: nothing before it passes.
 * - A grant while one runs is a renewal: it takes notice and until, keeps since and salt. After `until` (by append
 *   time) the old grant has ended and a new one begins with a salt of its own.
 * - A renewal under a higher notice counts for events from then on: earlier ones keep the notice the grant began under.
 *   One under a lower notice counts for all events, earlier ones too.
 * - A grant that has already run out when it is folded is refused.
 * - `notify` never lifts a refusal and never weakens a grant.
 * - `expire` ends only grants whose `until` has passed by append time: a renewal that came before it wins.
 * - `link` adds a data subject to a device, as the newest of MAX_LINKS. What is refused on the device is carried to a
 *   subject when it is linked, and to all linked subjects when it is refused later: `carried`, for the caller to append.
 *   Linking again carries nothing (it was carried before), and whoever erases everything of a device erases its links.
 *
 * @throws FoldOrderError when the record lies before the state's position: whoever wrote the state has folded further
 */
export function fold(state: ConsentState | null, decision: Decision, at: LedgerPlace, source: SaltSource): Folded {
  if (state !== null && at.offset < state.position) throw new FoldOrderError(at.offset, state.position)
  const position = at.offset + 1
  if (state !== null && isRepeat(state, decision)) {
    return { state: { ...state, position }, outcome: 'repeated', ended: [], carried: [] }
  }

  const draft = new Draft(state, decision, at)
  const outcome = apply(draft, state, source)
  return { state: draft.finish(position, outcome), outcome, ended: draft.ended, carried: draft.carried }
}

function apply(draft: Draft, state: ConsentState | null, source: SaltSource): RecentDecision['outcome'] {
  switch (draft.decision.kind) {
    case 'grant':
      return grant(draft, source)
    case 'notify':
      return notify(draft)
    case 'expire':
      return expire(draft)
    case 'withdraw':
    case 'object':
    case 'erase':
      return takeAway(draft, TAKES_AWAY[draft.decision.kind])
    case 'link':
      return link(draft, state)
    default:
      return unknownKind(draft.decision.kind)
  }
}

function grant(draft: Draft, source: SaltSource): 'applied' | 'refused' {
  const { decision, at } = draft
  const { purposes, notices, untilMs } = decision
  if (notices.length !== purposes.length || untilMs.length !== purposes.length) return 'refused'
  const sinceMs = Math.max(decision.decidedAtMs, at.appendTimeMs)
  const runOut = untilMs.some((until) => until !== null && until <= sinceMs)
  if (runOut || purposes.some((purpose) => draft.isStale(purpose))) return 'refused'

  for (const [i, purpose] of purposes.entries()) {
    const running = draft.runningGrant(purpose)
    if (running === null) draft.endGrant(purpose, 'expired')
    draft.put(purpose, {
      status: 'granted',
      // A renewal may begin earlier than a grant that lies in the future (a clock that was ahead), never later.
      sinceMs: running === null ? sinceMs : Math.min(running.sinceMs, sinceMs),
      untilMs: untilMs[i] ?? null,
      ...renewedNotice(running, notices[i] ?? 0, sinceMs),
      salt: running?.salt ?? source.salt(),
      epoch: running?.epoch ?? source.epoch,
    })
  }
  return 'applied'
}

function notify(draft: Draft): 'applied' | 'refused' {
  const { decision, at } = draft
  if (decision.notices.length !== decision.purposes.length) return 'refused'
  let outcome: 'applied' | 'refused' = 'refused'
  for (const [i, purpose] of decision.purposes.entries()) {
    const status = draft.status(purpose)
    if (draft.isStale(purpose) || (status !== null && REFUSALS.has(status))) continue
    outcome = 'applied'
    if (draft.runningGrant(purpose) !== null) continue
    const told = status === 'notified' ? draft.get(purpose) : undefined
    draft.endGrant(purpose, 'expired')
    const sinceMs = Math.max(decision.decidedAtMs, at.appendTimeMs)
    draft.put(purpose, {
      ...NO_GRANT,
      status: 'notified',
      sinceMs: told === undefined ? sinceMs : Math.min(told.sinceMs, sinceMs),
      ...renewedNotice(told ?? null, decision.notices[i] ?? 0, sinceMs),
    })
  }
  return outcome
}

function expire(draft: Draft): 'applied' | 'refused' {
  let outcome: 'applied' | 'refused' = 'refused'
  for (const purpose of draft.decision.purposes) {
    if (draft.get(purpose)?.status !== 'granted' || draft.runningGrant(purpose) !== null) continue
    outcome = 'applied'
    draft.endGrant(purpose, 'expired')
    draft.put(purpose, { ...NO_GRANT, ...draft.from(), status: 'expired' })
  }
  return outcome
}

/** No purposes named means all of them, for a withdrawal too: of two readings the one that takes more away. */
function takeAway(draft: Draft, status: 'withdrawn' | 'objected' | 'erased'): 'applied' {
  const { purposes } = draft.decision
  draft.carried = carriedFrom(draft.decision, draft.links)
  if (purposes.length === 0) draft.takeAwayAll()
  for (const purpose of purposes.length === 0 ? draft.known() : purposes) {
    draft.endGrant(purpose, status)
    draft.put(purpose, {
      ...NO_GRANT,
      ...draft.from(),
      status,
      withdrawnPosition: draft.at.offset + 1,
    })
  }
  return 'applied'
}

function link(draft: Draft, device: ConsentState | null): 'applied' | 'refused' {
  const { linkedTo, ref } = draft.decision
  if (linkedTo === undefined || linkedTo === ref) return 'refused'
  if (device !== null && !draft.links.includes(linkedTo)) draft.carried = carriedAtLink(device, linkedTo)
  draft.links = linkedLast(draft.links, linkedTo)
  return 'applied'
}

const NO_GRANT = { untilMs: null, notice: 0, noticeBefore: 0, salt: null, epoch: 0 } as const

type NewPurposeState = Omit<PurposeState, 'decisionId' | 'ledgerOffset' | 'withdrawnPosition'> &
  Partial<Pick<PurposeState, 'withdrawnPosition'>>

/** The state while one decision is folded into it. */
class Draft {
  readonly decision: Decision
  readonly at: LedgerPlace
  readonly ended: EndedGrant[] = []
  links: readonly SubjectRef[]
  carried: readonly Decision[] = []
  readonly #before: ConsentState | null
  readonly #purposes: Map<string, PurposeState>
  #erasedPosition: number
  #erasedSinceMs: number
  #refusedAll: RefusedAll | null

  constructor(before: ConsentState | null, decision: Decision, at: LedgerPlace) {
    this.decision = decision
    this.at = at
    this.#before = before
    this.#purposes = new Map(before === null ? [] : Object.entries(before.purposes))
    this.#erasedPosition = before?.erasedPosition ?? -1
    this.#erasedSinceMs = before?.erasedSinceMs ?? 0
    this.#refusedAll = before?.refusedAll ?? null
    this.links = before?.links ?? []
  }

  known(): string[] {
    return [...this.#purposes.keys()]
  }

  get(purpose: string): PurposeState | undefined {
    return this.#purposes.get(purpose)
  }

  /** After everything was erased, a purpose never heard of is erased too. */
  status(purpose: string): PurposeStatus | null {
    return this.#purposes.get(purpose)?.status ?? (this.#erasedPosition >= 0 ? 'erased' : null)
  }

  /**
   * Whether the decision is based on something older than a later withdrawal, or was decided before the refusal that
   * holds. A base that this ref has not reached is one nobody can have seen: stale too.
   */
  isStale(purpose: string): boolean {
    const { basedOn, decidedAtMs } = this.decision
    const withdrawn = Math.max(this.#purposes.get(purpose)?.withdrawnPosition ?? -1, this.#erasedPosition)
    if (basedOn < withdrawn || basedOn > (this.#before?.position ?? -1)) return true
    return decidedAtMs < this.#refusedSinceMs(purpose)
  }

  /** Since when a refusal holds; -Infinity when none does. */
  #refusedSinceMs(purpose: string): number {
    const status = this.status(purpose)
    if (status === null || !REFUSALS.has(status)) return Number.NEGATIVE_INFINITY
    return this.#purposes.get(purpose)?.sinceMs ?? this.#erasedSinceMs
  }

  /** The purpose's grant, unless there is none or its time was over when this record was appended. */
  runningGrant(purpose: string): PurposeState | null {
    const current = this.#purposes.get(purpose)
    if (current === undefined || current.status !== 'granted' || current.salt === null) return null
    return current.untilMs === null || this.at.appendTimeMs < current.untilMs ? current : null
  }

  /** Reports the salt of a grant that is about to be overwritten; does nothing when there is none. */
  endGrant(purpose: string, reason: EndedGrant['reason']): void {
    const current = this.#purposes.get(purpose)
    if (current === undefined || current.salt === null) return
    this.ended.push({ purpose, epoch: current.epoch, salt: current.salt, reason })
  }

  put(purpose: string, next: NewPurposeState): void {
    this.#purposes.set(purpose, {
      ...next,
      decisionId: this.decision.decisionId,
      ledgerOffset: this.at.offset,
      withdrawnPosition: next.withdrawnPosition ?? this.#purposes.get(purpose)?.withdrawnPosition ?? -1,
    })
  }

  takeAwayAll(): void {
    this.#erasedPosition = this.at.offset + 1
    this.#erasedSinceMs = this.from().sinceMs
    const { kind, decisionId } = this.decision
    this.#refusedAll = kind === 'withdraw' || kind === 'object' ? { kind, decisionId } : null
    if (kind === 'erase') this.links = []
  }

  /** When what this decision brings begins: the later of decided-at and append time. */
  from(): Pick<PurposeState, 'sinceMs' | 'noticeSinceMs'> {
    const sinceMs = Math.max(this.decision.decidedAtMs, this.at.appendTimeMs)
    return { sinceMs, noticeSinceMs: sinceMs }
  }

  finish(position: number, outcome: RecentDecision['outcome']): ConsentState {
    const { decisionId, kind } = this.decision
    const folded: RecentDecision =
      kind in TAKES_AWAY ? { decisionId, outcome, tookAway: true } : { decisionId, outcome }
    return {
      position,
      purposes: purposeRecord(this.#purposes),
      recent: [...(this.#before?.recent ?? []), folded].slice(-RECENT_DECISIONS),
      ...(this.#erasedPosition < 0 ? {} : { erasedPosition: this.#erasedPosition, erasedSinceMs: this.#erasedSinceMs }),
      ...(this.#refusedAll === null ? {} : { refusedAll: this.#refusedAll }),
      ...(this.links.length === 0 ? {} : { links: this.links }),
    }
  }
}

/**
 * A withdrawal that carries the id of an earlier grant is a mistake of its sender, not a repeat: dropping it would
 * leave the grant running.
 */
function isRepeat(state: ConsentState, decision: Decision): boolean {
  const takesAway = decision.kind in TAKES_AWAY
  return state.recent.some(
    (recent) => recent.decisionId === decision.decisionId && (!takesAway || recent.tookAway === true),
  )
}

function unknownKind(kind: never): never {
  throw new TypeError(`unknown kind of decision: ${String(kind)}`)
}
