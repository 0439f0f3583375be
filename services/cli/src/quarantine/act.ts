import { KeyEpochMissingError, SealError, type Sealer } from '@weir/pseudonym'
import type { OffsetRange } from '@weir/quarantine'
import avro from 'avsc'
import schema from './act.json' with { type: 'json' }

/** Topic of acts, without the namespace. */
export const ACTS_TOPIC = 'weir.acts'

/** What somebody did to quarantined records; see act.json. */
export interface Act {
  readonly kind: 'look' | 'expire' | 'redrive'
  readonly stream: string
  readonly topic: string
  readonly code: string | null
  readonly ranges: readonly OffsetRange[]
  readonly role: string
  readonly why: string
  readonly user: string
  readonly host: string
  readonly atMs: number
}

const VERSION = 1

type AvroAct = Omit<Act, 'code'> & { readonly code: { readonly string: string } | null }

const type = avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], { wrapUnions: true })

/** What is sealed as the value of a record of `weir.acts`: version byte and Avro. */
export function encodeAct(act: Act): Buffer {
  const value: AvroAct = { ...act, code: act.code === null ? null : { string: act.code } }
  return Buffer.concat([Buffer.of(VERSION), type.toBuffer(value)])
}

/** The act of a sealed record of `weir.acts`. A text says why it is none, or does not open. */
export function openAct(sealer: Sealer, topic: string, sealed: Uint8Array): Act | string {
  try {
    return decodeAct(sealer.open(topic, sealed))
  } catch (error) {
    if (error instanceof SealError || error instanceof KeyEpochMissingError || error instanceof ActError) {
      return error.message
    }
    throw error
  }
}

/** What was opened is no act that this program can read. */
class ActError extends Error {}

/** @throws ActError on another version, or anything that is not exactly one act */
export function decodeAct(bytes: Buffer): Act {
  if (bytes[0] !== VERSION) {
    throw new ActError(`an act has version ${bytes[0] ?? 'none'}; this program reads ${VERSION}`)
  }
  const { code, ranges, ...act } = read(bytes.subarray(1))
  return { ...act, ranges: ranges.map((range) => ({ ...range })), code: code === null ? null : code.string }
}

function read(bytes: Buffer): AvroAct {
  try {
    return type.fromBuffer(bytes) as AvroAct
  } catch (cause) {
    throw new ActError('it holds no act', { cause })
  }
}
