import avro from 'avsc'
import { ConsentRecordError, ConsentValueError } from './errors.ts'

/** First byte of every record of ours. Another version is another schema: it is never guessed at. */
const RECORD_VERSION = 1

/** One Avro type behind the version byte. `T` is the shape avsc gives, checked by the schema when written and read. */
export interface RecordType<T> {
  /** @throws ConsentValueError when the schema can't hold the value */
  encode(value: T): Buffer
  /** @throws ConsentRecordError when the bytes are not one whole record of this version */
  decode(bytes: Uint8Array): T
}

/** @param what names the record in errors @param schema Avro schema as parsed JSON */
export function recordType<T>(what: string, schema: unknown): RecordType<T> {
  const type = avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], {
    logicalTypes: { 'weir-list-item': ListItem },
  })
  return {
    encode(value) {
      let body: Buffer
      try {
        body = type.toBuffer(value)
      } catch {
        // The reason would quote the value.
        throw new ConsentValueError(`a ${what} has a value that its schema can't hold`)
      }
      return Buffer.concat([Buffer.of(RECORD_VERSION), body])
    },
    decode(bytes) {
      const version = bytes[0]
      if (version !== RECORD_VERSION) {
        throw new ConsentRecordError(`a ${what} has version ${version ?? 'none'}; this program reads ${RECORD_VERSION}`)
      }
      try {
        return type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1))
      } catch {
        throw new ConsentRecordError(`a ${what} of ${bytes.length} bytes is not what its schema says`)
      }
    },
  }
}

/**
 * An item of a list. avsc notices only at the very end that it has read past the bytes, so a damaged count would have
 * it make items until memory is gone; the first item past the end lacks its text or its id.
 */
class ListItem extends avro.types.LogicalType {
  protected override _fromValue(item: object): object {
    if (Object.values(item).includes(undefined)) throw new ConsentRecordError('a list claims more items than it has')
    return item
  }

  protected override _toValue(item: object): object {
    return item
  }
}

const UUID = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/
const HEX_16 = /^[0-9a-f]{32}$/

/** 16 bytes of a UUID; upper case is read as lower case. @throws ConsentValueError */
export function uuidToBytes(uuid: string): Buffer {
  const parts = UUID.exec(uuid.toLowerCase())
  if (parts === null) throw new ConsentValueError('a decision id is a UUID')
  return Buffer.from(parts.slice(1).join(''), 'hex')
}

const HEX_DIGITS = Buffer.from('0123456789abcdef')
/** Where in a UUID each byte's two digits stand, and the dashes between. */
const UUID_PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const uuidText = Buffer.alloc(36, '-')

/** As one flat text: one put together from pieces keeps them all, 250 bytes more, and states are remembered in thousands. */
export function uuidFromBytes(bytes: Buffer): string {
  for (let i = 0; i < UUID_PLACES.length; i++) {
    const [byte, at] = [bytes[i] as number, UUID_PLACES[i] as number]
    uuidText[at] = HEX_DIGITS[byte >> 4] as number
    uuidText[at + 1] = HEX_DIGITS[byte & 15] as number
  }
  return uuidText.toString('latin1')
}

/** @param what names the value in the error @throws ConsentValueError */
export function hex16ToBytes(what: string, hex: string): Buffer {
  if (!HEX_16.test(hex)) throw new ConsentValueError(`${what} is 32 lower-case hex digits`)
  return Buffer.from(hex, 'hex')
}
