import avro from 'avsc'
import { expect, test } from 'vitest'
import { check, violations } from './check.ts'
import type { DumpedRecord } from './evidence.ts'
import { PURPOSES, syntheticRun } from './fixtures/synthetic-run.ts'

const CLEAN = 'made.clickstream.personalization'

function cleanOf(topics: Map<string, DumpedRecord[]>, name = CLEAN): DumpedRecord[] {
  const records = topics.get(name)
  if (records === undefined) throw new Error(`no topic ${name}`)
  return records
}

const isGranted = ({ key }: DumpedRecord) => key !== null

test('a run without faults has no violation, and every raw record is accounted for in every purpose', () => {
  const { evidence, planted } = syntheticRun()
  const report = check(evidence)
  expect(violations(report), report.findings.join('\n')).toEqual([])
  expect(report.raw).toBe(400)
  expect(report.quarantined).toBe(planted)
  for (const purpose of PURPOSES) {
    const { granted, stripped, withheld } = report.clean[purpose] ?? { granted: 0, stripped: 0, withheld: 0 }
    expect(granted + stripped + withheld + report.quarantined).toBe(400)
    expect(granted).toBeGreaterThan(0)
  }
  expect(report.clean['marketing']?.withheld).toBeGreaterThan(0)
  expect(report.ambiguous).toBe(4 * PURPOSES.length)
})

test('one record taken out is one lost', () => {
  const { evidence, topics } = syntheticRun()
  const records = cleanOf(topics)
  records.splice(records.findIndex(isGranted), 1)
  expect(check(evidence)).toMatchObject({ lost: 1, repeated: 0, leaked: 0 })
})

test('one record doubled is one repeated, whether it has a key or not', () => {
  for (const which of [isGranted, (record: DumpedRecord) => !isGranted(record)]) {
    const { evidence, topics } = syntheticRun()
    const records = cleanOf(topics)
    const record = records.find(which) as DumpedRecord
    records.push({ ...record, offset: records.length })
    expect(check(evidence)).toMatchObject({ lost: 0, repeated: 1, leaked: 0 })
  }
})

test('one leaf put back is one leaked, and the record is not lost', () => {
  const { evidence, topics } = syntheticRun()
  const records = cleanOf(topics)
  const at = records.findIndex((record) => !isGranted(record))
  const record = records[at] as DumpedRecord
  records[at] = { ...record, value: withLeafPutBack(record.value as Buffer, evidence) }
  const report = check(evidence)
  expect(report).toMatchObject({ lost: 0, repeated: 0, leaked: 1 })
  expect(report.findings.join()).toContain('sessionId')
})

test('all three in one topic are told apart', () => {
  const { evidence, topics } = syntheticRun()
  const records = cleanOf(topics)
  const at = records.findIndex((record) => !isGranted(record))
  const record = records[at] as DumpedRecord
  records[at] = { ...record, value: withLeafPutBack(record.value as Buffer, evidence) }
  records.push({ ...(records[at + 1] as DumpedRecord), offset: records.length })
  records.splice(
    records.findLastIndex((one, i) => isGranted(one) && i < at),
    1,
  )
  expect(check(evidence)).toMatchObject({ lost: 1, repeated: 1, leaked: 1 })
})

test('a finer timestamp, a header, or a key where none belongs is a leak', () => {
  const doctored: ((record: DumpedRecord) => DumpedRecord)[] = [
    (record) => ({ ...record, timestampMs: record.timestampMs + 1 }),
    (record) => ({ ...record, headers: [['traceparent', Buffer.from('00-1-1-00')]] }),
    (record) => ({ ...record, key: Buffer.from('1.00112233445566778899aabbccddeeff') }),
  ]
  for (const doctor of doctored) {
    const { evidence, topics } = syntheticRun()
    const records = cleanOf(topics)
    const at = records.findIndex((record) => !isGranted(record))
    records[at] = doctor(records[at] as DumpedRecord)
    expect(check(evidence)).toMatchObject({ lost: 0, repeated: 0, leaked: 1 })
  }
})

