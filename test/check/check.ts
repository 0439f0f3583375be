import type { Consent } from './allowed-forms.ts'
import { checkOutput } from './check-output.ts'
import { checkQuarantine } from './check-quarantine.ts'
import { foldLedger } from './consent-history.ts'
import { readLedger, readStates } from './consent-records.ts'
import { type CheckedOutput, readContract } from './contract-files.ts'
import { type DumpedRecord, type Evidence, EvidenceError } from './evidence.ts'
import { Pseudonyms } from './pseudonyms.ts'
import { readRawRows } from './raw-rows.ts'
import { Rewriting } from './rewriting.ts'
import { type JudgedOutput, type WithdrawalReport, withdrawalReports } from './withdrawals.ts'

/** What the checker found. All is well when `violations(report)` is empty. */
export interface Report {
  readonly raw: number
  readonly clean: Readonly<Record<string, { granted: number; stripped: number; withheld: number }>>
  readonly quarantined: number
  /** Outputs that should be there and are not; quarantine records included. */
  readonly lost: number
  /** Outputs that are there more often than they should be; quarantine records included. */
  readonly repeated: number
  /** Leaves that no allowed form has. */
  readonly leaked: number
  /** Rows (by purpose) that may take either form, since a decision was under way. */
  readonly ambiguous: number
  readonly outOfOrder: number
  /** Rows (by purpose) of which nothing can be said any more: their salt is gone. */
  readonly undecidable: number
  /** Quarantine records that show or hold something else than they should. */
  readonly wrongQuarantine: number
  /** Places where consent.state is no fold of the ledger. */
  readonly wrongState: number
  /** Leaves of registered clean schemas that no policy names, or the other way round. */
  readonly wrongSchema: number
  readonly withdrawals: readonly WithdrawalReport[]
  /** In words, without any value of a record; the first of each kind. */
  readonly findings: readonly string[]
}

const MOST_FINDINGS = 40

/** Judges a run by its topics, record by record. Pure but for reading the contract's files. */
export function check(evidence: Evidence): Report {
  const contract = readContract(evidence.contractsFolder, evidence.stream)
  const topic = (name: string): readonly DumpedRecord[] => {
    const records = evidence.topics.get(evidence.topicName(name))
    if (records === undefined) throw new EvidenceError(`the dump lacks the topic ${name}`)
    return records
  }
  const raw = topic(contract.rawTopic)
  const { good, bad } = readRawRows(raw, contract, evidence.schemas, evidence.referenceKey)
  const histories = foldLedger(readLedger(topic('consent.decisions')), readStates(topic('consent.state')))
  const consent: Consent = { histories, journal: new Map(evidence.journal.map((entry) => [entry.decisionId, entry])) }
  const pseudonyms = new Pseudonyms(evidence.rootKey)

  const wrongSchemas: string[] = []
  const judged: JudgedOutput[] = contract.outputs.map((output) => {
    const records = topic(output.topic)
    const { id, schema } = cleanSchema(output, records, evidence.schemas)
    const rewriting = new Rewriting(contract, output, pseudonyms, id, schema)
    wrongSchemas.push(
      ...schemaDifferences(
        output,
        rewriting,
        contract.leaves.map((leaf) => leaf.path),
      ),
    )
    const report = checkOutput(good, records, output, rewriting, consent, evidence.dumpedAtMs)
    return { output, rewriting, report }
  })
  const quarantine = checkQuarantine(
    bad,
    topic(contract.quarantineTopic),
    evidence.rootKey,
    evidence.topicName(contract.rawTopic),
    evidence.topicName(contract.quarantineTopic),
  )
  const stateDifferences = [...histories.values()].flatMap((history) => history.differences)
  const sum = (of: (report: JudgedOutput['report']) => number) =>
    judged.reduce((total, { report }) => total + of(report), 0)
  return {
    raw: raw.length,
    clean: Object.fromEntries(
      judged.map(({ output, report: { granted, stripped, withheld } }) => [
        output.purpose,
        { granted, stripped, withheld },
      ]),
    ),
    quarantined: quarantine.quarantined,
    lost: sum((report) => report.lost) + quarantine.lost,
    repeated: sum((report) => report.repeated) + quarantine.repeated,
    leaked: sum((report) => report.leaked),
    ambiguous: sum((report) => report.ambiguous),
    outOfOrder: sum((report) => report.outOfOrder),
    undecidable: sum((report) => report.undecidable),
    wrongQuarantine: quarantine.wrong,
    wrongState: stateDifferences.length,
    wrongSchema: wrongSchemas.length,
    withdrawals: withdrawalReports(good, judged, evidence.journal, consent, evidence.referenceKey),
    findings: [
      ...wrongSchemas,
      ...stateDifferences,
      ...quarantine.findings,
      ...judged.flatMap(({ report }) => report.findings),
    ].slice(0, MOST_FINDINGS),
  }
}

/** What of a report must be zero and is not, in words. */
export function violations(report: Report): string[] {
  const wanted = {
    lost: 'outputs lost',
    repeated: 'outputs repeated',
    leaked: 'leaves leaked',
    outOfOrder: 'records out of order',
    undecidable: 'rows undecidable',
    wrongQuarantine: 'quarantine records wrong',
    wrongState: 'consent states wrong',
    wrongSchema: 'clean schemas wrong',
  } as const
  const names = Object.keys(wanted) as (keyof typeof wanted)[]
  return names.filter((name) => report[name] > 0).map((name) => `${report[name]} ${wanted[name]}`)
}

/** A clean topic has one schema; the id is in its records' wire headers. An empty topic judges nothing by it. */
function cleanSchema(output: CheckedOutput, records: readonly DumpedRecord[], schemas: ReadonlyMap<number, unknown>) {
  const ids = new Map<number, number>()
  for (const { value } of records) {
    if (value === null || value.length < 5 || value[0] !== 0) continue
    const id = value.readUInt32BE(1)
    ids.set(id, (ids.get(id) ?? 0) + 1)
  }
  const [id] = [...ids].sort((a, b) => b[1] - a[1])[0] ?? [0]
  const schema = schemas.get(id)
  if (id !== 0 && schema !== undefined && schema !== null) return { id, schema }
  if (records.length > 0) throw new EvidenceError(`the schema of ${output.topic} is not in the evidence`)
  return { id: 0, schema: { type: 'record', name: 'Nothing', fields: [] } }
}

/** The clean schema has the leaves of all files in force, in source order, and no other. */
function schemaDifferences(output: CheckedOutput, rewriting: Rewriting, sourceOrder: readonly string[]): string[] {
  const branches = [...output.policies.map((policy) => policy.granted), output.otherwise ?? new Map()]
  const named = new Set(branches.flatMap((branch) => [...branch.keys()] as string[]))
  const wanted = sourceOrder.filter((path) => named.has(path))
  const found = rewriting.schemaLeaves()
  if (found.length === 0 || wanted.join() === found.join()) return []
  return [
    `${output.topic}: the registered schema has the leaves ${found.join(', ')}; the policies name ${wanted.join(', ')}`,
  ]
}
