import { type PlainEvent, valueAt, withValueAt } from './value-at.ts'
import type { EventEncoder } from './wire.ts'

/** Kinds of bad records that are planted into the stream; each must end in quarantine, and the stream go on. */
export const PLANTED_KINDS = [
  'truncated',
  /** JSON where Avro belongs: the first byte is a brace. */
  'no-magic-byte',
  'unknown-schema',
  'empty-subject',
  'tombstone',
  'trailing-bytes',
  'key-differs',
] as const

export type PlantedKind = (typeof PLANTED_KINDS)[number]

export interface RawRecord {
  readonly key: Buffer
  readonly value: Buffer | null
}

/** No registry has got that far. */
const UNKNOWN_SCHEMA_ID = 0x7fff_fff0

/** A good event turned bad in the way that `kind` says. @param subject path of the leaf tagged as subject */
export function plantedRecord(
  kind: PlantedKind,
  event: PlainEvent,
  subject: readonly string[],
  encoder: EventEncoder,
): RawRecord {
  const id = String(valueAt(event, subject))
  const key = Buffer.from(id)
  const value = encoder.encode(event)
  switch (kind) {
    case 'truncated':
      return { key, value: value.subarray(0, Math.floor(value.length * 0.6)) }
    case 'no-magic-byte':
      return { key, value: Buffer.from(JSON.stringify(event)) }
    case 'unknown-schema': {
      value.writeUInt32BE(UNKNOWN_SCHEMA_ID, 1)
      return { key, value }
    }
    case 'empty-subject':
      return { key: Buffer.alloc(0), value: encoder.encode(withValueAt(event, subject, '')) }
    case 'tombstone':
      return { key, value: null }
    case 'trailing-bytes':
      return { key, value: Buffer.concat([value, Buffer.from('left over')]) }
    case 'key-differs':
      return { key: Buffer.from(`${id}-other`), value }
  }
}
