import type { Rows } from '@weir/kafka'
import { type Located as LocatedEvent, newLocated } from '@weir/transcoder'
import type { Chunk } from './chunk.ts'
import type { Environment } from './environment.ts'
import { FAULT } from './faults.ts'
import type { Held } from './outcome.ts'
import { RefTable, sameBytes } from './ref-table.ts'
import type { KnownSchema } from './writer-schemas.ts'

/** Confluent wire format: a zero byte, the schema id as 4 bytes big-endian, then Avro. */
export const WIRE_HEADER_BYTES = 5

/** How soon to ask an absent registry again. */
const REGISTRY_RETRY_MS = 500

/** Rows with the subject, device, event time and own signal of each, straight from their bytes. */
export interface Located {
  readonly kind: 'located'
  readonly chunk: Chunk
  /** FAULT code a row; 0: can be processed. */
  readonly fault: Uint8Array
  /** Index into refs, a row; -1 where there is none. */
  readonly subject: Int32Array
  readonly device: Int32Array
  /** Unix ms, never later than the record's append time. */
  readonly eventTimeMs: Float64Array
  /** 1 where the event itself says no (GPC). */
  readonly ownSignal: Uint8Array
  readonly schema: readonly (KnownSchema | undefined)[]
  /** Distinct refs of the chunk, 16 bytes each. */
  readonly refs: Uint8Array
  readonly refCount: number
}

export async function locate(env: Environment, chunk: Chunk): Promise<Located | Held> {
  const headers = readHeaders(env, chunk.rows)
  const { unknown, schema } = headers
  if (unknown.length > 0) {
    if ((await env.schemas.resolve(new Set(unknown.map(({ id }) => id)))) === 'away') {
      return { kind: 'held', reason: 'registry-away', retryAfterMs: REGISTRY_RETRY_MS }
    }
    for (const { row, id } of unknown) schema[row] = env.schemas.get(id)
  }
  return locateRows(env, chunk, headers)
}

/** What stands before the Avro of each row. */
interface Headers {
  /** Of a row that has no such header; 0 in the others. */
  readonly fault: Uint8Array
  readonly schema: (KnownSchema | undefined)[]
  /** Rows whose schema has to be looked up first. */
  readonly unknown: readonly { readonly row: number; readonly id: number }[]
}

function readHeaders({ schemas }: Environment, rows: Rows): Headers {
  const fault = new Uint8Array(rows.count)
  const schema: (KnownSchema | undefined)[] = new Array(rows.count)
  const unknown: { row: number; id: number }[] = []
  for (let row = 0; row < rows.count; row++) {
    fault[row] = wireFault(rows, row)
    if (fault[row] !== FAULT.none) continue
    const id = schemaId(rows, row)
    schema[row] = schemas.get(id)
    if (schema[row] === undefined) unknown.push({ row, id })
  }
  return { fault, schema, unknown }
}

function locateRows(env: Environment, chunk: Chunk, { fault, schema }: Headers): Located {
  const { rows } = chunk
  const count = rows.count
  const subject = new Int32Array(count).fill(-1)
  const device = new Int32Array(count).fill(-1)
  const eventTimeMs = new Float64Array(count)
  const ownSignal = new Uint8Array(count)
  const refs = new RefTable(env.references, 2 * count, env.random.below(2 ** 32))
  const event = newLocated()

  for (let row = 0; row < count; row++) {
    if (fault[row] !== FAULT.none) continue
    fault[row] = locateRow(schema[row], rows, row, event)
    if (fault[row] !== FAULT.none) continue
    const { source, deviceStart } = event
    subject[row] = refs.indexOf('user', source, event.subjectStart, event.subjectEnd)
    if (deviceStart >= 0) device[row] = refs.indexOf('device', source, deviceStart, event.deviceEnd)
    eventTimeMs[row] = Math.min(event.eventTimeMs, rows.timestampMs[row] as number)
    ownSignal[row] = event.ownSignal ? 1 : 0
  }
  return {
    kind: 'located',
    chunk,
    fault,
    subject,
    device,
    eventTimeMs,
    ownSignal,
    schema,
    refs: refs.refs,
    refCount: refs.count,
  }
}

/** Fills `event`, or answers with a fault. */
function locateRow(schema: KnownSchema | undefined, rows: Rows, row: number, event: LocatedEvent): number {
  // Forgotten between resolve and here (bounded memory of wrong ids): then it was a wrong one.
  if (schema === undefined) return FAULT.unknownSchema
  if (schema.kind === 'faulty') return schema.fault

  const start = (rows.valueStart[row] as number) + WIRE_HEADER_BYTES
  const fault = schema.locator.locate(rows.source[row] as Buffer, start, rows.valueEnd[row] as number, event)
  if (fault !== FAULT.none) return fault
  // Date's own range; Kafka refuses records with times before 1970.
  if (!(event.eventTimeMs >= 0 && event.eventTimeMs <= 8.64e15)) return FAULT.eventTimeOutOfRange
  return sameKey(rows, row, event) ? FAULT.none : FAULT.keyDiffers
}

function wireFault(rows: Rows, row: number): number {
  const start = rows.valueStart[row] as number
  if (start < 0) return FAULT.emptyValue
  const isWire =
    (rows.valueEnd[row] as number) - start >= WIRE_HEADER_BYTES && (rows.source[row] as Buffer)[start] === 0
  return isWire ? FAULT.none : FAULT.notWireFormat
}

function schemaId(rows: Rows, row: number): number {
  return (rows.source[row] as Buffer).readUInt32BE((rows.valueStart[row] as number) + 1)
}

function sameKey(rows: Rows, row: number, { source, subjectStart, subjectEnd }: LocatedEvent): boolean {
  const start = rows.keyStart[row] as number
  const end = rows.keyEnd[row] as number
  return start >= 0 && sameBytes(rows.source[row] as Buffer, start, end, source, subjectStart, subjectEnd)
}
