import { auditRecords, isJudged } from './audit-records.ts'
import { judgeCoverage } from './coverage.ts'
import type { Evidence } from './evidence.ts'
import { Report } from './findings.ts'
import { judgeChunk } from './judge-chunk.ts'
import { KeyOrder } from './key-order.ts'
import type { Keys } from './keys.ts'
import { judgeWithdrawals } from './withdrawals.ts'
import { type Audited, Workshop } from './workshop.ts'

/** How far it is; called after each chunk. */
export type OnProgress = (chunksDone: number, chunks: number, report: Report) => void | Promise<void>

/** Judges everything that the evidence holds. */
export async function audit(evidence: Evidence, onProgress: OnProgress = () => {}): Promise<Report> {
  const report = new Report()
  const shop = new Workshop(evidence)
  const { all, judged } = readAudited(evidence, shop.keys, report)
  const orders = new Map<string, KeyOrder>()
  for (const [done, audited] of judged.entries()) {
    const order = orders.get(audited.chunk.kind) ?? new KeyOrder()
    orders.set(audited.chunk.kind, order)
    judgeChunk(shop, audited, order, report)
    await onProgress(done + 1, judged.length, report)
  }
  const expiredBeforeMs = expiryOf(evidence)
  judgeCoverage(evidence, judged, expiredBeforeMs, report)
  judgeWithdrawals(shop, judged, report)
  judgeOrphans(shop, all, judged, expiredBeforeMs, report)
  return report
}

/** All audit records, and those that lie in the range, oldest first. */
function readAudited(evidence: Evidence, keys: Keys, report: Report) {
  const { audit } = evidence
  const all: Audited[] = []
  for (const read of auditRecords(audit, keys)) {
    if (read.audited !== null) all.push(read.audited)
    else {
      const { partition, offset } = read
      report.findings.push({ ...orphan(null, audit.topic, partition, offset), ...UNREADABLE, found: read.why })
    }
  }
  const judged = all.filter((audited) => isJudged(audited, evidence))
  return { all, judged: judged.sort((a, b) => a.appendMs - b.appendMs) }
}

const UNREADABLE = { what: 'wrong-audit-record', expected: 'an audit record' } as const

/** Audit records of before this time may be gone; -Infinity: none is. */
function expiryOf({ audit }: Evidence): number {
  const gone = audit.partitions.filter(({ start }) => start > 0)
  return Math.max(
    Number.NEGATIVE_INFINITY,
    ...gone.map(({ batches }) => batches[0]?.committedMs ?? Number.POSITIVE_INFINITY),
  )
}

/** Clean records that no audit record accounts for, and transactions that more than one does. */
function judgeOrphans(
  shop: Workshop,
  all: readonly Audited[],
  judged: readonly Audited[],
  expiredBeforeMs: number,
  report: Report,
): void {
  const { audit, fromMs, toMs, purposes } = shop.evidence
  const known = new Set<string>()
  for (const { transaction, partition, offset } of all) {
    if (known.has(transaction))
      report.findings.push({
        ...orphan(null, audit.topic, partition, offset),
        what: 'wrong-audit-record',
        expected: 'one audit record a transaction',
        found: 'two',
      })
    known.add(transaction)
  }
  const topics = new Map(
    judged.flatMap(({ chunk }) => chunk.outputs.map(({ topic, purpose }) => [topic, purpose] as const)),
  )
  for (const [topic, purpose] of topics) {
    if (purposes !== null && !purposes.has(purpose)) continue
    for (const [transaction, placed] of shop.transactionsOf(topic)) {
      if (known.has(transaction)) continue
      for (const { partition, batch } of placed) {
        if (batch.committedMs < fromMs || batch.committedMs >= toMs) continue
        const records = batch.records()
        if (batch.committedMs <= expiredBeforeMs) report.clean.cannot('audit record expired', records.length)
        else {
          report.clean.violated += records.length
          for (const { offset } of records) report.findings.push(orphan(purpose, topic, partition, offset))
        }
      }
    }
  }
}

function orphan(purpose: string | null, topic: string, partition: number, offset: number) {
  return {
    promise: 8,
    what: 'no-audit-record',
    purpose,
    topic,
    partition,
    offset,
    raw: null,
    leaves: [],
    expected: 'a record of a transaction that has an audit record',
    found: 'one without',
  } as const
}
