import { type PurposeName, SETTING } from '../load/setting.ts'
import { formsUnder, formUnderGrant, type Judging } from './deciding.ts'
import { decodeClean, type Form, SubjectKeys, strippedForm } from './forms.ts'
import { type Consent, NO_VERSIONS, type Version } from './histories.ts'
import { nameOf, type Row } from './rows.ts'
import type { Seen, SeenRecord, SeenTransaction, Violation, ViolationKind } from './seen.ts'
import { Ticks } from './ticks.ts'
import type { RawRanges } from './transactions.ts'
import { brokenBy, type Window, windowOf } from './window.ts'

/** One row of one purpose, with everything it is judged by. */
interface Case {
  readonly row: Row
  readonly purpose: PurposeName
  readonly transaction: SeenTransaction
  readonly subject: readonly Version[]
  readonly device: readonly Version[] | null
  readonly subjectWindow: Window
  readonly deviceWindow: Window | null
}

/** Each good row has for each purpose what a version of consent in its window gives, once. */
export function judgeOutputs(seen: Seen, rows: readonly Row[], consent: Consent, ranges: RawRanges): Violation[] {
  const { boundMs, freshnessMs, cutOff } = seen
  const judging = { boundMs, freshnessMs, cutOff, keys: new SubjectKeys(), ticks: new Ticks(seen) }
  const violations: Violation[] = []
  for (const purpose of SETTING.purposes) {
    const records = seen.clean[purpose] ?? []
    const byRow = Map.groupBy(records, ({ value }) => decodeClean(purpose, value)?.['row'])
    for (const row of rows) {
      const found = byRow.get(row.row) ?? []
      byRow.delete(row.row)
      const one = caseOf(judging, row, purpose, consent, ranges)
      if (one !== null) violations.push(...judge(judging, one, found))
      else if (found.length > 0) violations.push(withoutOffset(row, purpose, found))
    }
    for (const strangers of byRow.values()) {
      for (const record of strangers) {
        violations.push({
          kind: 'wrong output',
          words: `${place(purpose, record)}: a record that no good raw one gives`,
        })
      }
    }
  }
  return violations
}

/** Null: no transaction has processed the row. */
function caseOf(judging: Judging, row: Row, purpose: PurposeName, consent: Consent, ranges: RawRanges): Case | null {
  const transaction = ranges.of(row)
  if (transaction === undefined) return null
  const subject = consent.versions.get(row.ref) ?? NO_VERSIONS
  const device = row.deviceRef === null ? null : (consent.versions.get(row.deviceRef) ?? NO_VERSIONS)
  return {
    row,
    purpose,
    transaction,
    subject,
    device,
    subjectWindow: windowOf(subject, transaction, judging),
    deviceWindow: device === null ? null : windowOf(device, transaction, judging),
  }
}

function judge(judging: Judging, one: Case, found: readonly SeenRecord[]): Violation[] {
  const allowed = allowedForms(judging, one)
  const violations: Violation[] = []
  for (const record of found) {
    if (allowed.some((form) => form !== null && isSame(form, record))) continue
    violations.push({ kind: kindOf(judging, one, record), words: wordsOf(one, allowed, record) })
  }
  if (found.length > 1) violations.push({ kind: 'repeated', words: `${told(one)}: ${found.length} records` })
  if (found.length === 0 && !allowed.includes(null)) {
    violations.push({ kind: 'lost', words: `${wordsOf(one, allowed, null)}` })
  }
  return violations
}

function allowedForms(judging: Judging, { row, purpose, transaction, ...one }: Case): (Form | null)[] {
  const subjects = one.subject.slice(one.subjectWindow.from, one.subjectWindow.to + 1)
  const { deviceWindow } = one
  const devices = deviceWindow === null ? [null] : (one.device ?? []).slice(deviceWindow.from, deviceWindow.to + 1)
  return subjects.flatMap((subject) =>
    devices.flatMap((device) => formsUnder(row, purpose, subject, device, transaction, judging)),
  )
}

/** What kind of wrong a record is that no version in the window gives. */
function kindOf(judging: Judging, one: Case, record: SeenRecord): ViolationKind {
  const { row, purpose, transaction, subject, subjectWindow } = one
  if (record.key === null) {
    const stripped = strippedForm(purpose, row)
    return stripped !== null && isSame(stripped, record) ? 'wrong output' : 'leak'
  }
  const index = subject.findLastIndex((version) => {
    const form = formUnderGrant(row, purpose, version, judging.keys)
    return form !== null && isSame(form, record)
  })
  if (index < 0) return 'leak'
  if (index < subjectWindow.from) {
    const running = subject[subjectWindow.from]?.holds.get(purpose)
    const own = subject[index]?.holds.get(purpose)
    if (running?.status === 'granted' && running.salt !== own?.salt) return 'revived'
    return brokenBy(subject, index, transaction, judging)
  }
  if (index > subjectWindow.to) return 'wrong output'
  return otherReason(judging, one, index)
}

/** The grant stands in its window, and yet it does not let this event pass. */
function otherReason(judging: Judging, one: Case, index: number): ViolationKind {
  const { row, purpose, transaction, subject, device, deviceWindow } = one
  const version = subject[index] as Version
  const earlier = (device ?? []).findIndex((old) =>
    formsUnder(row, purpose, version, old, transaction, judging).some((form) => form?.key !== null && form !== null),
  )
  if (device !== null && deviceWindow !== null && earlier >= 0) return brokenBy(device, earlier, transaction, judging)
  const anyTime = { ...transaction, begunAtMs: row.appendedAtMs }
  const forms = formsUnder(row, purpose, version, null, anyTime, judging)
  return forms.some((form) => form !== null && form.key !== null) ? 'expired' : 'leak'
}

function isSame(form: Form, { key, value, timestampMs, headers }: SeenRecord): boolean {
  return (
    form.timestampMs === timestampMs &&
    form.key === (key?.toString() ?? null) &&
    value !== null &&
    form.value.equals(value) &&
    Object.keys(headers).length === 0
  )
}

function withoutOffset(row: Row, purpose: PurposeName, found: readonly SeenRecord[]): Violation {
  const at = found.map((record) => place(purpose, record)).join(', ')
  return {
    kind: 'repeated',
    words: `row ${row.row} is in ${at}, and will come again: no offset behind it is committed`,
  }
}

function place(purpose: string, { partition, offset }: SeenRecord): string {
  return `${purpose} ${partition}/${offset}`
}

function told({ row, purpose, transaction }: Case): string {
  const device = row.deviceRef === null ? '' : ` on ${nameOf(row.deviceRef)}`
  const { begunAtMs, decidedAtMs, id } = transaction
  return `row ${row.row} of ${nameOf(row.ref)}${device} for ${purpose} (raw ${row.partition}/${row.offset}, happened ${row.eventTimeMs}; ${id} began ${begunAtMs}, decided ${decidedAtMs})`
}

function wordsOf(one: Case, allowed: readonly (Form | null)[], record: SeenRecord | null): string {
  const say = (form: Form | null) => (form === null ? 'nothing' : form.key === null ? 'stripped' : `as ${form.key}`)
  const expected = [...new Set(allowed.map(say))].join(' or ')
  const found =
    record === null
      ? 'nothing'
      : `${place(one.purpose, record)} ${record.key === null ? 'stripped' : `as ${record.key.toString()}`} with ${JSON.stringify(decodeClean(one.purpose, record.value))}`
  return `${told(one)}: expected ${expected}, found ${found}`
}
