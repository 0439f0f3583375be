import avro from 'avsc'
import { DecodingFailed } from './errors.ts'
import type { ConsumedRecord } from './options.ts'
import { type RegistryOptions, schemasById } from './registered-schema.ts'

type AvscSchema = Parameters<typeof avro.Type.forSchema>[0]

/** Reads the Avro record in a clean record's value. */
export type Decode = (record: Pick<ConsumedRecord, 'schemaId' | 'value'>) => Promise<Record<string, unknown>>

/**
 * Decodes clean records with their own schemas, each asked of the registry once. Leaves are as Avro has them: a time is
 * a number of Unix milliseconds; a long beyond 2^53 is a bigint; bytes are a Buffer.
 *
 * @throws WrongOptions; what it gives rejects with DecodingFailed, after 30 s where the registry is away
 */
export function avroDecoder(options: RegistryOptions): Decode {
  const schemaById = schemasById(options)
  const types = new Map<number, Promise<avro.Type>>()

  const typeOf = (id: number): Promise<avro.Type> => {
    let type = types.get(id)
    if (type === undefined) {
      type = schemaById(id).then((schema) => read(id, schema))
      types.set(id, type)
      // What failed is asked again.
      type.catch(() => types.delete(id))
    }
    return type
  }

  return async ({ schemaId, value }) => {
    const type = await typeOf(schemaId)
    try {
      return type.fromBuffer(value)
    } catch {
      // avsc's message has parts of the value.
      throw new DecodingFailed(`A value of ${value.length} bytes is not what schema ${schemaId} says`)
    }
  }
}

function read(id: number, schema: unknown): avro.Type {
  try {
    return avro.Type.forSchema(schema as AvscSchema, { registry: { long: LONG } })
  } catch (cause) {
    throw new DecodingFailed(`Schema ${id} of the registry can't be used`, { cause })
  }
}

const LONG = avro.types.LongType.__with({
  fromBuffer(buffer: Buffer): number | bigint {
    const value = buffer.readBigInt64LE()
    return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value
  },
  toBuffer(value: number | bigint): Buffer {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(BigInt(value))
    return buffer
  },
  fromJSON: Number,
  toJSON: Number,
  isValid: (value: unknown): boolean => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0),
})
