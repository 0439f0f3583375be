import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readContract } from './contract/read-contract.ts'
import { Rewriter } from './expected.ts'
import { Report } from './findings.ts'
import { auditedOf, batchOf, evidenceOf, logOf } from './fixtures.ts'
import { type Destiny, judgeOutput } from './judge-output.ts'
import { KeyOrder } from './key-order.ts'
import { RowReader } from './rows.ts'
import { Workshop } from './workshop.ts'

const CLEAN_ID = 5
const SCHEMA = { type: 'record', name: 'Clean', fields: [{ name: 'a', type: ['null', 'string'], default: null }] }
const contract = readContract(resolve(import.meta.dirname, '../../../infra/contracts'))

/** A record whose one leaf has this text. */
const value = (text: string) => Buffer.concat([Buffer.of(0, 0, 0, 0, CLEAN_ID, 2, text.length * 2), Buffer.from(text)])

/** A chunk with a row for each text of `rows`, and `missing` more that have expired; its records are `there`. */
function judge(rows: readonly string[], missing: number, there: readonly string[]) {
  const stream = contract.streams.get('clickstream')
  const output = stream?.outputs.get('analytics')
  if (stream === undefined || output === undefined) throw new Error('the sample contract has no analytics')
  const schemas = new Map([[CLEAN_ID, SCHEMA]])
  const records = there.map((text) => ({ value: value(text), timestampMs: 0 }))
  const topics = new Map([['t', logOf('t', records.length === 0 ? [] : [batchOf(records, 1_000, [7, 1_000])])]])
  const shop = new Workshop(evidenceOf({ topics, schemas }))
  const rewriter = new Rewriter(stream, new RowReader(stream, schemas, shop.keys), shop.keys, schemas)
  const destinies = rows.map((text, offset): Destiny => {
    const raw = { partition: 0, offset, appendTimeMs: 0, key: null, value: null }
    const row = {
      raw,
      schemaId: 0,
      event: [],
      subject: '00'.repeat(16),
      device: null,
      eventTimeMs: 0,
      ownSignal: false,
    }
    const asked = { subject: null, device: null, eventTimeMs: 0, ownSignal: false, tickTimeMs: 1 }
    const form = { granted: false, key: null, value: value(text), timestampMs: 0 }
    return { row, asked, decided: { kind: 'stripped' }, form, why: null }
  })
  const report = new Report()
  const judged = {
    output: { ...output, policies: [], otherwise: null },
    topic: 't',
    said: { granted: 0, stripped: there.length, withheld: 0 },
    cleanId: CLEAN_ID,
    rewriter,
  }
  judgeOutput(shop, auditedOf({}), judged, destinies, missing, new KeyOrder(), report)
  const { proved, undecidable } = report.clean
  return { whats: report.findings.map(({ what }) => what), proved, undecidable: [...undecidable] }
}

describe('a chunk of which some raw records have expired', () => {
  it('may have given a record for each of them', () => {
    expect(judge(['a'], 2, ['a', 'x', 'y'])).toEqual({ whats: [], proved: 1, undecidable: [['raw expired', 2]] })
  })

  it('can not have given more: one of them at least is no one’s', () => {
    expect(judge(['a'], 1, ['a', 'x', 'y']).whats).toEqual(['unexplained-record', 'unexplained-record'])
  })

  it('has still given the records of the others', () => {
    expect(judge(['a', 'b'], 1, ['a']).whats).toEqual(['lost-record'])
  })
})
