import type { Holding } from '../../check/consent-history.ts'
import type { Consent } from './histories.ts'
import { nameOf } from './rows.ts'
import type { Seen, Violation, ViolationKind } from './seen.ts'

/** How long the projector may take to end a grant that ran out, once nothing is in its way. */
const ENDED_WITHIN_MS = 10_000

/** consent.state is the fold of the ledger, salts belong to one grant each, and grants end. */
export function judgeConsent(seen: Seen, consent: Consent): Violation[] {
  return [...differences(consent), ...foldedOnce(consent), ...sharedSalts(consent), ...endless(seen, consent)]
}

function differences({ differences }: Consent): Violation[] {
  return differences.map(([ref, words]) => {
    const kind: ViolationKind = words.includes('carried')
      ? 'wrong carried'
      : words.includes('does not end')
        ? 'stall'
        : words.includes('a salt that an earlier grant had')
          ? 'salt reused'
          : 'wrong state'
    return { kind, words: `${nameOf(ref)}: ${words}` }
  })
}

/** One state for each decision, none twice. */
function foldedOnce({ states, decisions }: Consent): Violation[] {
  const violations: Violation[] = []
  const own = Map.groupBy(decisions, ({ ref }) => ref)
  for (const [ref, records] of states) {
    const offsets = (own.get(ref) ?? []).map(({ offset }) => offset + 1)
    const positions = records.map(({ position }) => position)
    const expected = offsets.slice(0, positions.length)
    if (positions.join() !== expected.join()) {
      const words = `${nameOf(ref)}: states at positions ${positions.join()}, where the ledger gives ${offsets.join()}`
      violations.push({ kind: 'wrong state', words })
    }
  }
  return violations
}

/** No two people, purposes or grants have one salt. (That none comes back to a ref, the fold sees.) */
function sharedSalts({ states }: Consent): Violation[] {
  const owners = new Map<string, string>()
  const violations: Violation[] = []
  for (const [ref, records] of states) {
    for (const { purposes } of records) {
      for (const [purpose, { salt }] of purposes) {
        if (salt === null) continue
        const owner = `${nameOf(ref)} for ${purpose}`
        const other = owners.get(salt) ?? owner
        owners.set(salt, other)
        if (other !== owner) violations.push({ kind: 'salt reused', words: `${other} and ${owner} have one salt` })
      }
    }
  }
  return violations
}

function endless(seen: Seen, consent: Consent): Violation[] {
  const violations: Violation[] = []
  for (const [ref, versions] of consent.versions) {
    for (const [purpose, holding] of versions.at(-1)?.holds ?? new Map<string, Holding>()) {
      if (holding.status !== 'granted' || holding.untilMs === null) continue
      const dueMs = Math.max(holding.untilMs, seen.healedAtMs) + ENDED_WITHIN_MS
      if (seen.endedAtMs <= dueMs) continue
      const words = `${nameOf(ref)} for ${purpose}: granted until ${holding.untilMs}, and still at ${seen.endedAtMs}`
      violations.push({ kind: 'grant not ended', words })
    }
  }
  return violations
}
