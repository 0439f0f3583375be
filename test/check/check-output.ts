import { allowedForms, type Consent } from './allowed-forms.ts'
import type { CheckedOutput } from './contract-files.ts'
import type { DumpedRecord } from './evidence.ts'
import { type Found, FoundRecords } from './found-records.ts'
import { leakOf, type Missing } from './leaks.ts'
import type { GoodRow } from './raw-rows.ts'
import type { Form, Rewriting } from './rewriting.ts'

/** What was found of one purpose. */
export interface OutputReport {
  readonly granted: number
  readonly stripped: number
  readonly withheld: number
  /** Expected and not found, where nothing else stands in its place. */
  readonly lost: number
  /** Found more often than expected. */
  readonly repeated: number
  /** Leaves that no allowed form of the raw record has. */
  readonly leaked: number
  /** Raw records that may take more than one form, since a decision was under way. */
  readonly ambiguous: number
  /** Records of one key that stand in another order than their raw records. */
  readonly outOfOrder: number
  /** Raw records whose grant's salt is gone from the dump, so that nothing can be said. */
  readonly undecidable: number
  readonly findings: readonly string[]
  /** What each good row became: granted outcome or not; by `partition/offset`. */
  readonly outcomes: ReadonlyMap<string, 'granted' | 'stripped' | 'withheld' | 'lost'>
  /** What stands in the topic for a good row, by `partition/offset` of the row. */
  readonly published: ReadonlyMap<string, DumpedRecord>
  readonly found: FoundRecords
}

/** More are counted, but not described. */
const MOST_FINDINGS = 20

/** So many unexpected records are laid beside so many missing ones; beyond that a run is wrong anyway. */
const MOST_COMPARED = 1000

interface Match {
  readonly row: GoodRow
  readonly form: Form
  readonly found: Found
}

export function checkOutput(
  rows: readonly GoodRow[],
  records: readonly DumpedRecord[],
  output: CheckedOutput,
  rewriting: Rewriting,
  consent: Consent,
  dumpedAtMs: number,
): OutputReport {
  const found = new FoundRecords(records, dumpedAtMs)
  const settled = settle(rows, found, output, rewriting, consent)
  const extras = found.all.filter((one) => !one.taken).map((one) => one.record)
  const repeats = new RepeatedForms(settled.allowed)
  const strange = extras.filter((record) => !repeats.has(record))
  const leaks = judgeStrange(strange, settled.missing, rewriting, dumpedAtMs)
  const { granted, stripped, withheld } = count(settled.outcomes)
  const lost = settled.missing.length - leaks.standIns.size
  return {
    granted,
    stripped,
    withheld,
    lost,
    repeated: extras.length - strange.length + leaks.differing,
    leaked: leaks.leaves,
    ambiguous: settled.ambiguous,
    outOfOrder: outOfOrder(settled.matches),
    undecidable: settled.undecidable,
    findings: [...lostWords(settled.missing, leaks.standIns, output.topic), ...leaks.findings(output.topic)].slice(
      0,
      MOST_FINDINGS,
    ),
    outcomes: settled.outcomes,
    published: new Map(settled.matches.map(({ row, found: { record } }) => [rowName(row), record])),
    found,
  }
}

function settle(
  rows: readonly GoodRow[],
  found: FoundRecords,
  output: CheckedOutput,
  rewriting: Rewriting,
  consent: Consent,
) {
  const outcomes = new Map<string, 'granted' | 'stripped' | 'withheld' | 'lost'>()
  const matches: Match[] = []
  const missing: Missing[] = []
  const allowed: Form[] = []
  const open: { row: GoodRow; forms: readonly (Form | null)[] }[] = []
  let undecidable = 0
  const settleRow = (row: GoodRow, forms: readonly (Form | null)[]) => {
    const published = forms.filter((form) => form !== null)
    for (const form of published) {
      const taken = found.take(form, row.appendTimeMs)
      if (taken === null) continue
      matches.push({ row, form, found: taken })
      outcomes.set(rowName(row), form.outcome)
      return
    }
    if (published.length < forms.length) outcomes.set(rowName(row), 'withheld')
    else {
      outcomes.set(rowName(row), 'lost')
      missing.push({ partition: row.partition, offset: row.offset, appendTimeMs: row.appendTimeMs, forms: published })
    }
  }
  for (const row of rows) {
    const { forms, saltGone } = allowedForms(row, output, rewriting, consent)
    allowed.push(...forms.filter((form) => form !== null))
    if (saltGone) undecidable++
    else if (forms.length === 1) settleRow(row, forms)
    else open.push({ row, forms })
  }
  // Rows with a choice come last, so that they take nothing that another row must have.
  for (const { row, forms } of open) settleRow(row, forms)
  return { outcomes, matches, missing, allowed, ambiguous: open.length, undecidable }
}

