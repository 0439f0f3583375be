import avro from 'avsc'
import { refOf } from '../../check/pseudonyms.ts'
import { RAW_SCHEMA } from '../load/raw-event.ts'
import { SETTING } from '../load/setting.ts'
import type { Seen, SeenRecord } from './seen.ts'

/** A raw record that can be processed. */
export interface Row {
  readonly row: number
  readonly partition: number
  readonly offset: number
  readonly appendedAtMs: number
  readonly ref: string
  readonly deviceRef: string | null
  readonly occurredAtMs: number
  /** Never later than the append time. */
  readonly eventTimeMs: number
  readonly secret: string
  readonly extra: string
}

export interface Rows {
  readonly good: readonly Row[]
  readonly bad: readonly SeenRecord[]
}

interface RawEvent {
  readonly row: number
  readonly occurredAt: number
  readonly subjectId: string
  readonly deviceId: string | null
  readonly secret: string
  readonly extra: string
}

const type = avro.Type.forSchema(JSON.parse(RAW_SCHEMA) as avro.Schema)

const users = new Map<string, string>(SETTING.users.map((id) => [id, refOf(SETTING.referenceKey, 'user', id)]))
const devices = new Map<string, string>(SETTING.devices.map((id) => [id, refOf(SETTING.referenceKey, 'device', id)]))
const names = new Map([...users, ...devices].map(([id, ref]) => [ref, id]))

/** Whom a ref stands for. */
export function nameOf(ref: string): string {
  return names.get(ref) ?? `ref ${ref}`
}

export function readRows(raw: Seen['raw']): Rows {
  const good: Row[] = []
  const bad: SeenRecord[] = []
  for (const record of raw) {
    const event = decode(record.value)
    if (event === null) {
      bad.push(record)
      continue
    }
    good.push({
      row: event.row,
      partition: record.partition,
      offset: record.offset,
      appendedAtMs: record.timestampMs,
      ref: users.get(event.subjectId) ?? '',
      deviceRef: event.deviceId === null ? null : (devices.get(event.deviceId) ?? ''),
      occurredAtMs: event.occurredAt,
      eventTimeMs: Math.min(event.occurredAt, record.timestampMs),
      secret: event.secret,
      extra: event.extra,
    })
  }
  return { good, bad }
}

function decode(value: Buffer | null): RawEvent | null {
  if (value === null) return null
  try {
    return type.fromBuffer(value.subarray(5)) as RawEvent
  } catch {
    return null
  }
}
