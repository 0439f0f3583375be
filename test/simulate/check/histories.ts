import { foldLedger, type History, type Holding } from '../../check/consent-history.ts'
import { type LedgerDecision, type RecordedState, readLedger, readStates } from '../../check/consent-records.ts'
import type { DumpedRecord } from '../../check/evidence.ts'
import type { Seen, SeenRecord } from './seen.ts'

/** What held for each ref, from when it could be known, and since when it must be. */

export interface Version {
  /** Null before the first decision. */
  readonly decision: LedgerDecision | null
  /** Of consent.decisions and consent.state; -1 before the first decision. */
  readonly partition: number
  /** By purpose. */
  readonly holds: ReadonlyMap<string, Holding>
  /** When readers of consent.state could see it; Infinity: not yet. */
  readonly visibleAtMs: number
  /** When the API called it `effective`; Infinity: never. */
  readonly effectiveAtMs: number
}

export interface Consent {
  /** By ref; the first version is what held before any decision. */
  readonly versions: ReadonlyMap<string, readonly Version[]>
  /** The ledger, by partition and offset. */
  readonly decisions: readonly LedgerDecision[]
  /** By ref, in the order in which they were written. */
  readonly states: ReadonlyMap<string, readonly RecordedState[]>
  /** Places where consent.state is no fold of the ledger, by ref. */
  readonly differences: readonly (readonly [ref: string, difference: string])[]
}

export const NO_VERSIONS: readonly Version[] = [
  {
    decision: null,
    partition: -1,
    holds: new Map(),
    visibleAtMs: Number.NEGATIVE_INFINITY,
    effectiveAtMs: Number.NEGATIVE_INFINITY,
  },
]

const REF_BYTES = 16

export function readConsent(seen: Seen): Consent {
  const decisions = readLedger(seen.ledger.filter(({ key }) => (key?.length ?? 0) > REF_BYTES).map(dumped))
  const ofRefs = seen.state.filter(({ key }) => key?.length === REF_BYTES)
  const states = readStates(ofRefs.map(dumped))
  const histories = foldLedger(decisions, states)
  const visible = visibleTimes(decisions, states, ofRefs)
  const effective = effectiveTimes(seen, decisions)
  const versions = new Map<string, Version[]>()
  for (const [ref, history] of histories) versions.set(ref, versionsOf(history, visible, effective))
  return {
    versions,
    decisions,
    states,
    differences: [...histories].flatMap(([ref, { differences }]) => differences.map((one) => [ref, one] as const)),
  }
}

function versionsOf(
  history: History,
  visible: ReadonlyMap<LedgerDecision, number>,
  effective: ReadonlyMap<LedgerDecision, number>,
): Version[] {
  return history.versions.map(({ decision, purposes }) => {
    if (decision === null) return NO_VERSIONS[0] as Version
    return {
      decision,
      partition: decision.partition,
      holds: purposes,
      visibleAtMs: visible.get(decision) ?? Number.POSITIVE_INFINITY,
      effectiveAtMs: effective.get(decision) ?? Number.POSITIVE_INFINITY,
    }
  })
}

/** Of the first state that has the decision in it. */
function visibleTimes(
  decisions: readonly LedgerDecision[],
  states: ReadonlyMap<string, readonly RecordedState[]>,
  records: readonly SeenRecord[],
): Map<LedgerDecision, number> {
  const byRef = Map.groupBy(records, ({ key }) => key?.toString('hex') ?? '')
  const times = new Map<LedgerDecision, number>()
  for (const decision of decisions) {
    const own = byRef.get(decision.ref) ?? []
    const i = (states.get(decision.ref) ?? []).findIndex(({ position }) => position > decision.offset)
    times.set(decision, own[i]?.visibleAtMs ?? Number.POSITIVE_INFINITY)
  }
  return times
}

/** A repeat counts once, so it is the first record of an id that became effective. */
function effectiveTimes(seen: Seen, decisions: readonly LedgerDecision[]): Map<LedgerDecision, number> {
  const answered = new Map(seen.decisions.map(({ id, effectiveAtMs }) => [id, effectiveAtMs]))
  const first = new Map<string, LedgerDecision>()
  for (const decision of decisions) {
    const name = `${decision.ref} ${decision.decisionId}`
    if (!first.has(name)) first.set(name, decision)
  }
  const times = new Map<LedgerDecision, number>()
  for (const decision of first.values()) {
    const at =
      decision.source === 'link'
        ? carriedAt(decision, decisions, answered)
        : (answered.get(decision.decisionId) ?? null)
    if (at !== null) times.set(decision, at)
  }
  return times
}

/**
 * What a device refused holds for its subjects when the refusal is effective, and if they were linked later, when the
 * link is.
 */
function carriedAt(
  carried: LedgerDecision,
  decisions: readonly LedgerDecision[],
  answered: ReadonlyMap<string, number | null>,
): number | null {
  const originId = mixed(carried.decisionId, carried.ref)
  const origin = decisions.find(({ decisionId, source }) => decisionId === originId && source !== 'link')
  if (origin === undefined) return null
  const links = decisions.filter(({ ref, linkedTo }) => ref === origin.ref && linkedTo === carried.ref)
  const later = links.filter(({ offset }) => offset > origin.offset)
  const causes = later.length < links.length ? [origin, ...later] : later
  const times = causes
    .filter(({ appendTimeMs }) => appendTimeMs <= carried.appendTimeMs)
    .map(({ decisionId }) => answered.get(decisionId) ?? null)
    .filter((at): at is number => at !== null && at >= carried.appendTimeMs)
  return times.length === 0 ? null : Math.min(...times)
}

/** Decision id and ref, bit by bit the one or the other and not both. */
function mixed(decisionId: string, ref: string): string {
  const bits = BigInt(`0x${decisionId.replaceAll('-', '')}`) ^ BigInt(`0x${ref}`)
  return bits
    .toString(16)
    .padStart(32, '0')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function dumped({ headers, ...record }: SeenRecord): DumpedRecord {
  return { ...record, headers: Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]) }
}
