import type { Report } from './findings.ts'
import type { Audited, Workshop } from './workshop.ts'

interface Due {
  readonly visibleMs: number
  /** A chunk that passed its fence after it was visible has at least this ledger position. */
  readonly position: number
}

/**
 * Promise 6: a chunk's ledger positions are not below a decision that was in consent.state longer before the chunk's audit
 * record than a transaction can last: every fence reads up to the end, so grants are seen like withdrawals. A decision is
 * visible when the state that has it is committed; where that one is compacted away, the next one is, which is later and so
 * excuses more.
 */
export function judgeWithdrawals(shop: Workshop, chunks: readonly Audited[], report: Report): void {
  const due = dueByPartition(shop)
  for (const { chunk, appendMs, partition: auditPartition, offset } of chunks) {
    for (const { partition, ledgerPosition } of chunk.consent) {
      const least = leastAt(due.get(partition) ?? [], appendMs - shop.evidence.commitBoundMs)
      if (ledgerPosition >= least) continue
      report.findings.push({
        promise: 6,
        what: 'stale-consent',
        purpose: null,
        topic: shop.evidence.audit.topic,
        partition: auditPartition,
        offset,
        raw: null,
        leaves: [],
        expected: `consent partition ${partition} at ${least} or later`,
        found: `${ledgerPosition}`,
      })
    }
  }
}

/** By partition, ascending by time, with the highest position so far. */
function dueByPartition({ consent, decisions, states }: Workshop): Map<number, Due[]> {
  const all: (Due & { partition: number })[] = []
  for (const [ref, own] of decisions) {
    const recorded = states.get(ref) ?? []
    for (const { offset } of own) {
      const state = recorded.find(({ position }) => position > offset)
      if (state === undefined) continue
      all.push({ partition: consent.partitionOf(ref), visibleMs: state.visibleMs, position: offset + 1 })
    }
  }
  const byPartition = new Map<number, Due[]>()
  for (const [partition, list] of Map.groupBy(all, (one) => one.partition)) {
    let highest = 0
    const sorted = list.sort((a, b) => a.visibleMs - b.visibleMs)
    byPartition.set(
      partition,
      sorted.map(({ visibleMs, position }) => {
        highest = Math.max(highest, position)
        return { visibleMs, position: highest }
      }),
    )
  }
  return byPartition
}

/** Highest position of those visible before the time; 0: none. */
function leastAt(due: readonly Due[], beforeMs: number): number {
  let low = 0
  let high = due.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((due[middle] as Due).visibleMs < beforeMs) low = middle + 1
    else high = middle
  }
  return due[low - 1]?.position ?? 0
}
