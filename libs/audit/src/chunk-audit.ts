import avro from 'avsc'
import schema from '../schemas/chunk.json' with { type: 'json' }

/** Of all streams; the namespace goes before it. */
export const AUDIT_TOPIC = 'weir.audit'

/** First byte of every record. Another version is another schema: it is never guessed at. */
const VERSION = 1

/** What one committed transaction of a sanitizer did; the schema tells what each field says. */
export interface ChunkAudit {
  readonly stream: string
  readonly kind: 'live' | 'replay' | 'redrive'
  readonly source: string
  readonly ranges: readonly { readonly partition: number; readonly from: number; readonly to: number }[]
  /** 32 bytes. */
  readonly contract: Uint8Array
  readonly outputs: readonly {
    readonly purpose: string
    readonly topic: string
    readonly granted: number
    readonly stripped: number
    readonly withheld: number
  }[]
  readonly quarantined: number
  readonly tickTimeMs: number
  readonly consent: readonly {
    readonly partition: number
    readonly statePosition: number
    readonly ledgerPosition: number
  }[]
}

/** The bytes are no audit record that this program reads. */
export class AuditRecordError extends Error {
  readonly code = 'WEIR_AUDIT_RECORD'
  override readonly name = 'AuditRecordError'
}

/** Items made by the decoding under way, and how many its bytes can hold at most. */
let items = 0
let mostItems = 0

/** avsc reads zeros past the end and notices only afterwards: a wrong count would have it fill the memory before. */
class ListItem extends avro.types.LogicalType {
  protected override _fromValue(item: object): object {
    items += 1
    if (items > mostItems) throw new RangeError('a list claims more items than there are bytes')
    return item
  }

  protected override _toValue(item: object): object {
    return item
  }
}

const type = avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], {
  logicalTypes: { 'weir-list-item': ListItem },
})

/** Version byte ‖ Avro. What a topic holds is this, padded and sealed. @throws TypeError when the schema can't hold it */
export function encodeChunk(chunk: ChunkAudit): Buffer {
  const body = type.toBuffer({ ...chunk, contract: Buffer.from(chunk.contract) })
  return Buffer.concat([Buffer.of(VERSION), body])
}

/** @throws AuditRecordError on an unknown version or anything that is not exactly one record */
export function decodeChunk(bytes: Uint8Array): ChunkAudit {
  const version = bytes[0]
  if (version !== VERSION) {
    throw new AuditRecordError(`an audit record has version ${version ?? 'none'}; this program reads ${VERSION}`)
  }
  items = 0
  mostItems = bytes.length
  try {
    return plain(type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.length - 1)))
  } catch {
    throw new AuditRecordError(`an audit record of ${bytes.length} bytes is not what its schema says`)
  }
}

/** Without the classes that avsc makes. */
function plain(chunk: ChunkAudit): ChunkAudit {
  return {
    ...chunk,
    ranges: chunk.ranges.map((range) => ({ ...range })),
    outputs: chunk.outputs.map((output) => ({ ...output })),
    consent: chunk.consent.map((one) => ({ ...one })),
  }
}
