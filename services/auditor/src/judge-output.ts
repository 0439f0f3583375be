import type { Asked, Decided } from './consent/decide.ts'
import type { Output } from './contract/contract.ts'
import type { Form, Rewriter } from './expected.ts'
import { Explanations } from './explain.ts'
import type { Finding, Outcomes, Report, Undecidable } from './findings.ts'
import { CleanReader, type Found, FoundRecords, hasTime, isPseudonym, type Span, sameButMasked } from './found.ts'
import type { KeyOrder } from './key-order.ts'
import type { Row } from './rows.ts'
import type { Audited, Workshop } from './workshop.ts'

export interface JudgedOutput {
  readonly output: Output
  readonly topic: string
  /** Counts of the audit record. */
  readonly said: Outcomes
  /** Registry id of its clean schema; null: gone. */
  readonly cleanId: number | null
  readonly rewriter: Rewriter
}

/** What must become of one row for one purpose. */
export interface Destiny {
  readonly row: Row
  /** Null: the audit record does not say under which consent. */
  readonly asked: Asked | null
  readonly decided: Decided | null
  /** Null: nothing is published. With `why` set its pseudonyms are masked, or nothing is known of it. */
  readonly form: Form | null
  readonly why: Undecidable | null
}

export interface OutputResult {
  readonly violated: ReadonlySet<Row>
  readonly undecidable: ReadonlyMap<Row, Undecidable>
}

/**
 * Compares, for one purpose, what must have become of a chunk's rows with what its transaction wrote.
 * @param missingRows how many rows the chunk may have had beside these: each can have given one record
 */
export function judgeOutput(
  shop: Workshop,
  audited: Audited,
  judged: JudgedOutput,
  destinies: readonly Destiny[],
  missingRows: number,
  order: KeyOrder,
  report: Report,
): OutputResult {
  const { topic, output, cleanId, rewriter } = judged
  const { purpose } = output
  const log = shop.evidence.topics.get(topic)
  const violated = new Set<Row>()
  const undecidable = new Map<Row, Undecidable>()
  const outcomes = report.outcomesOf(purpose)
  const placed = shop.batchesOf(topic, audited.transaction)
  const all = placed.flatMap(({ partition, batch }) =>
    batch.records().map((record): Found => ({ partition, record, taken: false })),
  )
  if (log === undefined || cleanId === null) {
    const why = log === undefined ? 'topic gone' : 'schema gone'
    for (const { row } of destinies) undecidable.set(row, why)
    report.clean.cannot(why, all.length)
    return { violated, undecidable }
  }
  const span: Span = {
    fromMs: destinies.reduce((least, { row }) => Math.min(least, row.raw.appendTimeMs), audited.appendMs),
    toMs: audited.appendMs,
  }
  const found = new FoundRecords(all, log.partitions.length, span)

  const missing: Destiny[] = []
  const masked: Destiny[] = []
  const withheld: Destiny[] = []
  for (const destiny of destinies) {
    const { row, form, why, asked } = destiny
    if (asked === null) violated.add(row)
    else if (form === null) withheld.push(destiny)
    else if (why !== null) masked.push(destiny)
    else {
      const taken = found.take(form)
      if (taken === null) missing.push(destiny)
      else {
        report.clean.proved++
        outcomes[form.granted ? 'granted' : 'stripped']++
        if (form.key !== null && !order.follows(topic, form.key, row, taken)) {
          violated.add(row)
          report.findings.push(outOfOrder(audited, topic, purpose, row, taken))
        }
      }
    }
  }
  const clean = new CleanReader(rewriter.cleanSchema(cleanId) ?? { kind: 'null' }, cleanId)
  missing.push(...takeMasked(masked, found, clean, span, undecidable, report))

  const left = found.left()
  const expiredBefore = (partition: number) => {
    const place = log.partitions[partition]
    const first = place?.batches[0]
    return place !== undefined && place.start > 0 && (first === undefined || audited.appendMs < first.committedMs)
  }
  const anyExpired = log.partitions.some((_, partition) => expiredBefore(partition))
  if (left.length <= missingRows) {
    // They may be of rows that are gone.
    report.clean.cannot('raw expired', left.length)
    left.length = 0
  }
  const explained = new Explanations(shop, audited, judged, destinies, clean, span).explain(left, missing, withheld)
  report.clean.violated += left.length
  report.findings.push(...explained.findings)
  for (const row of explained.rows) violated.add(row)
  for (const { row } of explained.lost) {
    if (anyExpired) undecidable.set(row, 'clean record expired')
    else {
      violated.add(row)
      report.findings.push(lost(audited, judged, row))
    }
  }
  for (const { row } of withheld) if (!violated.has(row)) outcomes.withheld++
  // What differs from the counts is named already, unless the rows are gone that would tell.
  const rowsWithheld = missingRows > 0 || violated.size > 0 ? null : withheld.length
  if (violated.size === 0 && explained.findings.length === 0 && !anyExpired)
    report.findings.push(...compareCounts(shop, audited, judged, all, rowsWithheld))
  return { violated, undecidable }
}