/** Bytes that some raw record allows: one more of them is a repetition, and shows nothing new. */
class RepeatedForms {
  readonly #names: Set<string>

  constructor(forms: readonly Form[]) {
    this.#names = new Set(forms.map((form) => name(form.key, form.value, form.timestampMs)))
  }

  has({ key, value, timestampMs, headers }: DumpedRecord): boolean {
    if (headers.length > 0) return false
    return this.#names.has(name(key, value, timestampMs)) || this.#names.has(name(key, value, null))
  }
}

function name(key: Buffer | null, value: Buffer | null, timestampMs: number | null): string {
  return `${key?.toString('latin1') ?? '-'}|${value?.toString('latin1') ?? '-'}|${timestampMs ?? 'hour'}`
}

function judgeStrange(
  strange: readonly DumpedRecord[],
  missing: readonly Missing[],
  rewriting: Rewriting,
  dumpedAtMs: number,
) {
  const standIns = new Set<Missing>()
  const words: ((topic: string) => string)[] = []
  let leaves = 0
  let differing = 0
  for (const [i, record] of strange.entries()) {
    const left = i < MOST_COMPARED ? missing.slice(0, MOST_COMPARED).filter((one) => !standIns.has(one)) : []
    const leak = leakOf(record, left, rewriting, dumpedAtMs)
    const at = `partition ${record.partition} offset ${record.offset}`
    if (leak.leaves.length === 0) {
      // Less than was expected, or in another encoding: nothing leaked, but the bytes differ.
      differing++
      words.push((topic) => `${topic} ${at}: a record that no raw record gives`)
      continue
    }
    leaves += leak.leaves.length
    if (leak.insteadOf !== null) standIns.add(leak.insteadOf)
    const raw =
      leak.insteadOf === null ? '' : ` (raw partition ${leak.insteadOf.partition} offset ${leak.insteadOf.offset})`
    words.push((topic) => `${topic} ${at}${raw}: shows ${leak.leaves.join(', ')}`)
  }
  return { standIns, leaves, differing, findings: (topic: string) => words.map((say) => say(topic)) }
}

function lostWords(missing: readonly Missing[], standIns: ReadonlySet<Missing>, topic: string): string[] {
  return missing
    .filter((one) => !standIns.has(one))
    .map((one) => `${topic}: nothing found for raw partition ${one.partition} offset ${one.offset}`)
}

/** Records of one key lie in one partition; there they must follow each other as their raw records do. */
function outOfOrder(matches: readonly Match[]): number {
  const byKey = Map.groupBy(
    matches.filter(({ form }) => form.key !== null),
    ({ form }) => form.key?.toString('latin1'),
  )
  let wrong = 0
  for (const unsorted of byKey.values()) {
    // One person's raw records lie in one partition; those with a choice were settled last.
    const own = unsorted.sort((a, b) => a.row.offset - b.row.offset)
    // Equal bytes are interchangeable: within them places are dealt out in order.
    const places = Map.groupBy(own, ({ found }) => found.record.value?.toString('latin1'))
    for (const same of places.values()) same.sort((a, b) => a.found.record.offset - b.found.record.offset)
    const next = new Map([...places].map(([value, same]) => [value, same.values()]))
    let last = -1
    let partition = own[0]?.found.record.partition
    for (const { found } of own) {
      const place = next.get(found.record.value?.toString('latin1'))?.next().value?.found.record
      if (place === undefined) continue
      if (place.offset < last || place.partition !== partition) wrong++
      last = place.offset
      partition = place.partition
    }
  }
  return wrong
}

function count(outcomes: ReadonlyMap<string, string>) {
  const counts = { granted: 0, stripped: 0, withheld: 0 }
  for (const outcome of outcomes.values()) {
    if (outcome === 'granted' || outcome === 'stripped' || outcome === 'withheld') counts[outcome]++
  }
  return counts
}

export function rowName({ partition, offset }: { partition: number; offset: number }): string {
  return `${partition}/${offset}`
}
