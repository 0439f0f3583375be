import { type Consent, noticeFor } from './allowed-forms.ts'
import { type OutputReport, rowName } from './check-output.ts'
import type { CheckedOutput } from './contract-files.ts'
import type { JournalEntry } from './evidence.ts'
import { refOf } from './pseudonyms.ts'
import type { GoodRow } from './raw-rows.ts'
import type { Rewriting } from './rewriting.ts'

/** One withdrawal: what passed before, what came after, and what of that was still granted. */
export interface WithdrawalReport {
  readonly decisionId: string
  readonly effectiveMs: number
  /** Raw records of this person that were granted for a withdrawn purpose, decided before the request was sent. */
  readonly grantedBefore: number
  /** Raw records of this person appended after the answer, up to their next decision. */
  readonly rawAfter: number
  /** Granted outputs of those, under any grant this person ever gave for the purpose. */
  readonly leakedAfter: number
  /** The last raw record of this person, before the topic's end at the answer, that was granted for a withdrawn purpose. */
  readonly lastGranted: GrantedRow | null
}

export interface GrantedRow {
  readonly partition: number
  readonly offset: number
  /** What was published of it under the withdrawn purposes. */
  readonly outputs: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
}

export interface JudgedOutput {
  readonly output: CheckedOutput
  readonly rewriting: Rewriting
  readonly report: OutputReport
}

export function withdrawalReports(
  rows: readonly GoodRow[],
  outputs: readonly JudgedOutput[],
  journal: readonly JournalEntry[],
  consent: Consent,
  referenceKey: Buffer,
): WithdrawalReport[] {
  const byRef = Map.groupBy(rows, (row) => row.subjectRef)
  const withdrawals = journal.filter((entry) => entry.kind === 'user' && entry.action === 'withdraw')
  return withdrawals.map((entry) => {
    const ref = refOf(referenceKey, 'user', entry.subjectId)
    const own = byRef.get(ref) ?? []
    const next = nextDecision(entry, journal)
    const before = own.filter((row) => row.offset < (entry.committedBefore[row.partition] ?? 0))
    const after = own.filter((row) => {
      const until = next?.committedBefore[row.partition] ?? Number.POSITIVE_INFINITY
      return row.offset >= (entry.endAfter[row.partition] ?? 0) && row.offset < until
    })
    const withdrawn = outputs.filter(({ output }) => entry.purposes.includes(output.purpose))
    const wasGranted = (row: GoodRow) => withdrawn.some(({ report }) => report.outcomes.get(rowName(row)) === 'granted')
    const last = own.findLast((row) => row.offset < (entry.endAfter[row.partition] ?? 0) && wasGranted(row))
    return {
      decisionId: entry.decisionId,
      effectiveMs: entry.effectiveMs,
      grantedBefore: before.filter(wasGranted).length,
      rawAfter: after.length,
      leakedAfter: after.reduce((sum, row) => sum + leakedOf(row, ref, withdrawn, consent), 0),
      lastGranted: last === undefined ? null : grantedRow(last, withdrawn),
    }
  })
}

function grantedRow(row: GoodRow, outputs: readonly JudgedOutput[]): GrantedRow {
  const granted = outputs.filter(({ report }) => report.outcomes.get(rowName(row)) === 'granted')
  return {
    partition: row.partition,
    offset: row.offset,
    outputs: granted.flatMap(({ output, report }) => {
      const record = report.published.get(rowName(row))
      return record === undefined ? [] : [{ topic: output.topic, partition: record.partition, offset: record.offset }]
    }),
  }
}

/** This person's decision after it, in the order of the journal. */
function nextDecision(entry: JournalEntry, journal: readonly JournalEntry[]): JournalEntry | undefined {
  const later = journal.slice(journal.indexOf(entry) + 1)
  return later.find((one) => one.kind === 'user' && one.subjectId === entry.subjectId)
}

function leakedOf(row: GoodRow, ref: string, outputs: readonly JudgedOutput[], { histories }: Consent): number {
  const versions = histories.get(ref)?.versions ?? []
  let leaked = 0
  for (const { output, rewriting, report } of outputs) {
    const seen = new Set<string>()
    for (const { purposes } of versions) {
      const holding = purposes.get(output.purpose)
      if (holding === undefined || holding.salt === null) continue
      const notice = noticeFor(holding, row)
      // One grant has one form of this row under each notice it was renewed with.
      if (seen.has(`${holding.salt} ${notice}`)) continue
      seen.add(`${holding.salt} ${notice}`)
      const grant = { purpose: output.purpose, epoch: holding.epoch, salt: holding.salt }
      const form = rewriting.granted(row, grant, notice)
      // What its own raw record explains was taken by it already: what is left here has no right to be there.
      if (form !== null && report.found.take(form, row.appendTimeMs) !== null) leaked++
    }
  }
  return leaked
}
