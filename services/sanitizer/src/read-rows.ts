import { WITHHELD } from '@weir/consent'
import type { Marks } from '@weir/transcoder'
import type { Breaths } from './breaths.ts'
import type { Decided } from './decide.ts'
import type { Environment } from './environment.ts'
import { FAULT } from './faults.ts'
import { type Located, WIRE_HEADER_BYTES } from './locate.ts'
import { type WriterSchema, writerOf } from './writer-schemas.ts'

/** Rows whose records were checked as a whole. */
export interface ReadRows {
  /** FAULT code a row, those that locate saw included. Writing adds what is too large. */
  readonly fault: Uint8Array
  /** Where the values of the rows without a fault lie. */
  readonly marks: Marks
  /** Index into marks, a row. */
  readonly record: Int32Array
}

/**
 * Reads each row that can be processed, once for all purposes. One that is malformed behind what locate looked at is
 * found here, also when every purpose withholds it; so nothing about the bytes can fail once writing has begun.
 */
export async function readRows(env: Environment, { located, branches }: Decided, breaths: Breaths): Promise<ReadRows> {
  const { marks } = env
  const { rows } = located.chunk
  const fault = located.fault.slice()
  const record = new Int32Array(fault.length)
  marks.clear()
  for (let row = 0; row < fault.length; row++) {
    if (breaths.due) await breaths.take()
    if (fault[row] !== FAULT.none) continue
    const schema = schemaOf(located, row)
    const start = (rows.valueStart[row] as number) + WIRE_HEADER_BYTES
    const read = schema.transcoder.read(rows.source[row] as Buffer, start, rows.valueEnd[row] as number, marks)
    if (read < 0) fault[row] = -read
    else if (!canBeWritten(schema, branches, row)) fault[row] = FAULT.unusableSchema
    else record[row] = read
  }
  return { fault, marks, record }
}

/** Of a row without a fault. */
export function schemaOf(located: Located, row: number): WriterSchema {
  const schema = located.schema[row]
  if (schema?.kind !== 'usable') throw new Error('a located row has a usable schema')
  return schema
}

function canBeWritten(schema: WriterSchema, branches: Decided['branches'], row: number): boolean {
  for (let output = 0; output < branches.length; output++) {
    const decision = (branches[output] as Int16Array)[row] as number
    if (decision !== WITHHELD && !writerOf(schema, output, decision).usable) return false
  }
  return true
}
