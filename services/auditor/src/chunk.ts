import avro from 'avsc'
import chunkSchema from './chunk.json' with { type: 'json' }

/** An audit record: what one committed transaction took in and put out, and under which consent. */
export interface Chunk {
  readonly stream: string
  readonly kind: string
  readonly source: string
  readonly ranges: readonly { readonly partition: number; readonly from: number; readonly to: number }[]
  /** Hex. */
  readonly contract: string
  readonly outputs: readonly {
    readonly purpose: string
    readonly topic: string
    readonly granted: number
    readonly stripped: number
    readonly withheld: number
  }[]
  readonly quarantined: number
  readonly tickTimeMs: number
  readonly consent: readonly { readonly partition: number; readonly ledgerPosition: number }[]
}

const VERSION = 1
const type = avro.Type.forSchema(chunkSchema as avro.Schema)

/** Null: no audit record of a version that is known. @param bytes opened and without padding */
export function readChunk(bytes: Buffer): Chunk | null {
  if (bytes[0] !== VERSION) return null
  try {
    const read = type.fromBuffer(bytes.subarray(1)) as Omit<Chunk, 'contract'> & { readonly contract: Uint8Array }
    return { ...read, contract: Buffer.from(read.contract).toString('hex') }
  } catch {
    return null
  }
}
