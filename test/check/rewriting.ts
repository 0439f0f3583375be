import avro from 'avsc'
import type { Branch, CheckedOutput, CheckedStream, Verb } from './contract-files.ts'
import type { Grant, Pseudonyms } from './pseudonyms.ts'
import type { GoodRow } from './raw-rows.ts'
import { at } from './raw-rows.ts'

/** One record that may stand in a clean topic. */
export interface Form {
  readonly outcome: 'granted' | 'stripped'
  readonly key: Buffer | null
  readonly value: Buffer
  /** Null: the branch does not show the time; any processing hour between append and dump is right. */
  readonly timestampMs: number | null
  /** Dotted leaf -> value, those that are not null. */
  readonly leaves: ReadonlyMap<string, unknown>
}

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** Rewrites events for one purpose as the documentation says: decode, keep what is named, encode. */
export class Rewriting {
  readonly #stream: CheckedStream
  readonly #output: CheckedOutput
  readonly #pseudonyms: Pseudonyms
  readonly #schemaId: number
  readonly #type: avro.types.RecordType

  constructor(stream: CheckedStream, output: CheckedOutput, pseudonyms: Pseudonyms, schemaId: number, schema: unknown) {
    this.#stream = stream
    this.#output = output
    this.#pseudonyms = pseudonyms
    this.#schemaId = schemaId
    this.#type = avro.Type.forSchema(schema as avro.Schema) as avro.types.RecordType
  }

  /** Under the newest policy that the grant's notice covers; null when none does. */
  granted(row: GoodRow, grant: Grant, notice: number): Form | null {
    const policy = this.#output.policies.findLast((one) => one.notice <= notice)
    if (policy === undefined) return null
    const key = Buffer.from(this.#pseudonyms.ofSubject(grant, row.subjectRef))
    return this.#form('granted', row, policy.granted, key, grant)
  }

  /** Null: withheld. */
  stripped(row: GoodRow): Form | null {
    const { otherwise } = this.#output
    return otherwise === null ? null : this.#form('stripped', row, otherwise, null, null)
  }

  /** Leaves of a found value, or null when it does not decode under this purpose's schema. */
  decode(value: Buffer | null): Map<string, unknown> | null {
    if (value === null || value.length < 5 || value[0] !== 0 || value.readUInt32BE(1) !== this.#schemaId) return null
    try {
      const leaves = new Map<string, unknown>()
      flatten(this.#type.fromBuffer(value.subarray(5)), '', leaves)
      return leaves
    } catch {
      return null
    }
  }

  /** Dotted leaves of the clean schema. */
  schemaLeaves(): string[] {
    return leavesOfType(this.#type, '')
  }

  #form(outcome: Form['outcome'], row: GoodRow, branch: Branch, key: Buffer | null, grant: Grant | null): Form {
    const clean = this.#record(this.#type, '', row, branch, grant)
    const leaves = new Map<string, unknown>()
    flatten(clean, '', leaves)
    const body = this.#type.toBuffer(clean)
    const header = Buffer.alloc(5)
    header.writeUInt32BE(this.#schemaId, 1)
    return { outcome, key, value: Buffer.concat([header, body]), timestampMs: this.#timestamp(row, branch), leaves }
  }

  #record(type: avro.types.RecordType, prefix: string, row: GoodRow, branch: Branch, grant: Grant | null) {
    const clean: Record<string, unknown> = {}
    for (const field of type.fields) {
      const path = prefix + field.name
      const inner = nonNull(field.type)
      clean[field.name] =
        inner.typeName === 'record'
          ? this.#container(inner as avro.types.RecordType, path, row, branch, grant)
          : this.#leaf(path, row, branch.get(path), grant)
    }
    return clean
  }

  /** Null when the branch names nothing in it, or the event does not have it. */
  #container(type: avro.types.RecordType, path: string, row: GoodRow, branch: Branch, grant: Grant | null) {
    const named = [...branch.keys()].some((leaf) => leaf.startsWith(`${path}.`))
    const present = at(row.event, path)
    if (!named || present === null || present === undefined) return null
    return this.#record(type, `${path}.`, row, branch, grant)
  }

  #leaf(path: string, row: GoodRow, verb: Verb | undefined, grant: Grant | null): unknown {
    const value = at(row.event, path)
    if (verb === undefined || value === null || value === undefined) return null
    switch (verb.kind) {
      case 'keep':
        return value
      case 'hour':
        return floor(value as number, HOUR_MS)
      case 'day':
        return floor(value as number, DAY_MS)
      case 'routes':
        return verb.patterns.find((pattern) => matches(pattern, value as string)) ?? '(other)'
      case 'in':
        return verb.values.has(value as string) ? value : null
      case 'pseudonymize':
        return this.#pseudonym(path, value as string, row, grant)
    }
  }

  #pseudonym(path: string, value: string, row: GoodRow, grant: Grant | null): string | null {
    if (grant === null) return null
    if (path === this.#stream.subject) return this.#pseudonyms.ofSubject(grant, row.subjectRef)
    return this.#pseudonyms.ofLeaf(grant, this.#stream.name, path, value)
  }

  #timestamp(row: GoodRow, branch: Branch): number | null {
    switch (branch.get(this.#stream.eventTime)?.kind) {
      case 'keep':
        return row.eventTimeMs
      case 'hour':
        return floor(row.eventTimeMs, HOUR_MS)
      case 'day':
        return floor(row.eventTimeMs, DAY_MS)
      default:
        return null
    }
  }
}

function floor(timeMs: number, unitMs: number): number {
  return Math.floor(timeMs / unitMs) * unitMs
}

/** `:name` stands for one segment that is not empty; everything else literally; query and fragment don't count. */
function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const segments = path.replace(/[?#].*$/s, '').split('/')
  if (wanted.length !== segments.length) return false
  return wanted.every((part, i) => (part.startsWith(':') ? segments[i] !== '' : part === segments[i]))
}

function nonNull(type: avro.Type): avro.Type {
  if (!type.typeName.startsWith('union')) return type
  const branches = (type as avro.types.UnwrappedUnionType).types
  return branches.find((branch) => branch.typeName !== 'null') ?? type
}

function flatten(value: unknown, path: string, leaves: Map<string, unknown>): void {
  if (value === null || value === undefined) return
  if (typeof value !== 'object' || Array.isArray(value) || Buffer.isBuffer(value)) {
    leaves.set(path, value)
    return
  }
  for (const [name, inner] of Object.entries(value)) flatten(inner, path === '' ? name : `${path}.${name}`, leaves)
}

function leavesOfType(type: avro.types.RecordType, prefix: string): string[] {
  return type.fields.flatMap((field) => {
    const inner = nonNull(field.type)
    if (inner.typeName !== 'record') return [prefix + field.name]
    return leavesOfType(inner as avro.types.RecordType, `${prefix}${field.name}.`)
  })
}
