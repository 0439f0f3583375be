import { InvalidEvent, type Problem } from '../errors.ts'
import type { Field } from '../schema/node.ts'
import { readSchema } from '../schema/read-schema.ts'
import { steeringOf } from '../schema/steering.ts'
import { avroType } from './avro-type.ts'
import { complete } from './complete.ts'
import { fieldKey, type WireObject, type WireValue } from './wire-value.ts'

/** A stream's events as records of its raw topic. Pure: needs no broker and no registry. */
export interface EventEncoder {
  /** All that is wrong with an event, values never told; empty when it can be sent. */
  problems(event: unknown): readonly Problem[]
  /**
   * Key and value of the record: the subject's UTF-8 bytes, and Confluent wire format under the schema's registered id.
   * @throws InvalidEvent
   */
  encode(event: unknown, schemaId: number): { readonly key: Buffer; readonly value: Buffer }
}

/** A zero byte and the schema's id, 4 bytes big-endian. */
const HEADER_BYTES = 5

/**
 * @param rawSchema the contract's raw Avro schema as parsed JSON, tags included
 * @throws UnusableSchema
 */
export function eventEncoder(rawSchema: unknown): EventEncoder {
  const root = readSchema(rawSchema)
  const { subject, ids } = steeringOf(root)
  const type = avroType(root)
  const options = { root, ids, branchKey: type.branchKey }
  const subjectAt = placesOf(subject, root.fields)
  return {
    problems(event) {
      const completed = complete(event, options)
      return 'problems' in completed ? completed.problems : []
    },
    encode(event, schemaId) {
      const completed = complete(event, options)
      if ('problems' in completed) throw new InvalidEvent(completed.problems)
      const body = type.encode(completed.value)
      const value = Buffer.allocUnsafe(HEADER_BYTES + body.length)
      value[0] = 0
      value.writeUInt32BE(schemaId, 1)
      body.copy(value, HEADER_BYTES)
      return { key: Buffer.from(textAt(completed.value, subjectAt)), value }
    },
  }
}

/** Keys of a path's fields in the records that hold them. */
function placesOf(path: readonly Field[], fields: readonly Field[]): string[] {
  const [field, ...rest] = path
  if (field === undefined) return []
  const inside = field.node.kind === 'record' ? field.node.fields : []
  return [fieldKey(fields.indexOf(field)), ...placesOf(rest, inside)]
}

function textAt(value: WireObject, places: readonly string[]): string {
  let at: WireValue | undefined = value
  for (const place of places) at = typeof at === 'object' && at !== null ? Reflect.get(at, place) : undefined
  if (typeof at !== 'string') throw new TypeError('a checked event has no subject')
  return at
}
