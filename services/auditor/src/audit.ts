import { auditRecords, isJudged } from './audit-records.ts'
import { judgeClaims } from './claims.ts'
import { readContract } from './contract/read-contract.ts'
import { judgeCoverage } from './coverage.ts'
import { type Evidence, EvidenceError } from './evidence.ts'
import { Report } from './findings.ts'
import { judgeChunk } from './judge-chunk.ts'
import { KeyOrder } from './key-order.ts'
import type { Keys } from './keys.ts'
import { quarantineOf, writtenTopics } from './topics.ts'
import { judgeWithdrawals } from './withdrawals.ts'
import { type Audited, Workshop } from './workshop.ts'

/** How far it is; called after each chunk. */
export type OnProgress = (chunksDone: number, chunks: number, report: Report) => void | Promise<void>

/** Judges everything that the evidence holds. */
export async function audit(evidence: Evidence, onProgress: OnProgress = () => {}): Promise<Report> {
  const report = new Report()
  const shop = new Workshop(evidence)
  mustBeThere(evidence)
  const { all, judged } = readAudited(evidence, shop.keys, report)
  const orders = new Map<string, KeyOrder>()
  for (const [done, audited] of judged.entries()) {
    const order = orders.get(audited.chunk.kind) ?? new KeyOrder()
    orders.set(audited.chunk.kind, order)
    judgeClaims(shop, audited, report)
    judgeChunk(shop, audited, order, report)
    await onProgress(done + 1, judged.length, report)
  }
  const expiredBeforeMs = expiryOf(evidence)
  judgeCoverage(evidence, all, judged, expiredBeforeMs, report)
  judgeWithdrawals(shop, judged, report)
  judgeSalts(shop, report)
  judgeOrphans(shop, all, expiredBeforeMs, report)
  return report
}

/** A purpose that is misspelt would find nothing violated. @throws EvidenceError */
function mustBeThere({ purposes, contracts }: Evidence): void {
  const streams = [...contracts.values()].flatMap((folder) => [...readContract(folder).streams.values()])
  const known = new Set(streams.flatMap(({ outputs }) => [...outputs.keys()]))
  const unknown = [...(purposes ?? [])].filter((purpose) => !known.has(purpose))
  if (unknown.length > 0) throw new EvidenceError(`no contract that is given has ${unknown.join(', ')}`)
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

/** Salts are drawn at random for each grant. One that served before revives its pseudonyms, or joins those of two purposes. */
function judgeSalts({ consent, evidence }: Workshop, report: Report): void {
  for (const { ref, offset } of consent.revived) {
    report.findings.push({
      promise: 7,
      what: 'foreign-pseudonym',
      purpose: null,
      topic: evidence.state.topic,
      partition: consent.partitionOf(ref),
      offset,
      raw: null,
      leaves: [],
      expected: 'a salt of its own for each grant',
      found: 'one of another grant',
    })
  }
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

/** Clean and quarantine records that no audit record accounts for, and transactions that more than one does. */
function judgeOrphans(shop: Workshop, all: readonly Audited[], expiredBeforeMs: number, report: Report): void {
  const { audit, fromMs, toMs, purposes } = shop.evidence
  /** Topics that each transaction may have written to. */
  const known = new Map<string, Set<string>>()
  for (const { transaction, partition, offset, chunk } of all) {
    if (known.has(transaction))
      report.findings.push({
        ...orphan(null, audit.topic, partition, offset),
        what: 'wrong-audit-record',
        expected: 'one audit record a transaction',
        found: 'two',
      })
    known.set(transaction, new Set([...chunk.outputs.map(({ topic }) => topic), quarantineOf(chunk.source)]))
  }
  for (const [topic, purpose] of writtenTopics(shop.evidence, all)) {
    if (purposes !== null && (purpose === null || !purposes.has(purpose))) continue
    for (const [transaction, placed] of shop.transactionsOf(topic)) {
      const named = known.get(transaction)
      if (named?.has(topic)) continue
      for (const { partition, batch } of placed) {
        if (batch.committedMs < fromMs || batch.committedMs >= toMs) continue
        const records = batch.records()
        if (named === undefined && batch.committedMs <= expiredBeforeMs)
          report.clean.cannot('audit record expired', records.length)
        else {
          if (purpose !== null) report.clean.violated += records.length
          const found = named === undefined ? 'one without' : 'one whose audit record does not name this topic'
          for (const { offset } of records)
            report.findings.push({ ...orphan(purpose, topic, partition, offset), found })
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
