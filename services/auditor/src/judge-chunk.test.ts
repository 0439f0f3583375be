import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import { expect, it } from 'vitest'
import type { Evidence } from './evidence.ts'
import { Report } from './findings.ts'
import { auditedOf, batchOf, evidenceOf, logOf } from './fixtures.ts'
import { judgeChunk } from './judge-chunk.ts'
import { KeyOrder } from './key-order.ts'
import { Workshop } from './workshop.ts'

const FOLDER = resolve(import.meta.dirname, '../../../infra/contracts')
const RAW = JSON.parse(readFileSync(resolve(FOLDER, 'clickstream/event.avsc'), 'utf8'))
const CONTRACT = 'ab'.repeat(32)
const [RAW_ID, CLEAN_ID, NO_SCHEMA_ID] = [5, 6, 7]
const CLEAN = { type: 'record', name: 'Clickstream', namespace: 'weir.clickstream.analytics', fields: [] }

const wire = (id: number, bytes: Buffer) => Buffer.concat([Buffer.of(0, 0, 0, 0, id), bytes])

/** The plainest value of a schema that has no defaults to fall back on. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.includes('null') ? null : plain(schema[0])
  const { type, fields, symbols } = (typeof schema === 'string' ? { type: schema } : schema) as {
    type: unknown
    fields?: { name: string; type: unknown }[]
    symbols?: string[]
  }
  if (typeof type !== 'string') return plain(type)
  if (type === 'record') return Object.fromEntries((fields ?? []).map((field) => [field.name, plain(field.type)]))
  const values: Record<string, unknown> = { enum: symbols?.[0], string: 'x', boolean: false, array: [], map: {} }
  return type in values ? values[type] : 1
}

function judged(cleanValue: Buffer, some: Partial<Evidence> = {}) {
  const value = wire(RAW_ID, avro.Type.forSchema(RAW, { wrapUnions: true }).toBuffer(plain(RAW)))
  const raw = logOf('clickstream.raw', [batchOf([{ key: Buffer.from('x'), value }])])
  const clean = logOf('clickstream.analytics', [batchOf([{ value: cleanValue, timestampMs: 0 }], 1_000, [7, 1_000])])
  const shop = new Workshop(
    evidenceOf({
      contracts: new Map([[CONTRACT, FOLDER]]),
      topics: new Map([raw, clean, logOf('clickstream.quarantine')].map((log) => [log.topic, log])),
      schemas: new Map<number, unknown>([
        [RAW_ID, RAW],
        [CLEAN_ID, CLEAN],
        [NO_SCHEMA_ID, { a: 1 }],
      ]),
      cleanSchemas: new Map([['clickstream.analytics', CLEAN_ID]]),
      ledger: logOf('consent.decisions', [], { end: 9 }),
      ...some,
    }),
  )
  const report = new Report()
  const outputs = [{ purpose: 'analytics', topic: 'clickstream.analytics', granted: 0, stripped: 1, withheld: 0 }]
  const consent = [{ partition: 0, ledgerPosition: 9 }]
  const ranges = [{ partition: 0, from: 0, to: 1 }]
  judgeChunk(shop, auditedOf({ contract: CONTRACT, outputs, consent, ranges }), new KeyOrder(), report)
  return report
}

it('A clean record in the schema of raw, or in none, is named: its own schema says what it must be', () => {
  for (const id of [RAW_ID, NO_SCHEMA_ID]) {
    const { findings, clean } = judged(wire(id, Buffer.of(0)))
    expect(findings.map(({ what }) => what)).toEqual(['altered-record'])
    expect(clean).toMatchObject({ proved: 0, violated: 1 })
  }
})

it('A row that can not be processed is not proved by having been left out of the purposes that are asked for', () => {
  const raw = logOf('clickstream.raw', [batchOf([{ key: Buffer.from('x'), value: null }])])
  const topics = new Map([raw, logOf('clickstream.quarantine')].map((log) => [log.topic, log]))
  const report = judged(wire(CLEAN_ID, Buffer.of(0)), { topics, purposes: new Set(['marketing']) })
  expect(report.findings.map(({ what }) => what)).toContain('not-quarantined')
  expect(report.raw).toMatchObject({ proved: 0, violated: 1 })
})
