import { type Carried, compareCarried, DeviceLinks } from './consent-links.ts'
import type { LedgerDecision, RecordedState } from './consent-records.ts'

/** What held for a ref after each of its decisions: the ledger folded a second time. */

export interface Holding {
  readonly status: string
  readonly sinceMs: number
  readonly untilMs: number | null
  readonly notice: number
  /** Events before it have `noticeBefore` instead: when the notice last rose. */
  readonly noticeSinceMs: number
  readonly noticeBefore: number
  /** Ledger offset at which the grant began that runs; -1 when none does. */
  readonly grantOffset: number
  /** From consent.state; null when no grant runs, or its salt is gone. */
  readonly salt: string | null
  readonly epoch: number
}

export interface Version {
  /** Null before the first decision. */
  readonly decision: LedgerDecision | null
  readonly purposes: ReadonlyMap<string, Holding>
}

export interface History {
  /** versions[0] is what held before the first decision: nothing. */
  readonly versions: readonly Version[]
  /** Places where consent.state says something else than this fold, in words without ids. */
  readonly differences: readonly string[]
}

export const NO_HISTORY: History = { versions: [{ decision: null, purposes: new Map() }], differences: [] }

const TAKEN: Readonly<Record<string, string>> = { withdraw: 'withdrawn', object: 'objected', erase: 'erased' }

/** Histories by ref. */
export function foldLedger(
  decisions: readonly LedgerDecision[],
  states: ReadonlyMap<string, readonly RecordedState[]>,
): Map<string, History> {
  const byRef = Map.groupBy(decisions, (decision) => decision.ref)
  const histories = new Map<string, History>()
  const carried: Carried[] = []
  for (const [ref, own] of byRef) {
    const folded = foldOne(own, states.get(ref) ?? [])
    histories.set(ref, folded.history)
    carried.push(...folded.carried)
  }
  for (const [ref, more] of compareCarried(carried, decisions)) {
    const history = histories.get(ref) ?? NO_HISTORY
    histories.set(ref, { ...history, differences: [...history.differences, ...more] })
  }
  for (const ref of states.keys()) {
    if (!byRef.has(ref)) histories.set(ref, { ...NO_HISTORY, differences: ['a state without any decision'] })
  }
  return histories
}

interface Fold {
  readonly purposes: Map<string, Holding>
  /** Next offset after the purpose's last withdrawal. */
  readonly withdrawn: Map<string, number>
  erased: number
  /** Before this nobody can have agreed to a purpose that was never heard of: when everything was erased. */
  erasedSinceMs: number
  position: number
  readonly seen: Set<string>
  /** Salts of all grants so far. */
  readonly salts: Set<string>
  readonly links: DeviceLinks
}

function foldOne(
  decisions: readonly LedgerDecision[],
  states: readonly RecordedState[],
): { history: History; carried: readonly Carried[] } {
  const fold: Fold = {
    purposes: new Map(),
    withdrawn: new Map(),
    erased: -1,
    erasedSinceMs: 0,
    position: -1,
    seen: new Set(),
    salts: new Set(),
    links: new DeviceLinks(),
  }
  const versions: Version[] = [{ decision: null, purposes: new Map() }]
  const differences: string[] = []
  for (const decision of decisions) {
    if (!fold.seen.has(decision.decisionId)) {
      apply(fold, decision)
      fold.links.follow(decision, fold.purposes)
    }
    fold.seen.add(decision.decisionId)
    fold.position = decision.offset + 1
    const recorded = states.find((state) => state.position > decision.offset)
    if (takeSalts(fold, recorded)) differences.push('a grant has a salt that an earlier grant had')
    versions.push({ decision, purposes: new Map(fold.purposes) })
    if (recorded?.position === fold.position) differences.push(...compare(fold, recorded, decision))
  }
  const last = states.at(-1)
  if (last?.position !== fold.position) differences.push('consent.state does not end where the ledger does')
  return { history: { versions, differences }, carried: fold.links.carried }
}

function apply(fold: Fold, decision: LedgerDecision): void {
  const { kind, choices, appendTimeMs } = decision
  const sinceMs = Math.max(decision.decidedAtMs, appendTimeMs)
  const taken = TAKEN[kind]
  if (taken !== undefined) {
    if (choices.length === 0) {
      fold.erased = decision.offset + 1
      fold.erasedSinceMs = sinceMs
    }
    const purposes = choices.length === 0 ? [...fold.purposes.keys()] : choices.map((choice) => choice.purpose)
    for (const purpose of purposes) {
      fold.purposes.set(purpose, ended(taken, sinceMs))
      fold.withdrawn.set(purpose, decision.offset + 1)
    }
  } else if (kind === 'grant') {
    const stale = choices.some(({ purpose }) => isStale(fold, purpose, decision))
    const runOut = choices.some(({ untilMs }) => untilMs !== null && untilMs <= sinceMs)
    if (stale || runOut) return
    for (const { purpose, notice, untilMs } of choices) {
      const running = runningGrant(fold, purpose, appendTimeMs)
      fold.purposes.set(purpose, {
        status: 'granted',
        sinceMs: running === null ? sinceMs : Math.min(running.sinceMs, sinceMs),
        untilMs,
        ...noticeAfter(running, notice, sinceMs),
        grantOffset: running?.grantOffset ?? decision.offset,
        salt: running?.salt ?? null,
        epoch: running?.epoch ?? 0,
      })
    }
  } else if (kind === 'expire') {
    for (const { purpose } of choices) {
      const granted = fold.purposes.get(purpose)?.status === 'granted'
      if (granted && runningGrant(fold, purpose, appendTimeMs) === null)
        fold.purposes.set(purpose, ended('expired', sinceMs))
    }
  } else if (kind === 'notify') {
    for (const { purpose, notice } of choices) notify(fold, decision, purpose, notice, sinceMs)
  }
}

