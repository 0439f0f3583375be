import avro from 'avsc'

/** Values of a raw topic: Confluent wire format (zero byte, schema id as 4 bytes big-endian, Avro). */
export interface EventEncoder {
  readonly schemaId: number
  encode(event: object): Buffer
}

const HEADER_BYTES = 5

/** Encodes by the contract's raw schema (parsed JSON) under the id that the registry gave it. */
export function eventEncoder(rawSchema: unknown, schemaId: number): EventEncoder {
  const type = avro.Type.forSchema(rawSchema as avro.Schema)
  return {
    schemaId,
    encode(event) {
      const body = type.toBuffer(event)
      const value = Buffer.allocUnsafe(HEADER_BYTES + body.length)
      value[0] = 0
      value.writeUInt32BE(schemaId, 1)
      body.copy(value, HEADER_BYTES)
      return value
    },
  }
}