/** Whether the audit record counts what its transaction wrote. @param withheld null: not known */
function compareCounts(
  { evidence }: Workshop,
  { partition, offset }: Audited,
  { output, said }: JudgedOutput,
  all: readonly Found[],
  withheld: number | null,
): Finding[] {
  const granted = all.filter(({ record }) => record.key !== null).length
  const counted = { granted, stripped: all.length - granted, withheld: withheld ?? said.withheld }
  if (sameCounts(counted, said)) return []
  const { purpose } = output
  const { topic } = evidence.audit
  const [expected, found] = [countsText(counted), countsText(said)]
  return [
    {
      promise: 8,
      what: 'wrong-audit-record',
      purpose,
      topic,
      partition,
      offset,
      raw: null,
      leaves: [],
      expected,
      found,
    },
  ]
}

function sameCounts(a: Outcomes, b: Outcomes): boolean {
  return a.granted === b.granted && a.stripped === b.stripped && a.withheld === b.withheld
}

function countsText({ granted, stripped, withheld }: Outcomes): string {
  return `${granted} granted, ${stripped} stripped, ${withheld} withheld`
}

/** Records whose pseudonyms can't be computed any more: everything else of them is compared all the same. */
function takeMasked(
  masked: readonly Destiny[],
  found: FoundRecords,
  clean: CleanReader,
  span: Span,
  undecidable: Map<Row, Undecidable>,
  report: Report,
): Destiny[] {
  if (masked.length === 0) return []
  const candidates = found.left().flatMap((one) => {
    const leaves = clean.leaves(one.record.value)
    const { key } = one.record
    return leaves === null || key === null || !isPseudonym(key.toString('latin1')) ? [] : [{ one, leaves }]
  })
  const missing: Destiny[] = []
  for (const destiny of masked) {
    const form = destiny.form as Form
    const expected = clean.leaves(form.value)
    const match = candidates.find(
      ({ one, leaves }) =>
        !one.taken &&
        one.record.headers === 0 &&
        found.isInPlace(one) &&
        hasTime(one.record.timestampMs, form, span) &&
        expected !== null &&
        sameButMasked(expected, leaves),
    )
    if (match === undefined) {
      missing.push(destiny)
      continue
    }
    match.one.taken = true
    const why = destiny.why ?? 'salt gone'
    undecidable.set(destiny.row, why)
    report.clean.cannot(why)
  }
  return missing
}

function outOfOrder(
  { chunk }: Audited,
  topic: string,
  purpose: string,
  { raw }: Row,
  { partition, record }: Found,
): Finding {
  return {
    promise: 5,
    what: 'out-of-order',
    purpose,
    topic,
    partition,
    offset: record.offset,
    raw: { topic: chunk.source, partition: raw.partition, offset: raw.offset },
    leaves: [],
    expected: 'records of one key as their events follow each other',
    found: 'another order',
  }
}

function lost({ chunk }: Audited, { topic, output }: JudgedOutput, { raw }: Row): Finding {
  return {
    promise: 5,
    what: 'lost-record',
    purpose: output.purpose,
    topic: chunk.source,
    partition: raw.partition,
    offset: raw.offset,
    raw: { topic: chunk.source, partition: raw.partition, offset: raw.offset },
    leaves: [],
    expected: `a record in ${topic}`,
    found: 'none in its transaction',
  }
}
