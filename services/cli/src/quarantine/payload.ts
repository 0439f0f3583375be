import { isUtf8 } from 'node:buffer'
import { KeyEpochMissingError, SealError, type Sealer } from '@weir/pseudonym'
import { openRawRecord, type RawRecord } from '@weir/quarantine'
import { avroType } from '../events/avro-type.ts'
import { decode } from '../events/decode.ts'
import { plain } from '../events/plain.ts'

/** What a quarantine record holds, as it is shown. */
export interface Payload {
  /** Text where it is UTF-8, else hex. */
  readonly key: string | null
  readonly appendTimeMs: number
  /** The event, where it could be decoded. */
  readonly event: unknown
  /** The whole value, where it could not. */
  readonly hex: string | null
  /** Why it is shown as hex; null: it is not. */
  readonly notice: string | null
}

/** Schemas by registry id. Null: the registry has none of that id; undefined: it gives no answer. */
export type SchemaById = (id: number) => Promise<object | string | null | undefined>

const WIRE_HEADER_BYTES = 5

/** A text instead of a payload says why the record does not open. */
export async function payloadOf(
  sealer: Sealer,
  topic: string,
  sealed: Buffer,
  schemaById: SchemaById,
): Promise<Payload | string> {
  try {
    return await shown(openRawRecord(sealer, topic, sealed), schemaById)
  } catch (error) {
    if (error instanceof SealError || error instanceof KeyEpochMissingError) return error.message
    throw error
  }
}

async function shown({ key, value, appendTimeMs }: RawRecord, schemaById: SchemaById): Promise<Payload> {
  const record = { key: key === null ? null : isUtf8(key) ? key.toString('utf8') : key.toString('hex'), appendTimeMs }
  if (value === null) return { ...record, event: null, hex: null, notice: 'the record has no value' }
  const asHex = (notice: string) => ({ ...record, event: null, hex: value.toString('hex'), notice })
  if (value.length < WIRE_HEADER_BYTES || value[0] !== 0) return asHex('it is not in Confluent wire format')
  const id = value.readUInt32BE(1)
  const schema = await schemaById(id)
  if (schema === undefined) return asHex(`the registry gives no answer for schema ${id}`)
  if (schema === null) return asHex(`the registry has no schema ${id}`)
  try {
    const type = avroType(schema)
    return { ...record, event: plain(type, decode(type, value.subarray(WIRE_HEADER_BYTES))), hex: null, notice: null }
  } catch {
    // What exactly is wrong may quote the event, and who looks has its bytes.
    return asHex(`it does not fit schema ${id}`)
  }
}

const ANSWER_WITHIN_MS = 5_000

/** Asks a registry with Confluent's API, once for each id. */
export function registrySchemas(url: string): SchemaById {
  const known = new Map<number, ReturnType<SchemaById>>()
  return (id) => {
    const asked = known.get(id) ?? ask(`${url}/schemas/ids/${id}`)
    known.set(id, asked)
    return asked
  }
}

async function ask(url: string): ReturnType<SchemaById> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    if (response.status === 404) return null
    const answer: unknown = await response.json()
    const text: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'schema') : null
    const schema: unknown = response.ok && typeof text === 'string' ? JSON.parse(text) : undefined
    return typeof schema === 'string' || (typeof schema === 'object' && schema !== null) ? schema : undefined
  } catch {
    return undefined
  }
}
