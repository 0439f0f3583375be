import type { RecordNode } from './avro/node.ts'
import { readSchema } from './avro/node.ts'
import type { Value } from './avro/values.ts'
import { write } from './avro/write.ts'
import type { Branch, Output, Stream } from './contract/contract.ts'
import { pathText } from './contract/path.ts'
import type { Grant, Keys } from './keys.ts'
import { compileRewrite, type Rewrite } from './rewriting/rewriter.ts'
import type { Row, RowReader } from './rows.ts'

/** A record as it must stand in a clean topic. */
export interface Form {
  readonly granted: boolean
  readonly key: Buffer | null
  readonly value: Buffer
  /** Null: the branch does not show the time, and it is the hour of processing. */
  readonly timestampMs: number | null
}

/** Stands for every pseudonym of a grant whose salt is gone. */
export const MASKED = Buffer.from('?')

/** Makes clean records of one stream's rows, under one clean schema a purpose. */
export class Rewriter {
  readonly #stream: Stream
  readonly #rows: RowReader
  readonly #keys: Keys
  readonly #schemas: ReadonlyMap<number, unknown>
  readonly #subject: string
  readonly #clean = new Map<number, RecordNode>()
  readonly #usable = new Map<string, boolean>()
  readonly #rewrites = new Map<Branch, Map<number, Map<number, Rewrite | 'unusable'>>>()

  constructor(stream: Stream, rows: RowReader, keys: Keys, schemas: ReadonlyMap<number, unknown>) {
    this.#stream = stream
    this.#rows = rows
    this.#keys = keys
    this.#schemas = schemas
    this.#subject = pathText(stream.subject)
  }

  /** Null: the registry does not know it (any more). */
  cleanSchema(id: number): RecordNode | null {
    const known = this.#clean.get(id)
    if (known !== undefined) return known
    const json = this.#schemas.get(id)
    if (json === undefined || json === null) return null
    const node = recordOf(json)
    if (node === null) return null
    this.#clean.set(id, node)
    return node
  }

  /** Whether rows of a writer schema can be processed for a purpose; one that can't for one goes to quarantine for all. */
  isUsable(output: Output, writerId: number, cleanId: number): boolean {
    const name = `${output.purpose}/${writerId}/${cleanId}`
    const known = this.#usable.get(name)
    if (known !== undefined) return known
    const branches = [...output.policies.map(({ granted }) => granted), ...(output.otherwise ? [output.otherwise] : [])]
    const usable = branches.every((branch) => this.#rewrite(branch, writerId, cleanId) !== 'unusable')
    this.#usable.set(name, usable)
    return usable
  }

  /** Null: the event gives no output. @param grant null: without one. `masked`: its salt is gone */
  form(
    row: Row,
    branch: Branch,
    cleanId: number,
    grant: Grant | 'masked' | null,
    sensitiveAllowed: boolean,
  ): Form | null {
    const rewrite = this.#rewrite(branch, row.schemaId, cleanId)
    if (rewrite === 'unusable') return null
    const clean = rewrite(row.event, {
      sensitiveAllowed,
      pseudonymize: (place, canonical) => this.#pseudonym(row, grant, place, canonical),
    })
    if (clean === null) return null
    return {
      granted: grant !== null,
      key: this.#keyOf(row, grant),
      value: this.#wire(cleanId, clean),
      timestampMs: this.#timestamp(branch, row.eventTimeMs),
    }
  }

  #wire(cleanId: number, clean: Value): Buffer {
    const header = Buffer.alloc(5)
    header.writeUInt32BE(cleanId, 1)
    return Buffer.concat([header, write(this.cleanSchema(cleanId) as RecordNode, clean)])
  }

  #keyOf(row: Row, grant: Grant | 'masked' | null): Buffer | null {
    if (grant === null) return null
    return grant === 'masked' ? MASKED : Buffer.from(this.#keys.ofSubject(grant, row.subject))
  }

  #pseudonym(row: Row, grant: Grant | 'masked' | null, place: string, canonical: Buffer): string {
    if (grant === null) throw new TypeError('a branch without a grant makes pseudonyms')
    if (grant === 'masked') return MASKED.toString()
    if (place === this.#subject) return this.#keys.ofSubject(grant, row.subject)
    return this.#keys.ofLeaf(grant, `${this.#stream.name}/${place}`, canonical)
  }

  #rewrite(branch: Branch, writerId: number, cleanId: number): Rewrite | 'unusable' {
    const byWriter = this.#rewrites.get(branch) ?? new Map<number, Map<number, Rewrite | 'unusable'>>()
    this.#rewrites.set(branch, byWriter)
    const byClean = byWriter.get(writerId) ?? new Map<number, Rewrite | 'unusable'>()
    byWriter.set(writerId, byClean)
    const known = byClean.get(cleanId)
    if (known !== undefined) return known
    const clean = this.cleanSchema(cleanId)
    if (clean === null) throw new TypeError('the clean schema was asked for before')
    const made = compileRewrite(this.#rows.writerSchema(writerId), clean, branch)
    byClean.set(cleanId, made)
    return made
  }

  /** The event time as the branch shows it in all events. */
  #timestamp(branch: Branch, timeMs: number): number | null {
    const wanted = pathText(this.#stream.eventTime)
    switch (branch.lines.find(({ path }) => pathText(path) === wanted)?.verb.kind) {
      case 'keep':
        return timeMs
      case 'hour':
        return Math.floor(timeMs / HOUR_MS) * HOUR_MS
      case 'day':
        return Math.floor(timeMs / DAY_MS) * DAY_MS
      case 'month': {
        const date = new Date(timeMs)
        return Date.UTC(date.getUTCFullYear(), date.getUTCMonth())
      }
      default:
        return null
    }
  }
}

/** Null for what is no schema of a record: anybody may have registered it. */
function recordOf(json: unknown): RecordNode | null {
  try {
    const node = readSchema(json)
    return node.kind === 'record' ? node : null
  } catch {
    return null
  }
}

export const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
