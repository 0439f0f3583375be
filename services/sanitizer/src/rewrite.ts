import { STRIPPED, WITHHELD } from '@weir/consent'
import type { FinishedBatch } from '@weir/kafka'
import { type Pseudonymize, RewriteFault, type Rewriter } from '@weir/transcoder'
import { CleanRecords } from './clean-records.ts'
import type { Decided } from './decide.ts'
import type { Environment } from './environment.ts'
import { FAULT, FAULT_WORDS } from './faults.ts'
import { GrantPseudonyms } from './grant-pseudonyms.ts'
import { WIRE_HEADER_BYTES } from './locate.ts'
import { QuarantineRecords } from './quarantine.ts'
import type { Tally } from './tally.ts'
import { recordTimeMs } from './visible-time.ts'

/** Everything a chunk publishes, as finished batches. */
export interface Rewritten {
  readonly decided: Decided
  readonly batches: readonly FinishedBatch[]
  readonly tally: Tally
}

/** One purpose's record of one row, before it is put in its place. */
interface CleanRecord {
  readonly pseudonym: string | null
  readonly value: Buffer
  readonly timestampMs: number
}

/** Pure but for the random order of records without a key. A row that fails for one purpose is quarantined for all. */
export function rewrite(env: Environment, decided: Decided): Rewritten {
  const { located, branches } = decided
  const pseudonyms = new GrantPseudonyms(env, located, decided.looked)
  const clean = env.outputs.map((plan) => new CleanRecords(plan))
  const quarantine = new QuarantineRecords(env)
  const tally = emptyTally(env, located.fault.length)
  const nowMs = env.clock.nowMs()

  for (let row = 0; row < located.fault.length; row++) {
    const fault = located.fault[row] as number
    const records = fault === FAULT.none ? rewriteRow(env, decided, pseudonyms, row, nowMs) : fault
    if (typeof records === 'number') {
      quarantine.add(located.chunk.rows, row, records)
      const { code } = FAULT_WORDS[records] as { code: string }
      tally.quarantined.set(code, (tally.quarantined.get(code) ?? 0) + 1)
      continue
    }
    for (const [output, record] of records.entries()) {
      const counts = tally.outputs[output] as Tally['outputs'][number]
      if (record === null) counts.withheld++
      else {
        if ((branches[output] as Int16Array)[row] === STRIPPED) counts.stripped++
        else counts.granted++
        clean[output]?.add(record.pseudonym, record.value, record.timestampMs)
      }
    }
  }
  const batches = [...clean.flatMap((records) => records.finish(env.random)), ...quarantine.finish()]
  return { decided, batches, tally }
}

/** One row's records by output (null: withheld, by consent or by the branch itself), or the fault that sends the row to quarantine. */
function rewriteRow(
  env: Environment,
  { located, branches, sensitive }: Decided,
  pseudonyms: GrantPseudonyms,
  row: number,
  nowMs: number,
): (CleanRecord | null)[] | number {
  const schema = located.schema[row]
  if (schema?.kind !== 'usable') throw new Error('a located row has a usable schema')
  const { rows } = located.chunk
  const source = rows.source[row] as Buffer
  const start = (rows.valueStart[row] as number) + WIRE_HEADER_BYTES
  const end = rows.valueEnd[row] as number
  const records: (CleanRecord | null)[] = []

  for (const [output, plan] of env.outputs.entries()) {
    const branch = (branches[output] as Int16Array)[row] as number
    if (branch === WITHHELD) {
      records.push(null)
      continue
    }
    const granted = branch !== STRIPPED
    const rewriter = granted ? schema.granted[output]?.[branch] : schema.otherwise[output]
    if (!rewriter) throw new Error('the decision names a branch that the contract has')
    const person = granted ? pseudonyms.of(output, located.subject[row] as number) : null
    const sensitivePasses = (sensitive[output] as Uint8Array)[row] === 1
    const avro = rewritten(rewriter, source, start, end, person?.pseudonymize ?? null, sensitivePasses)
    if (typeof avro === 'number') return avro
    if (avro === null) {
      records.push(null)
      continue
    }
    const value = withWireHeader(plan.schemaId, avro)
    if (value.length > plan.maxValueBytes) return FAULT.tooLarge
    const shown = granted ? (plan.grantedTime[branch] ?? 'hidden') : plan.otherwiseTime
    const timestampMs = recordTimeMs(shown, located.eventTimeMs[row] as number, nowMs)
    records.push({ pseudonym: person?.subject ?? null, value, timestampMs })
  }
  return records
}

function rewritten(
  rewriter: Rewriter,
  source: Buffer,
  start: number,
  end: number,
  pseudonymize: Pseudonymize | null,
  sensitivePasses: boolean,
): Buffer | null | number {
  try {
    return rewriter.rewrite(source, start, end, pseudonymize, sensitivePasses)
  } catch (error) {
    if (error instanceof RewriteFault) return error.fault
    throw error
  }
}

function withWireHeader(schemaId: number, avro: Buffer): Buffer {
  const value = Buffer.allocUnsafe(WIRE_HEADER_BYTES + avro.length)
  value[0] = 0
  value.writeUInt32BE(schemaId, 1)
  avro.copy(value, WIRE_HEADER_BYTES)
  return value
}

function emptyTally(env: Environment, rows: number) {
  return {
    rows,
    quarantined: new Map<string, number>(),
    outputs: env.outputs.map(() => ({ granted: 0, stripped: 0, withheld: 0 })),
  }
}
