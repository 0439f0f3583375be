import avro from 'avsc'
import schema from '../schemas/topics.json' with { type: 'json' }
import { TopicsRecordError } from './errors.ts'

/** Topic of plans and aliases, without the namespace. Compacted, one partition. */
export const TOPICS_TOPIC = 'weir.topics'

/** How far a replay has come; see schemas/topics.json. */
export interface PlanStatus {
  readonly planId: string
  readonly stream: string
  /** Of the plan, 32 bytes. */
  readonly digest: Buffer
  readonly status: 'started' | 'completed' | 'cancelled'
  readonly atMs: number
  readonly offsets: number
}

/** Which topic is the current one of a purpose; see schemas/topics.json. */
export interface Alias {
  readonly stream: string
  readonly purpose: string
  /** As it is called on the cluster. */
  readonly topic: string
  readonly sinceMs: number
  readonly planId: string | null
}

export type TopicsRecord =
  | { readonly kind: 'plan'; readonly plan: PlanStatus }
  | { readonly kind: 'alias'; readonly alias: Alias }

const RECORD_VERSION = 1
/** Unix milliseconds that a Date can hold. */
const LATEST_MS = 8.64e15

type AvroRecord = { 'weir.topics.PlanStatus': PlanStatus } | { 'weir.topics.Alias': AvroAlias }
type AvroAlias = Omit<Alias, 'planId'> & { readonly planId: { readonly string: string } | null }

const type = avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], { wrapUnions: true })

export function topicsKey(record: TopicsRecord): Buffer {
  return Buffer.from(record.kind === 'plan' ? `plan:${record.plan.planId}` : aliasKey(record.alias))
}

export function aliasKey({ stream, purpose }: Pick<Alias, 'stream' | 'purpose'>): string {
  return `${stream}.${purpose}`
}

/** Value of a record of `weir.topics`: version byte and Avro. */
export function encodeTopicsRecord(record: TopicsRecord): Buffer {
  const value: AvroRecord =
    record.kind === 'plan' ? { 'weir.topics.PlanStatus': record.plan } : { 'weir.topics.Alias': toAvro(record.alias) }
  return Buffer.concat([Buffer.of(RECORD_VERSION), type.toBuffer(value)])
}

/** @throws TopicsRecordError on an unknown version or anything that is not exactly one record */
export function decodeTopicsRecord(bytes: Uint8Array): TopicsRecord {
  if (bytes[0] !== RECORD_VERSION) {
    const version = bytes[0] ?? 'none'
    throw new TopicsRecordError(`a record of weir.topics has version ${version}; this program reads ${RECORD_VERSION}`)
  }
  const record = avroRecord(bytes.subarray(1))
  if ('weir.topics.PlanStatus' in record) {
    const plan = { ...record['weir.topics.PlanStatus'] }
    checkTime(plan.atMs)
    return { kind: 'plan', plan }
  }
  const { planId, ...alias } = record['weir.topics.Alias']
  checkTime(alias.sinceMs)
  return { kind: 'alias', alias: { ...alias, planId: planId === null ? null : planId.string } }
}

function avroRecord(bytes: Uint8Array): AvroRecord {
  try {
    return type.fromBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) as AvroRecord
  } catch {
    throw new TopicsRecordError(`a record of weir.topics of ${bytes.length} bytes is not what its schema says`)
  }
}

/** Who reads it shows it as a date. */
function checkTime(ms: number): void {
  if (!(ms >= 0 && ms <= LATEST_MS)) throw new TopicsRecordError('a record of weir.topics has a time that is none')
}

function toAvro(alias: Alias): AvroAlias {
  return { ...alias, planId: alias.planId === null ? null : { string: alias.planId } }
}