test('a granted record after the withdrawal became effective is a leak and counts as leaked after it', () => {
  const { evidence, leaver } = syntheticRun()
  const before = check(evidence).withdrawals.at(-1)
  const after = leaver.rows.filter((row) => row.offset >= leaver.effective).length
  expect(before).toMatchObject({ rawAfter: after, leakedAfter: 0, effectiveMs: 50 })
  expect(before?.grantedBefore).toBe(leaver.rows.filter((row) => row.offset < leaver.request).length)

  // Had the answer come before the rows that were still granted, the same topics would show a leak.
  const journal = evidence.journal.map((entry, i, all) =>
    i === all.length - 1 ? { ...entry, endAfter: entry.committedBefore } : entry,
  )
  const report = check({ ...evidence, journal })
  expect(report.leaked).toBeGreaterThan(0)
  expect(report.lost).toBe(0)
  // Granted for three purposes each.
  expect(report.withdrawals.at(-1)?.leakedAfter).toBe(4 * PURPOSES.length)
})

test('rows while a decision is under way may take either form, wherever between their neighbours they lie', () => {
  const { evidence, leaver } = syntheticRun()
  // As if their first grant had been answered only after ten of their rows: those may be granted or not.
  const tenth = leaver.rows[10]?.offset ?? 0
  const first = evidence.journal.findIndex((entry) => entry.subjectId === leaver.rows[0]?.subjectId)
  const journal = evidence.journal.map((entry, i) => (i === first ? { ...entry, endAfter: [tenth] } : entry))
  const report = check({ ...evidence, journal })
  expect(report.ambiguous).toBe((10 + 4) * PURPOSES.length)
  expect(violations(report)).toEqual([])
})

test('two records of one key in the wrong order are noticed', () => {
  const { evidence, topics } = syntheticRun()
  const records = cleanOf(topics)
  const first = records.findIndex(isGranted)
  const second = records.findIndex((record, i) => i > first && record.key?.equals(records[first]?.key as Buffer))
  const [a, b] = [records[first] as DumpedRecord, records[second] as DumpedRecord]
  records[first] = { ...b, offset: a.offset }
  records[second] = { ...a, offset: b.offset }
  expect(check(evidence).outOfOrder).toBeGreaterThan(0)
})

test('a bad raw record without quarantine record is lost; one that shows its key is wrong', () => {
  const taken = syntheticRun()
  cleanOf(taken.topics, 'made.clickstream.quarantine').pop()
  expect(check(taken.evidence)).toMatchObject({ lost: 1 })

  const shown = syntheticRun()
  const records = cleanOf(shown.topics, 'made.clickstream.quarantine')
  records[0] = { ...(records[0] as DumpedRecord), key: Buffer.from('someone') }
  expect(check(shown.evidence)).toMatchObject({ wrongQuarantine: 1 })
})

test('a state that is no fold of the ledger is noticed', () => {
  const { evidence, topics } = syntheticRun()
  const states = cleanOf(topics, 'made.consent.state')
  // The withdrawal never reached the states.
  states.pop()
  expect(check(evidence).wrongState).toBeGreaterThan(0)
})

/** Byte by byte: the stripped form has sessionId as null (index 0 of its union); put a text there. */
function withLeafPutBack(value: Buffer, evidence: ReturnType<typeof syntheticRun>['evidence']): Buffer {
  const { decode, encode } = codecOf(value, evidence)
  return encode({ ...decode(), sessionId: '1.0123456789abcdef0123456789abcdef' })
}

function codecOf(value: Buffer, evidence: ReturnType<typeof syntheticRun>['evidence']) {
  const type = avro.Type.forSchema(evidence.schemas.get(value.readUInt32BE(1)) as avro.Schema)
  return {
    decode: () => type.fromBuffer(value.subarray(5)) as Record<string, unknown>,
    encode: (event: Record<string, unknown>) => Buffer.concat([value.subarray(0, 5), type.toBuffer(event)]),
  }
}
