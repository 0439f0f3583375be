import type { Consent } from './histories.ts'
import type { Seen, Violation } from './seen.ts'

/** What the API accepted is in the ledger and becomes effective; what it calls effective can be seen. */
export function judgeDecisions(seen: Seen, { decisions, versions }: Consent): Violation[] {
  const violations: Violation[] = []
  const known = new Set(seen.decisions.map(({ id }) => id))
  const byId = Map.groupBy(decisions, ({ decisionId }) => decisionId)
  const visible = new Map(
    [...versions.values()].flatMap((own) =>
      own.flatMap(({ decision, visibleAtMs }) => (decision === null ? [] : [[decision, visibleAtMs] as const])),
    ),
  )
  for (const { id, short, sentAtMs, acceptedAtMs, effectiveAtMs } of seen.decisions) {
    if (acceptedAtMs === null && !short) {
      violations.push({ kind: 'not effective', words: `decision ${id}, sent at ${sentAtMs}, was never accepted` })
    }
    const records = byId.get(id) ?? []
    if (acceptedAtMs !== null && records.length === 0) {
      violations.push({
        kind: 'lost',
        words: `decision ${id} was accepted at ${acceptedAtMs} and is not in the ledger`,
      })
      continue
    }
    if (acceptedAtMs !== null && effectiveAtMs === null) {
      violations.push({ kind: 'not effective', words: `decision ${id}, accepted at ${acceptedAtMs}, never became it` })
    }
    const seenAtMs = Math.min(...records.map((record) => visible.get(record) ?? Number.POSITIVE_INFINITY))
    if (effectiveAtMs !== null && seenAtMs > effectiveAtMs) {
      const words = `decision ${id} was called effective at ${effectiveAtMs}, and could be seen at ${seenAtMs}`
      violations.push({ kind: 'not effective', words })
    }
  }
  for (const { decisionId, source, kind, partition, offset } of decisions) {
    if (known.has(decisionId) || source === 'projector' || source === 'link') continue
    violations.push({ kind: 'wrong state', words: `ledger ${partition}/${offset}: a ${kind} that nobody sent` })
  }
  return violations
}
