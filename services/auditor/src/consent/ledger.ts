import avro from 'avsc'
import { EvidenceError, type TopicLog } from '../evidence.ts'
import ledgerSchema from './ledger.json' with { type: 'json' }
import stateSchema from './state.json' with { type: 'json' }

/** Ledger and state, decoded by avsc. Their schemas are copies of the documented ones: a test compares them. */

export interface Decision {
  readonly offset: number
  readonly appendTimeMs: number
  /** 32 hex digits, as refs. */
  readonly decisionId: string
  readonly ref: string
  readonly linkedTo: string | null
  readonly source: string
  readonly kind: string
  readonly choices: readonly { readonly purpose: string; readonly notice: number; readonly untilMs: number | null }[]
  readonly decidedAtMs: number
  readonly basedOn: number
}

/** One record of consent.state that is still there. */
export interface RecordedState {
  readonly ref: string
  /** In consent.state. */
  readonly offset: number
  /** Next ledger offset after the last record folded in. */
  readonly position: number
  /** When its transaction was committed. */
  readonly visibleMs: number
  readonly salts: readonly { readonly purpose: string; readonly salt: string; readonly epoch: number }[]
}

type Fixed = Uint8Array

interface AvroDecision {
  readonly decisionId: Fixed
  readonly ref: Fixed
  readonly linkedTo: unknown
  readonly source: string
  readonly kind: string
  readonly choices: readonly { readonly purpose: string; readonly notice: number; readonly untilMs: unknown }[]
  readonly decidedAtMs: number
  readonly basedOn: number
}

interface AvroState {
  readonly position: number
  readonly purposes: readonly { readonly purpose: string; readonly salt: unknown; readonly epoch: number }[]
}

const VERSION = 1

/** Decisions by ref, in the order of the ledger. What is no decision (ticks, steps of an erasure) is passed over. */
export function readLedger(log: TopicLog): Map<string, Decision[]> {
  const decode = decoder(ledgerSchema, log.topic)
  const byRef = new Map<string, Decision[]>()
  for (const { value, offset, timestampMs } of allOf(log)) {
    const one = decode(value)['Decision'] as AvroDecision | undefined
    if (one === undefined) continue
    const ref = hex(one.ref)
    const list = byRef.get(ref) ?? []
    byRef.set(ref, list)
    const linkedTo = unwrapped(one.linkedTo)
    list.push({
      offset,
      appendTimeMs: timestampMs,
      decisionId: hex(one.decisionId),
      ref,
      linkedTo: linkedTo === null ? null : hex(linkedTo as Fixed),
      source: one.source,
      kind: one.kind,
      choices: one.choices.map(({ purpose, notice, untilMs }) => ({
        purpose,
        notice,
        untilMs: unwrapped(untilMs) as number | null,
      })),
      decidedAtMs: one.decidedAtMs,
      basedOn: one.basedOn,
    })
  }
  return byRef
}

/** States by ref, oldest first; ticks are passed over. */
export function readStates(log: TopicLog): Map<string, RecordedState[]> {
  const decode = decoder(stateSchema, log.topic)
  const byRef = new Map<string, RecordedState[]>()
  for (const { key, value, offset, committedMs } of allOf(log)) {
    const state = decode(value)['State'] as AvroState | undefined
    if (state === undefined || key === null) continue
    const ref = hex(key)
    const list = byRef.get(ref) ?? []
    byRef.set(ref, list)
    const salts = state.purposes.flatMap(({ purpose, salt, epoch }) => {
      const bytes = unwrapped(salt)
      return bytes === null ? [] : [{ purpose, epoch, salt: hex(bytes as Fixed) }]
    })
    list.push({ ref, offset, position: state.position, visibleMs: committedMs, salts })
  }
  return byRef
}

function* allOf(log: TopicLog) {
  for (const { batches } of log.partitions)
    for (const batch of batches)
      for (const record of batch.records()) yield { ...record, committedMs: batch.committedMs }
}

/** By the last part of the branch's name. */
function decoder(schema: unknown, topic: string): (value: Buffer | null) => Readonly<Record<string, unknown>> {
  // Wrapped always, so that the branch has its name whatever its record looks like.
  const type = avro.Type.forSchema(schema as avro.Schema, { wrapUnions: true })
  return (value) => {
    if (value === null || value[0] !== VERSION) throw new EvidenceError(`${topic} holds a record of an unknown version`)
    const wrapped = type.fromBuffer(value.subarray(1)) as Readonly<Record<string, unknown>>
    return Object.fromEntries(
      Object.entries(wrapped).map(([name, one]) => [name.slice(name.lastIndexOf('.') + 1), one]),
    )
  }
}

function unwrapped(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value
  return Object.values(value)[0] ?? null
}

function hex(bytes: Fixed): string {
  return Buffer.from(bytes).toString('hex')
}
