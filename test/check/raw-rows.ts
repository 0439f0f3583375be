import avro from 'avsc'
import type { CheckedStream } from './contract-files.ts'
import type { DumpedRecord } from './evidence.ts'
import { refOf } from './pseudonyms.ts'

/** A raw record that can be processed. */
export interface GoodRow {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
  readonly event: Readonly<Record<string, unknown>>
  readonly subjectId: string
  readonly subjectRef: string
  readonly deviceRef: string | null
  /** Never later than the append time. */
  readonly eventTimeMs: number
  readonly ownSignal: boolean
}

/** A raw record that must be quarantined. */
export interface BadRow {
  readonly partition: number
  readonly offset: number
  readonly record: DumpedRecord
  readonly why: string
}

export interface RawRows {
  readonly good: readonly GoodRow[]
  readonly bad: readonly BadRow[]
}

const LATEST_DATE_MS = 8.64e15

/** Sorts raw records into those that can be processed and those that can't, by the rules of the documentation. */
export function readRawRows(
  records: readonly DumpedRecord[],
  stream: CheckedStream,
  schemas: ReadonlyMap<number, unknown>,
  referenceKey: Buffer,
): RawRows {
  const types = new Map<number, avro.Type>()
  const refs = new Map<string, string>()
  const ref = (kind: 'user' | 'device', id: string) => {
    const name = `${kind}/${id}`
    const made = refs.get(name) ?? refOf(referenceKey, kind, id)
    refs.set(name, made)
    return made
  }
  const good: GoodRow[] = []
  const bad: BadRow[] = []
  const inOrder = [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  for (const record of inOrder) {
    const { partition, offset } = record
    const read = decode(record, schemas, types)
    const event = typeof read === 'string' ? null : read
    const why = event === null ? (read as string) : fault(record, event, stream)
    if (event === null || why !== null) {
      bad.push({ partition, offset, record, why: why ?? '' })
      continue
    }
    const subjectId = at(event, stream.subject) as string
    const device = stream.device === null ? null : at(event, stream.device)
    good.push({
      partition,
      offset,
      appendTimeMs: record.timestampMs,
      event,
      subjectId,
      subjectRef: ref('user', subjectId),
      deviceRef: typeof device === 'string' && device !== '' ? ref('device', device) : null,
      eventTimeMs: Math.min(at(event, stream.eventTime) as number, record.timestampMs),
      ownSignal: stream.ownSignals.some((path) => at(event, path) === true),
    })
  }
  return { good, bad }
}

/** Value at a dotted path; undefined or null where it ends early. */
export function at(event: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
  }, event)
}

function decode(
  { value }: DumpedRecord,
  schemas: ReadonlyMap<number, unknown>,
  types: Map<number, avro.Type>,
): Record<string, unknown> | string {
  if (value === null) return 'no value'
  if (value.length < 5 || value[0] !== 0) return 'no wire format'
  const id = value.readUInt32BE(1)
  const schema = schemas.get(id)
  if (schema === undefined || schema === null) return 'unknown schema'
  const type = types.get(id) ?? avro.Type.forSchema(schema as avro.Schema)
  types.set(id, type)
  try {
    const { value: event, offset } = type.decode(value, 5)
    if (offset < 0) return 'cut short'
    if (offset !== value.length) return 'bytes after the end'
    return event as Record<string, unknown>
  } catch {
    return 'malformed'
  }
}

function fault({ key }: DumpedRecord, event: Record<string, unknown>, stream: CheckedStream): string | null {
  const subject = at(event, stream.subject)
  const time = at(event, stream.eventTime)
  if (typeof subject !== 'string' || subject === '') return 'no subject'
  if (typeof time !== 'number' || time < 0 || time > LATEST_DATE_MS) return 'no event time'
  if (key === null || !key.equals(Buffer.from(subject))) return 'another key'
  return null
}
