import { type Located as LocatedEvent, newLocated } from '@weir/transcoder'
import type { Chunk } from './chunk.ts'
import type { Environment } from './environment.ts'
import { FAULT } from './faults.ts'
import type { Held } from './outcome.ts'
import type { KnownSchema } from './writer-schemas.ts'

/** Confluent wire format: a zero byte, the schema id as 4 bytes big-endian, then Avro. */
export const WIRE_HEADER_BYTES = 5

/** How soon to ask an absent registry again. */
const REGISTRY_RETRY_MS = 500

const REF_BYTES = 16

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
  const missing = unknownSchemas(env, chunk)
  if (missing.size > 0 && (await env.schemas.resolve(missing)) === 'away') {
    return { kind: 'held', reason: 'registry-away', retryAfterMs: REGISTRY_RETRY_MS }
  }
  return locateRows(env, chunk)
}

function unknownSchemas(env: Environment, { rows }: Chunk): Set<number> {
  const missing = new Set<number>()
  for (let row = 0; row < rows.count; row++) {
    if (wireFault(chunkValue(rows, row)) !== FAULT.none) continue
    const id = schemaId(rows, row)
    if (env.schemas.get(id) === undefined) missing.add(id)
  }
  return missing
}

function locateRows(env: Environment, chunk: Chunk): Located {
  const { rows } = chunk
  const count = rows.count
  const fault = new Uint8Array(count)
  const subject = new Int32Array(count).fill(-1)
  const device = new Int32Array(count).fill(-1)
  const eventTimeMs = new Float64Array(count)
  const ownSignal = new Uint8Array(count)
  const schema: (KnownSchema | undefined)[] = new Array(count)
  const refs = new RefTable(env, count)
  const event = newLocated()

  for (let row = 0; row < count; row++) {
    const found = locateRow(env, chunk, row, event)
    schema[row] = found.schema
    if (found.fault !== FAULT.none) {
      fault[row] = found.fault
      continue
    }
    subject[row] = refs.indexOf('user', event.subject)
    if (event.device !== null) device[row] = refs.indexOf('device', event.device)
    eventTimeMs[row] = Math.min(event.eventTimeMs, rows.timestampMs[row] as number)
    ownSignal[row] = event.ownSignal ? 1 : 0
  }
  const { bytes, used } = refs
  return { kind: 'located', chunk, fault, subject, device, eventTimeMs, ownSignal, schema, refs: bytes, refCount: used }
}

interface FoundRow {
  readonly fault: number
  readonly schema: KnownSchema | undefined
}

function locateRow(env: Environment, { rows }: Chunk, row: number, event: LocatedEvent): FoundRow {
  const value = chunkValue(rows, row)
  const wire = wireFault(value)
  if (wire !== FAULT.none) return { fault: wire, schema: undefined }
  const schema = env.schemas.get(schemaId(rows, row))
  // Forgotten between resolve and here (bounded memory of wrong ids): then it was a wrong one.
  if (schema === undefined) return { fault: FAULT.unknownSchema, schema }
  if (schema.kind === 'faulty') return { fault: schema.fault, schema }

  const source = rows.source[row] as Buffer
  const start = (rows.valueStart[row] as number) + WIRE_HEADER_BYTES
  const fault = schema.locator.locate(source, start, rows.valueEnd[row] as number, event)
  if (fault !== FAULT.none) return { fault, schema }
  // Date's own range; Kafka refuses records with times before 1970.
  if (!(event.eventTimeMs >= 0 && event.eventTimeMs <= 8.64e15)) return { fault: FAULT.eventTimeOutOfRange, schema }
  if (!sameKey(rows, row, event.subject)) return { fault: FAULT.keyDiffers, schema }
  return { fault: FAULT.none, schema }
}

interface ValueRange {
  readonly source: Buffer
  readonly start: number
  readonly end: number
}

function chunkValue(rows: Chunk['rows'], row: number): ValueRange {
  return {
    source: rows.source[row] as Buffer,
    start: rows.valueStart[row] as number,
    end: rows.valueEnd[row] as number,
  }
}

function wireFault({ source, start, end }: ValueRange): number {
  if (start < 0) return FAULT.emptyValue
  if (end - start < WIRE_HEADER_BYTES || source[start] !== 0) return FAULT.notWireFormat
  return FAULT.none
}

function schemaId(rows: Chunk['rows'], row: number): number {
  return (rows.source[row] as Buffer).readUInt32BE((rows.valueStart[row] as number) + 1)
}

function sameKey(rows: Chunk['rows'], row: number, subject: Uint8Array): boolean {
  const start = rows.keyStart[row] as number
  if (start < 0) return false
  return (rows.source[row] as Buffer).subarray(start, rows.keyEnd[row] as number).equals(subject)
}

/** The distinct people and devices of a chunk: each is hashed once and looked up once. */
class RefTable {
  readonly bytes: Uint8Array
  used = 0
  readonly #references: Environment['references']
  readonly #indexes = new Map<string, number>()

  constructor(env: Environment, rows: number) {
    this.bytes = new Uint8Array(rows * 2 * REF_BYTES)
    this.#references = env.references
  }

  indexOf(kind: 'user' | 'device', id: Uint8Array): number {
    const key = `${kind === 'user' ? 'u' : 'd'}${Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1')}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.used++
    this.#references.refInto(kind, id, 0, id.length, this.bytes, index * REF_BYTES)
    this.#indexes.set(key, index)
    return index
  }
}