function notify(fold: Fold, decision: LedgerDecision, purpose: string, notice: number, sinceMs: number): void {
  const now = fold.purposes.get(purpose)
  if (refusedSince(fold, purpose) !== null || isStale(fold, purpose, decision)) return
  if (runningGrant(fold, purpose, decision.appendTimeMs) !== null) return
  const told = now?.status === 'notified' ? now : null
  const since = told === null ? sinceMs : Math.min(told.sinceMs, sinceMs)
  fold.purposes.set(purpose, { ...ended('notified', since), ...noticeAfter(told, notice, sinceMs) })
}

/** Knew less than a later withdrawal, or more than anybody can have seen; or was decided before the "no" that holds. */
function isStale(fold: Fold, purpose: string, { basedOn, decidedAtMs }: LedgerDecision): boolean {
  if (basedOn < Math.max(fold.withdrawn.get(purpose) ?? -1, fold.erased) || basedOn > fold.position) return true
  const refused = refusedSince(fold, purpose)
  return refused !== null && decidedAtMs < refused
}

/** Null: no refusal holds. */
function refusedSince(fold: Fold, purpose: string): number | null {
  const now = fold.purposes.get(purpose)
  if (now === undefined) return fold.erased >= 0 ? fold.erasedSinceMs : null
  return Object.values(TAKEN).includes(now.status) ? now.sinceMs : null
}

/** A rise counts for events from then on, anything lower for all. */
function noticeAfter(before: Holding | null, notice: number, sinceMs: number) {
  if (before === null) return { notice, noticeSinceMs: sinceMs, noticeBefore: notice }
  if (notice > before.notice) return { notice, noticeSinceMs: sinceMs, noticeBefore: before.noticeBefore }
  const noticeSinceMs = Math.min(before.noticeSinceMs, sinceMs)
  return { notice, noticeSinceMs, noticeBefore: Math.min(before.noticeBefore, notice) }
}

function runningGrant(fold: Fold, purpose: string, atMs: number): Holding | null {
  const holding = fold.purposes.get(purpose)
  if (holding?.status !== 'granted') return null
  return holding.untilMs === null || atMs < holding.untilMs ? holding : null
}

function ended(status: string, sinceMs: number): Holding {
  const notices = { notice: 0, noticeSinceMs: sinceMs, noticeBefore: 0 }
  return { status, sinceMs, untilMs: null, ...notices, grantOffset: -1, salt: null, epoch: 0 }
}

/** Salts are drawn by the projector, so they are taken from what it published. Answers whether one came back. */
function takeSalts(fold: Fold, recorded: RecordedState | undefined): boolean {
  let cameBack = false
  for (const [purpose, holding] of fold.purposes) {
    const salt = recorded?.purposes.get(purpose)?.salt
    if (holding.status !== 'granted' || holding.salt !== null || salt === null || salt === undefined) continue
    cameBack ||= fold.salts.has(salt)
    fold.salts.add(salt)
    fold.purposes.set(purpose, { ...holding, salt, epoch: recorded?.purposes.get(purpose)?.epoch ?? 0 })
  }
  return cameBack
}

/** A new salt for each grant and none after it, statuses, since, notices: all as this fold has them. */
function compare(fold: Fold, recorded: RecordedState, decision: LedgerDecision): string[] {
  const differences: string[] = []
  const where = `ledger partition ${decision.partition} offset ${decision.offset}`
  const names = new Set([...fold.purposes.keys(), ...recorded.purposes.keys()])
  for (const purpose of names) {
    const own = fold.purposes.get(purpose)
    const theirs = recorded.purposes.get(purpose)
    const same =
      own?.status === theirs?.status &&
      own?.sinceMs === theirs?.sinceMs &&
      own?.notice === theirs?.notice &&
      own?.noticeSinceMs === theirs?.noticeSinceMs &&
      own?.noticeBefore === theirs?.noticeBefore &&
      (own?.salt ?? null) === (theirs?.salt ?? null) &&
      (own?.status === 'granted') === (theirs?.salt !== null && theirs?.salt !== undefined)
    if (!same) differences.push(`${where}: consent.state has another ${purpose} than the ledger gives`)
  }
  if (fold.links.subjects.join() !== recorded.links.join())
    differences.push(`${where}: consent.state has other links than the ledger gives`)
  return differences
}
