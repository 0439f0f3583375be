import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Chunk } from './chunk.ts'
import { judgeClaims } from './claims.ts'
import { Report } from './findings.ts'
import { auditedOf, evidenceOf, logOf, rawOf } from './fixtures.ts'
import { Workshop } from './workshop.ts'

const CONTRACT = 'ab'.repeat(32)
const NOW_MS = 100_000
const outputs = ['analytics', 'marketing', 'personalization'].map((purpose) => {
  return { purpose, topic: `clickstream.${purpose}`, granted: 0, stripped: 0, withheld: 0 }
})

/** What is wrong with the claims of a chunk that is right but for these. */
function wrong(chunk: Partial<Chunk>): string[] {
  const evidence = evidenceOf({
    contracts: new Map([[CONTRACT, resolve(import.meta.dirname, '../../../infra/contracts')]]),
    topics: rawOf({ start: 0, end: 100 }),
    ledger: logOf('consent.decisions', [], { end: 50 }),
  })
  const report = new Report()
  judgeClaims(new Workshop(evidence), auditedOf({ contract: CONTRACT, outputs, ...chunk }, NOW_MS), report)
  return report.findings.map(({ promise, what, expected }) => `${promise} ${what}: ${expected}`)
}

const consent = [{ partition: 0, ledgerPosition: 50 }]
const ranges = [{ partition: 0, from: 0, to: 100 }]

describe('what an audit record claims', () => {
  it('is believed when it can be so', () => {
    expect(wrong({ ranges, consent })).toEqual([])
    expect(
      wrong({ kind: 'replay', outputs: [{ ...outputs[0], topic: 'clickstream.analytics.replay-0123abcd' } as never] }),
    ).toEqual([])
  })

  it('is no kind that does not fit the source: a redrive of raw would open nothing and excuse all', () => {
    expect(wrong({ kind: 'redrive' })).toEqual(['8 wrong-audit-record: rows of clickstream.quarantine'])
    expect(wrong({ source: 'other.raw' })).toEqual(['8 wrong-audit-record: rows of clickstream.raw'])
  })

  it('is of a stream of the contract', () => {
    expect(wrong({ stream: 'other', source: 'other.raw' })).toEqual(['8 wrong-audit-record: a stream of the contract'])
  })

  it('leaves no purpose out, names none twice, and none in the topic of another', () => {
    expect(wrong({ outputs: outputs.slice(1) })).toEqual(['8 wrong-audit-record: all purposes of the contract'])
    expect(wrong({ outputs: [...outputs, ...outputs.slice(1)] })).toEqual(['8 wrong-audit-record: each purpose once'])
    const crossed = outputs.map((one) => ({ ...one, topic: 'clickstream.analytics' }))
    expect(wrong({ outputs: crossed })).toEqual([
      '8 wrong-audit-record: marketing in clickstream.marketing',
      '8 wrong-audit-record: personalization in clickstream.personalization',
    ])
    const replayed = outputs.map((one) => ({ ...one, topic: `${one.topic}.replay-0123abcd` }))
    expect(wrong({ outputs: replayed })).toHaveLength(3)
  })

  it('lies in the log', () => {
    expect(wrong({ ranges: [{ partition: 0, from: 0, to: 101 }] })).toHaveLength(1)
    expect(wrong({ ranges: [{ partition: 1, from: 0, to: 1 }] })).toHaveLength(1)
    expect(wrong({ ranges: [{ partition: 0, from: 5, to: 4 }] })).toHaveLength(1)
  })

  it('is no position behind the end of the ledger, and in none of its partitions', () => {
    expect(wrong({ consent: [{ partition: 0, ledgerPosition: 51 }] })).toHaveLength(1)
    expect(wrong({ consent: [{ partition: 1, ledgerPosition: 1 }] })).toHaveLength(1)
  })

  it('is no old tick, by which grants that ran out would pass, and none that is still to come', () => {
    expect(wrong({ consent, tickTimeMs: NOW_MS - 17_001 })).toEqual(['6 stale-consent: the time of a fresh tick'])
    expect(wrong({ consent, tickTimeMs: NOW_MS - 17_000 })).toEqual([])
    expect(wrong({ consent, tickTimeMs: NOW_MS + 15_001 })).toHaveLength(1)
    expect(wrong({ consent: [], tickTimeMs: 0 })).toEqual([])
  })
})
