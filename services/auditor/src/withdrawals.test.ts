import avro from 'avsc'
import { describe, expect, it } from 'vitest'
import ledgerSchema from './consent/ledger.json' with { type: 'json' }
import stateSchema from './consent/state.json' with { type: 'json' }
import { Report } from './findings.ts'
import { auditedOf, batchOf, evidenceOf, logOf } from './fixtures.ts'
import { judgeWithdrawals } from './withdrawals.ts'
import { Workshop } from './workshop.ts'

const REF = Buffer.alloc(16, 1)
const ID = Buffer.alloc(16, 2)
const BOUND_MS = 15_000

/** A decision at ledger offset 4, whose state was appended at 1,000 and committed at a later time. */
function stale(kind: string, ledgerPosition: number, appendMs: number, visibleMs = 1_000) {
  const decision = {
    decisionId: ID,
    ref: REF,
    linkedTo: null,
    kind,
    choices: [],
    decidedAtMs: 900,
    source: 'api',
    jurisdiction: null,
    basedOn: -1,
  }
  const state = {
    position: 5,
    erasedPosition: -1,
    erasedSinceMs: 0,
    purposes: [],
    recent: [],
    refusedAll: null,
    links: [],
  }
  const evidence = evidenceOf({
    ledger: logOf('consent.decisions', [batchOf([{ offset: 4, value: record(ledgerSchema, 'Decision', decision) }])]),
    state: logOf('consent.state', [
      batchOf([{ key: REF, value: record(stateSchema, 'State', state), timestampMs: 1_000 }], visibleMs),
    ]),
    commitBoundMs: BOUND_MS,
  })
  const report = new Report()
  judgeWithdrawals(
    new Workshop(evidence),
    [auditedOf({ consent: [{ partition: 0, ledgerPosition }] }, appendMs)],
    report,
  )
  return report.findings.map(({ promise, what }) => `${promise} ${what}`)
}

/** Version byte and Avro. */
function record(schema: unknown, name: string, value: object): Buffer {
  const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true })
  return Buffer.concat([Buffer.of(1), type.toBuffer({ [`weir.consent.${name}`]: value })])
}

describe('the consent that a chunk was decided by', () => {
  it('has each decision that was visible longer before it than a transaction lasts, and not a millisecond less', () => {
    expect(stale('withdraw', 4, 1_000 + BOUND_MS + 1)).toEqual(['6 stale-consent'])
    expect(stale('withdraw', 5, 1_000 + BOUND_MS + 1)).toEqual([])
    expect(stale('withdraw', 4, 1_000 + BOUND_MS)).toEqual([])
  })

  it('has grants too: by an old position all would be stripped', () => {
    expect(stale('grant', 4, 1_000 + BOUND_MS + 1)).toEqual(['6 stale-consent'])
  })

  it('need not have what was written long before and committed late', () => {
    expect(stale('withdraw', 4, 1_000 + BOUND_MS + 1, 3_000)).toEqual([])
  })
})
