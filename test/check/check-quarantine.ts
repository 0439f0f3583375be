import type { DumpedRecord } from './evidence.ts'
import type { BadRow } from './raw-rows.ts'
import { unseal } from './sealed.ts'

export interface QuarantineReport {
  readonly quarantined: number
  /** Bad raw records without a quarantine record. */
  readonly lost: number
  /** Quarantine records that no bad raw record gives, or twice. */
  readonly repeated: number
  /** Quarantine records that show more than they may, or hold something else than the raw record. */
  readonly wrong: number
  readonly findings: readonly string[]
}

const PREFIX = '__connect.errors.'
const HEADERS = ['topic', 'partition', 'offset', 'stage', 'exception.class.name', 'exception.message'].map(
  (name) => PREFIX + name,
)

/** Each bad raw record has exactly one quarantine record: sealed whole, without a key, its place and reason in headers. */
export function checkQuarantine(
  bad: readonly BadRow[],
  records: readonly DumpedRecord[],
  rootKey: Buffer,
  rawTopic: string,
  topic: string,
): QuarantineReport {
  const expected = new Map(bad.map((row) => [`${row.partition}/${row.offset}`, row]))
  const seen = new Set<string>()
  const findings: string[] = []
  let repeated = 0
  let wrong = 0
  for (const record of records) {
    const header = (name: string) => record.headers.find(([own]) => own === PREFIX + name)?.[1]?.toString('utf8')
    const place = `${header('partition')}/${header('offset')}`
    const row = expected.get(place)
    if (row === undefined || seen.has(place)) {
      repeated++
      findings.push(`${topic}: a record for raw ${place}, which is ${row === undefined ? 'not bad' : 'there already'}`)
      continue
    }
    seen.add(place)
    const fault = faultOf(record, row, header('topic') === rawTopic, rootKey, topic)
    if (fault === null) continue
    wrong++
    findings.push(`${topic}: the record for raw ${place} ${fault}`)
  }
  for (const [place, { why }] of expected) {
    if (!seen.has(place)) findings.push(`${topic}: nothing for raw ${place} (${why})`)
  }
  return { quarantined: seen.size, lost: expected.size - seen.size, repeated, wrong, findings }
}

function faultOf(
  record: DumpedRecord,
  row: BadRow,
  rightTopic: boolean,
  rootKey: Buffer,
  topic: string,
): string | null {
  if (record.key !== null) return 'has a key'
  if (!rightTopic) return 'names another raw topic'
  const names = record.headers.map(([name]) => name)
  if (names.length !== HEADERS.length || HEADERS.some((name) => !names.includes(name))) return 'has other headers'
  const opened = record.value === null ? null : unseal(rootKey, topic, record.value)
  if (opened === null) return 'does not open with the root key'
  const { record: raw } = row
  const same = equal(opened.key, raw.key) && equal(opened.value, raw.value) && opened.appendTimeMs === raw.timestampMs
  return same ? null : 'holds something else than the raw record'
}

function equal(a: Buffer | null, b: Buffer | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
