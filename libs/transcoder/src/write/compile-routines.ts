import type { Pseudonymizer, Sink } from '../port.ts'
import type { Marks } from '../read/marks.ts'
import { code } from './code.ts'
import type { Op } from './plan.ts'
import type { Never, Probe } from './plan-probe.ts'
import { askProbe, type Count } from './probe-text.ts'
import { positionIn, Routine } from './routine.ts'
import type { Spot } from './spot.ts'
import { WalkText } from './walk-text.ts'
import { growthOf, REREAD, WriteText } from './write-text.ts'

/** Appends a record's clean form. */
export type WriteRecord = (
  marks: Marks,
  record: number,
  sink: Sink,
  pseudonymizer: Pseudonymizer | null,
  sensitiveAllowed: boolean,
) => void

export function compileWrite(record: Spot, ops: readonly Op[]): WriteRecord {
  return writeRoutine(record, ops).compile(WRITE_PARAMETERS)
}

const WRITE_PARAMETERS = code`, sink, pseudonymizer, sensitiveAllowed`

function writeRoutine(record: Spot, ops: readonly Op[]): Routine {
  const routine = new Routine()
  const scope = routine.record
  const spare = routine.name()
  routine.add(
    code`const ${spare} = ${positionIn(scope, record.end)} - ${positionIn(scope, record.start)} + ${growthOf(ops)}`,
  )
  routine.add(code`sink.room(${spare})
let out, outView, at = sink.at
${REREAD}`)
  new WriteText(routine, new WalkText(routine)).write(ops, scope, spare)
  routine.add(code`sink.at = at`)
  return routine
}

/** Asks something of a record. */
export type AskRecord = (marks: Marks, record: number) => boolean

/** Whether all probes hold of a record. */
export function compileAsk(probes: readonly (Probe | Never)[], count: Count): AskRecord {
  if (probes.length === 0) return () => true
  if (probes.includes('never')) return () => false
  const routine = new Routine()
  const walk = new WalkText(routine)
  for (const probe of probes) {
    if (probe === 'never') continue
    const holds = askProbe(routine, walk, probe, routine.record, count)
    routine.add(code`if (!${holds}) return false`)
  }
  routine.add(code`return true`)
  return routine.compile(code``)
}
