import type { FinishedBatch } from '@weir/kafka'
import { Breaths } from './breaths.ts'
import type { Decided } from './decide.ts'
import type { Environment } from './environment.ts'
import { FAULT, FAULT_WORDS } from './faults.ts'
import { type GrantedPeople, grantedPeople } from './granted-people.ts'
import type { Held } from './outcome.ts'
import { QuarantineRecords } from './quarantine.ts'
import { type ReadRows, readRows } from './read-rows.ts'
import type { Tally } from './tally.ts'
import { type WrittenOutput, writeOutput } from './write-output.ts'

/** Everything a chunk publishes, as finished batches. */
export interface Rewritten {
  readonly kind: 'rewritten'
  readonly decided: Decided
  readonly batches: readonly FinishedBatch[]
  /** FAULT code a row, those found while reading and writing included. */
  readonly fault: Uint8Array
  readonly tally: Tally
}

/**
 * Pure but for what is drawn at random, and for breaths that it takes when it is long. A row that fails for one purpose is
 * quarantined for all.
 */
export async function rewrite(env: Environment, decided: Decided): Promise<Rewritten | Held> {
  const breaths = new Breaths(env.clock.monotonicMs)
  const read = await readRows(env, decided, breaths) // each row once: where its values lie, or a fault
  const people = await grantedPeople(env, decided, read, breaths) // by output: their pseudonyms, under the grant of each
  if ('kind' in people) return people

  const written = await writeOutputs(env, decided, read, people, breaths)
  const quarantine = await quarantineRows(env, decided, read, breaths)
  env.marks.clear()
  return {
    kind: 'rewritten',
    decided,
    batches: [...written.flatMap(({ batches }) => batches), ...quarantine.batches],
    fault: read.fault,
    tally: {
      rows: read.fault.length,
      quarantined: quarantine.counts,
      outputs: written.map(({ tally }) => tally),
    },
  }
}

/**
 * That a record is too large for its topic shows only once it is written, and by then another purpose may have its own of
 * the same event. Then all are written once more without such rows; since a record's size hangs on nothing but its event
 * and grant, none is too large this time.
 */
async function writeOutputs(
  env: Environment,
  decided: Decided,
  read: ReadRows,
  people: readonly GrantedPeople[],
  breaths: Breaths,
): Promise<WrittenOutput[]> {
  const write = async () => {
    const written: WrittenOutput[] = []
    for (const [output, own] of people.entries()) {
      written.push(await writeOutput(env, decided, read, own, output, breaths))
    }
    return written
  }
  const written = await write()
  return read.fault.includes(FAULT.tooLarge) ? await write() : written
}

async function quarantineRows(env: Environment, { located }: Decided, { fault }: ReadRows, breaths: Breaths) {
  const records = env.quarantine === null ? null : new QuarantineRecords(env, env.quarantine)
  const counts = new Map<string, number>()
  for (let row = 0; row < fault.length; row++) {
    const found = fault[row] as number
    if (found === FAULT.none) continue
    records?.add(located.chunk.rows, row, found)
    const { code } = FAULT_WORDS[found] as { code: string }
    counts.set(code, (counts.get(code) ?? 0) + 1)
    if (breaths.isOverdue) await breaths.take()
  }
  return { batches: records?.finish() ?? [], counts }
}
