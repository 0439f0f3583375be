import avro from 'avsc'
import { Pseudonyms } from '../../check/pseudonyms.ts'
import { type PurposeName, SETTING } from '../load/setting.ts'
import type { Row } from './rows.ts'

/** What may stand in the clean topics, made a second time from what the tiny contract says. */

export interface Form {
  /** Null: stripped. */
  readonly key: string | null
  readonly value: Buffer
  readonly timestampMs: number
}

/** What a pseudonym and a policy need of a grant. */
export interface RunningGrant {
  readonly salt: string
  readonly epoch: number
  readonly notice: number
}

export type Leaves = Readonly<Record<string, unknown>>

const DAY_MS = 86_400_000

/** Fields of the clean schemas, in their order. */
export const CLEAN_FIELDS: Readonly<Record<PurposeName, readonly string[]>> = {
  ads: ['row', 'occurredAt', 'subjectId', 'secret', 'extra'],
  stats: ['row', 'occurredAt', 'secret'],
  offers: ['row', 'occurredAt', 'subjectId', 'secret'],
}

const TYPES: Readonly<Record<string, string>> = { row: 'long', occurredAt: 'long' }

const types = Object.fromEntries(
  SETTING.purposes.map((purpose) => {
    const fields = CLEAN_FIELDS[purpose].map((name) => ({
      name,
      type: ['null', TYPES[name] ?? 'string'],
      default: null,
    }))
    return [purpose, avro.Type.forSchema({ type: 'record', name: 'Clean', fields } as avro.Schema)]
  }),
) as Readonly<Record<PurposeName, avro.Type>>

/** The keys of people's records, each computed once. */
export class SubjectKeys {
  readonly #pseudonyms = new Pseudonyms(SETTING.rootKey)
  readonly #known = new Map<string, string>()

  of(purpose: string, { salt, epoch }: Pick<RunningGrant, 'salt' | 'epoch'>, ref: string): string {
    const name = `${purpose} ${epoch} ${salt} ${ref}`
    const key = this.#known.get(name) ?? this.#pseudonyms.ofSubject({ purpose, salt, epoch }, ref)
    this.#known.set(name, key)
    return key
  }
}

export function grantedForm(purpose: PurposeName, row: Row, grant: RunningGrant, keys: SubjectKeys): Form {
  const key = keys.of(purpose, grant, row.ref)
  const leaves: Record<string, unknown> = {
    row: row.row,
    occurredAt: row.occurredAtMs,
    secret: row.secret,
    extra: purpose === 'ads' && grant.notice >= 2 ? row.extra : null,
    subjectId: key,
  }
  return { key, value: encoded(purpose, leaves), timestampMs: row.eventTimeMs }
}

/** Null: nothing is published without a grant. */
export function strippedForm(purpose: PurposeName, row: Row): Form | null {
  if (purpose !== 'ads') return null
  const day = (ms: number) => Math.floor(ms / DAY_MS) * DAY_MS
  return {
    key: null,
    value: encoded(purpose, { row: row.row, occurredAt: day(row.occurredAtMs) }),
    timestampMs: day(row.eventTimeMs),
  }
}

function encoded(purpose: PurposeName, leaves: Leaves): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(SETTING.cleanSchemaIds[purpose], 1)
  const all = Object.fromEntries(CLEAN_FIELDS[purpose].map((name) => [name, leaves[name] ?? null]))
  return Buffer.concat([header, types[purpose].toBuffer(all)])
}

/** Null: no record of this purpose's schema. */
export function decodeClean(purpose: PurposeName, value: Buffer | null): Leaves | null {
  if (value === null || value.length < 5 || value.readUInt32BE(1) !== SETTING.cleanSchemaIds[purpose]) return null
  try {
    return types[purpose].fromBuffer(value.subarray(5)) as Leaves
  } catch {
    return null
  }
}
