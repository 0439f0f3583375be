import { STRIPPED, WITHHELD } from '@weir/consent'
import { BatchBuilder, type FinishedBatch } from '@weir/kafka'
import type { Pseudonymizer } from '@weir/transcoder'
import type { Breaths } from './breaths.ts'
import type { Decided } from './decide.ts'
import type { Environment, OutputPlan } from './environment.ts'
import { FAULT } from './faults.ts'
import type { GrantedPeople } from './granted-people.ts'
import { LeafPseudonyms } from './leaf-pseudonyms.ts'
import { WIRE_HEADER_BYTES } from './locate.ts'
import { MAX_BATCH_BYTES } from './output-plan.ts'
import { byPseudonym, shuffled } from './own-order.ts'
import { type ReadRows, schemaOf } from './read-rows.ts'
import type { OutputTally } from './tally.ts'
import { recordTimeMs } from './visible-time.ts'
import { type WriterSchema, writerOf } from './writer-schemas.ts'

/** One purpose's records of a chunk. */
export interface WrittenOutput {
  readonly batches: readonly FinishedBatch[]
  readonly tally: OutputTally
}

/**
 * Writes one purpose's records straight into the batches of its topic, in its own order: those with a key by pseudonym,
 * those without shuffled and in partitions drawn at random. A row whose record is too large gets that fault and no record;
 * what other outputs have of it is the caller's to take back.
 */
export async function writeOutput(
  env: Environment,
  decided: Decided,
  read: ReadRows,
  people: GrantedPeople,
  output: number,
  breaths: Breaths,
): Promise<WrittenOutput> {
  const records = new OutputRecords(env, decided, read, people, output)
  const { granted, stripped, withheld } = rowsByDecision(decided.branches[output] as Int16Array, read.fault)
  records.tally.withheld = withheld
  const { subject } = decided.located
  for (const row of byPseudonym(granted, subject, people.place)) {
    records.write(row, people.partition[subject[row] as number] as number)
    if (breaths.due) await breaths.take()
  }
  const { partitions } = env.outputs[output] as OutputPlan
  for (const row of shuffled(stripped, env.random)) {
    records.write(row, env.random.below(partitions))
    if (breaths.due) await breaths.take()
  }
  return { batches: records.finish(), tally: records.tally }
}

function rowsByDecision(decisions: Int16Array, fault: Uint8Array) {
  const granted: number[] = []
  const stripped: number[] = []
  let withheld = 0
  for (let row = 0; row < fault.length; row++) {
    if (fault[row] !== FAULT.none) continue
    if (decisions[row] === WITHHELD) withheld++
    else if (decisions[row] === STRIPPED) stripped.push(row)
    else granted.push(row)
  }
  return { granted, stripped, withheld }
}

class OutputRecords {
  readonly tally: OutputTally = { granted: 0, stripped: 0, withheld: 0 }
  readonly #decided: Decided
  readonly #read: ReadRows
  readonly #people: GrantedPeople
  readonly #output: number
  readonly #plan: OutputPlan
  readonly #decisions: Int16Array
  readonly #sensitive: Uint8Array
  readonly #nowMs: number
  readonly #builders: (BatchBuilder | undefined)[] = []
  readonly #leaves = new LeafPseudonyms()

  constructor(env: Environment, decided: Decided, read: ReadRows, people: GrantedPeople, output: number) {
    this.#decided = decided
    this.#read = read
    this.#people = people
    this.#output = output
    this.#plan = env.outputs[output] as OutputPlan
    this.#decisions = decided.branches[output] as Int16Array
    this.#sensitive = decided.sensitive[output] as Uint8Array
    this.#nowMs = env.clock.nowMs()
  }

  write(row: number, partition: number): void {
    const { located } = this.#decided
    const decision = this.#decisions[row] as number
    const schema = schemaOf(located, row)
    const person = decision === STRIPPED ? -1 : (located.subject[row] as number)
    const batch = this.#batchOf(partition)
    batch.open(this.#timeMs(row, decision), this.#people.grants[person]?.subject ?? null)
    const valueAt = batch.at
    this.#writeWireHeader(batch)
    const isWritten = writerOf(schema, this.#output, decision).write(
      this.#read.marks,
      this.#read.record[row] as number,
      batch,
      this.#pseudonymizer(person, schema),
      this.#sensitive[row] === 1,
    )
    if (!isWritten) {
      batch.drop()
      this.tally.withheld++
    } else if (batch.at - valueAt > this.#plan.maxValueBytes) {
      batch.drop()
      this.#read.fault[row] = FAULT.tooLarge
    } else {
      batch.close()
      if (decision === STRIPPED) this.tally.stripped++
      else this.tally.granted++
    }
  }

  finish(): FinishedBatch[] {
    return this.#builders.flatMap((builder) => builder?.finish() ?? [])
  }

  #batchOf(partition: number): BatchBuilder {
    const known = this.#builders[partition]
    if (known !== undefined) return known
    const made = new BatchBuilder(this.#plan.topic, partition, MAX_BATCH_BYTES)
    this.#builders[partition] = made
    return made
  }

  #timeMs(row: number, decision: number): number {
    const { grantedTime, otherwiseTime } = this.#plan
    const shown = decision === STRIPPED ? otherwiseTime : (grantedTime[decision] ?? 'hidden')
    return recordTimeMs(shown, this.#decided.located.eventTimeMs[row] as number, this.#nowMs)
  }

  #writeWireHeader(batch: BatchBuilder): void {
    batch.room(WIRE_HEADER_BYTES)
    batch.view.setUint8(batch.at, 0)
    batch.view.setUint32(batch.at + 1, this.#plan.schemaId)
    batch.at += WIRE_HEADER_BYTES
  }

  #pseudonymizer(person: number, { fields }: WriterSchema): Pseudonymizer | null {
    const grant = this.#people.grants[person]
    return grant === undefined ? null : this.#leaves.under(grant, fields)
  }
}
