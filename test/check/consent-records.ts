import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import avro from 'avsc'
import { type DumpedRecord, EvidenceError } from './evidence.ts'

/** Ledger and state as their schema files say, decoded by avsc. Only the schemas are shared with the libraries: data. */

export interface LedgerDecision {
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
  readonly decisionId: string
  readonly ref: string
  /** For a link: whose device `ref` is. */
  readonly linkedTo: string | null
  readonly source: string
  readonly kind: string
  readonly choices: readonly { readonly purpose: string; readonly notice: number; readonly untilMs: number | null }[]
  readonly decidedAtMs: number
  readonly basedOn: number
}

export interface RecordedState {
  readonly ref: string
  readonly position: number
  readonly purposes: ReadonlyMap<string, RecordedPurpose>
  /** Refs of the subjects that a device is linked to, newest last. */
  readonly links: readonly string[]
}

export interface RecordedPurpose {
  readonly status: string
  readonly sinceMs: number
  readonly notice: number
  readonly noticeSinceMs: number
  readonly noticeBefore: number
  /** 32 hex digits while granted. */
  readonly salt: string | null
  readonly epoch: number
}

type Own = 'partition' | 'offset' | 'appendTimeMs' | 'decisionId' | 'ref' | 'linkedTo'

interface AvroDecision extends Omit<LedgerDecision, Own> {
  readonly decisionId: Buffer
  readonly ref: Buffer
  /** Of a union: avsc wraps what is not null in the name of its branch, or not. */
  readonly linkedTo: Buffer | { readonly 'weir.consent.Ref': Buffer } | null
}

interface AvroState {
  readonly position: number
  readonly purposes: readonly (Omit<RecordedPurpose, 'salt'> & {
    readonly purpose: string
    readonly salt: Buffer | null
  })[]
  readonly links: readonly { readonly ref: Buffer }[]
}

const SCHEMAS = resolve(import.meta.dirname, '../../libs/consent/schemas')
const VERSION = 1

/** Decisions in the order of the ledger; ticks left out. */
export function readLedger(records: readonly DumpedRecord[]): LedgerDecision[] {
  const decode = decoder('ledger.json')
  const decisions: LedgerDecision[] = []
  for (const { partition, offset, timestampMs, value } of records) {
    const decision = decode(value, 'consent.decisions')['weir.consent.Decision'] as AvroDecision | undefined
    if (decision === undefined) continue
    const { decisionId, ref, linkedTo, ...rest } = decision
    decisions.push({
      ...rest,
      partition,
      offset,
      appendTimeMs: timestampMs,
      decisionId: uuid(decisionId),
      ref: hex(ref),
      linkedTo:
        linkedTo === null ? null : hex('weir.consent.Ref' in linkedTo ? linkedTo['weir.consent.Ref'] : linkedTo),
    })
  }
  return decisions.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** States by ref, oldest first; ticks left out. */
export function readStates(records: readonly DumpedRecord[]): Map<string, RecordedState[]> {
  const decode = decoder('state.json')
  const byRef = new Map<string, RecordedState[]>()
  const inOrder = [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  for (const { key, value } of inOrder) {
    const state = decode(value, 'consent.state')['weir.consent.State'] as AvroState | undefined
    if (state === undefined) continue
    const ref = key?.toString('hex') ?? ''
    const list = byRef.get(ref) ?? []
    byRef.set(ref, list)
    const purposes = state.purposes.map(({ purpose, salt, ...rest }): [string, RecordedPurpose] => [
      purpose,
      { ...rest, salt: salt === null ? null : hex(salt) },
    ])
    const links = state.links.map((link) => hex(link.ref))
    list.push({ ref, position: state.position, purposes: new Map(purposes), links })
  }
  return byRef
}

const types = new Map<string, avro.Type>()

function decoder(file: string): (value: Buffer | null, topic: string) => Record<string, unknown> {
  const type = types.get(file) ?? readType(file)
  types.set(file, type)
  return (value, topic) => {
    if (value === null || value[0] !== VERSION) throw new EvidenceError(`${topic} holds a record of an unknown version`)
    const decoded: unknown = type.fromBuffer(value.subarray(1))
    return unwrapped(decoded)
  }
}

function readType(file: string): avro.Type {
  return avro.Type.forSchema(JSON.parse(readFileSync(resolve(SCHEMAS, file), 'utf8')) as avro.Schema)
}

/** avsc gives a top-level union either wrapped, {name: value}, or as an instance of the branch's class. */
function unwrapped(decoded: unknown): Record<string, unknown> {
  if (typeof decoded !== 'object' || decoded === null) return {}
  const names = Object.keys(decoded)
  const [only] = names
  if (names.length === 1 && only !== undefined && only.includes('.')) return decoded as Record<string, unknown>
  const name =
    'choices' in decoded ? 'weir.consent.Decision' : 'purposes' in decoded ? 'weir.consent.State' : 'weir.consent.Tick'
  return { [name]: decoded }
}

function hex(bytes: Buffer): string {
  return Buffer.from(bytes).toString('hex')
}

function uuid(bytes: Buffer): string {
  const h = hex(bytes)
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
}
