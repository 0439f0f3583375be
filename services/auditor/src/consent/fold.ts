import type { Decision } from './ledger.ts'

/** The ledger folded a second time, by the rules that the documentation has. What held for a ref after each decision. */

export interface Holding {
  readonly status: string
  readonly sinceMs: number
  readonly untilMs: number | null
  readonly notice: number
  /** Events before it have `noticeBefore`. */
  readonly noticeSinceMs: number
  readonly noticeBefore: number
  /** Ledger offset at which the grant that runs began; -1: none does. */
  readonly grant: number
}

export interface Version {
  /** Holds from this ledger position on (next offset after the decision). */
  readonly position: number
  readonly purposes: ReadonlyMap<string, Holding>
  /** Everything was taken away once: a purpose never heard of is refused too. */
  readonly allTaken: boolean
}

const TAKEN: Readonly<Record<string, string>> = { withdraw: 'withdrawn', object: 'objected', erase: 'erased' }
const REFUSED: ReadonlySet<string> = new Set(Object.values(TAKEN))
/** So many decisions are remembered by their ids; what comes again after more is folded again. */
const REMEMBERED = 32

/** @param decisions of one ref, in the order of the ledger */
export function foldAll(decisions: readonly Decision[]): Version[] {
  const fold = new Fold()
  return decisions.map((decision) => fold.take(decision))
}

class Fold {
  readonly #purposes = new Map<string, Holding>()
  /** By purpose, next offset after its last withdrawal. */
  readonly #taken = new Map<string, number>()
  #allTaken = -1
  #allTakenMs = 0
  #position = -1
  #seen: { readonly id: string; readonly tookAway: boolean }[] = []

  take(decision: Decision): Version {
    const tookAway = TAKEN[decision.kind] !== undefined
    // A withdrawal that comes under the id of a grant is no repeat of it.
    const isRepeat = this.#seen.some((one) => one.id === decision.decisionId && (!tookAway || one.tookAway))
    if (!isRepeat) {
      this.#apply(decision)
      this.#seen = [...this.#seen, { id: decision.decisionId, tookAway }].slice(-REMEMBERED)
    }
    this.#position = decision.offset + 1
    return { position: this.#position, purposes: new Map(this.#purposes), allTaken: this.#allTaken >= 0 }
  }

  #apply(decision: Decision): void {
    const sinceMs = Math.max(decision.decidedAtMs, decision.appendTimeMs)
    const taken = TAKEN[decision.kind]
    if (taken !== undefined) return this.#takeAway(decision, taken, sinceMs)
    if (decision.kind === 'grant') return this.#grant(decision, sinceMs)
    if (decision.kind === 'notify') return this.#notify(decision, sinceMs)
    if (decision.kind === 'expire') this.#expire(decision, sinceMs)
  }

  #takeAway({ choices, offset }: Decision, status: string, sinceMs: number): void {
    if (choices.length === 0) {
      this.#allTaken = offset + 1
      this.#allTakenMs = sinceMs
    }
    const purposes = choices.length === 0 ? [...this.#purposes.keys()] : choices.map(({ purpose }) => purpose)
    for (const purpose of purposes) {
      this.#purposes.set(purpose, ended(status, sinceMs))
      this.#taken.set(purpose, offset + 1)
    }
  }

  /** As a whole or not at all. */
  #grant(decision: Decision, sinceMs: number): void {
    const { choices, appendTimeMs, offset } = decision
    if (choices.some(({ untilMs }) => untilMs !== null && untilMs <= sinceMs)) return
    if (choices.some(({ purpose }) => this.#isStale(purpose, decision))) return
    for (const { purpose, notice, untilMs } of choices) {
      const running = this.#running(purpose, appendTimeMs)
      this.#purposes.set(purpose, {
        status: 'granted',
        sinceMs: running === null ? sinceMs : Math.min(running.sinceMs, sinceMs),
        untilMs,
        ...noticeAfter(running, notice, sinceMs),
        grant: running?.grant ?? offset,
      })
    }
  }

  #notify(decision: Decision, sinceMs: number): void {
    for (const { purpose, notice } of decision.choices) {
      const now = this.#purposes.get(purpose)
      const status = now?.status ?? (this.#allTaken >= 0 ? 'erased' : null)
      if (this.#isStale(purpose, decision) || (status !== null && REFUSED.has(status))) continue
      if (this.#running(purpose, decision.appendTimeMs) !== null) continue
      const told = now?.status === 'notified' ? now : null
      const since = told === null ? sinceMs : Math.min(told.sinceMs, sinceMs)
      this.#purposes.set(purpose, { ...ended('notified', since), ...noticeAfter(told, notice, sinceMs) })
    }
  }

  #expire({ choices, appendTimeMs }: Decision, sinceMs: number): void {
    for (const { purpose } of choices) {
      const isGranted = this.#purposes.get(purpose)?.status === 'granted'
      if (isGranted && this.#running(purpose, appendTimeMs) === null)
        this.#purposes.set(purpose, ended('expired', sinceMs))
    }
  }

  /** Knew less than a later withdrawal, or more than anybody can have seen; or was decided before the "no" that holds. */
  #isStale(purpose: string, { basedOn, decidedAtMs }: Decision): boolean {
    const taken = Math.max(this.#taken.get(purpose) ?? -1, this.#allTaken)
    if (basedOn < taken || basedOn > this.#position) return true
    const now = this.#purposes.get(purpose)
    if (now === undefined) return this.#allTaken >= 0 && decidedAtMs < this.#allTakenMs
    return REFUSED.has(now.status) && decidedAtMs < now.sinceMs
  }

  #running(purpose: string, atMs: number): Holding | null {
    const now = this.#purposes.get(purpose)
    return now?.status === 'granted' && (now.untilMs === null || atMs < now.untilMs) ? now : null
  }
}

function ended(status: string, sinceMs: number): Holding {
  return { status, sinceMs, untilMs: null, notice: 0, noticeSinceMs: sinceMs, noticeBefore: 0, grant: -1 }
}

/** A rise counts for events from then on, anything lower for all. */
function noticeAfter(before: Holding | null, notice: number, sinceMs: number) {
  if (before === null) return { notice, noticeSinceMs: sinceMs, noticeBefore: notice }
  const noticeSinceMs = notice > before.notice ? sinceMs : Math.min(before.noticeSinceMs, sinceMs)
  return { notice, noticeSinceMs, noticeBefore: Math.min(before.noticeBefore, notice) }
}
