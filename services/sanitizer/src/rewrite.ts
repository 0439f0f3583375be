import type { FinishedBatch } from '@weir/kafka'
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
  readonly tally: Tally
}

/** Pure but for what is drawn at random. A row that fails for one purpose is quarantined for all. */
export function rewrite(env: Environment, decided: Decided): Rewritten | Held {
  const read = readRows(env, decided) // each row once: where its values lie, or a fault
  const people = grantedPeople(env, decided, read) // by output: their pseudonyms, under the grant of each
  if ('kind' in people) return people

  const written = writeOutputs(env, decided, read, people)
  const quarantine = quarantineRows(env, decided, read)
  env.marks.clear()
  return {
    kind: 'rewritten',
    decided,
    batches: [...written.flatMap(({ batches }) => batches), ...quarantine.batches],
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
function writeOutputs(
  env: Environment,
  decided: Decided,
  read: ReadRows,
  people: readonly GrantedPeople[],
): WrittenOutput[] {
  const write = () => people.map((own, output) => writeOutput(env, decided, read, own, output))
  const written = write()
  return read.fault.includes(FAULT.tooLarge) ? write() : written
}

function quarantineRows(env: Environment, { located }: Decided, { fault }: ReadRows) {
  const records = new QuarantineRecords(env)
  const counts = new Map<string, number>()
  for (let row = 0; row < fault.length; row++) {
    const found = fault[row] as number
    if (found === FAULT.none) continue
    records.add(located.chunk.rows, row, found)
    const { code } = FAULT_WORDS[found] as { code: string }
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return { batches: records.finish(), counts }
}
