import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import {
  CONSENT_PARTITIONS,
  type Decision,
  decodeLedger,
  type ErasureStep,
  refToBytes,
  type SubjectRef,
} from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import { takesAway } from '../standing.ts'

/** A record of the ledger that is a decision, or a step of an erasure. */
export interface LedgerRow {
  readonly kind: 'decision' | 'step'
  /** Of a step: the erasure's. */
  readonly decisionId: string
  readonly ref: SubjectRef
  readonly offset: number
  readonly appendTimeMs: number
  /** Value of the record. */
  readonly record: Uint8Array
}

/** Where the ledger holds a decision, and the decision. */
export interface FoundDecision {
  readonly decision: Decision
  readonly partition: number
  readonly offset: number
  readonly appendTimeMs: number
}

/** An erasure, and how far it has come by the ledger. */
export interface FoundErasure {
  readonly erase: FoundDecision
  /** One of each kind, the first, in their order. */
  readonly steps: readonly ErasureStep[]
}

/** What was decided about one ref, newest first. */
export interface LedgerHistory {
  readonly decisions: readonly FoundDecision[]
  /** Whether there are older ones. */
  readonly hasMore: boolean
  /** Up to where the ref's partition is taken in (next offset): a state of this position or less hides nothing newer. */
  readonly position: number
}

/** The index's tables: rows in, decisions out. Blocks while it works, so callers give it few rows at once. */
export class LedgerStore {
  readonly #database: DatabaseSync
  readonly #insert: StatementSync
  readonly #insertStep: StatementSync
  readonly #move: StatementSync
  readonly #find: StatementSync
  readonly #steps: StatementSync
  readonly #history: StatementSync
  readonly #position: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#insert = database.prepare('INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
    this.#insertStep = database.prepare('INSERT INTO steps VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING')
    this.#move = database.prepare('UPDATE positions SET next = ? WHERE partition = ?')
    const columns = 'partition, ledger_offset, append_time_ms, record'
    this.#find = database.prepare(`SELECT ${columns} FROM decisions WHERE decision_id = ?`)
    this.#steps = database.prepare('SELECT record FROM steps WHERE erasure_id = ? ORDER BY ledger_offset')
    this.#history = database.prepare(
      `SELECT ${columns} FROM decisions WHERE ref = ? AND ledger_offset < ? ORDER BY ledger_offset DESC LIMIT ?`,
    )
    this.#position = database.prepare('SELECT next FROM positions WHERE partition = ?')
  }

  /** Up to where each partition is taken in: next offsets. */
  positions(): number[] {
    const positions = Array.from({ length: CONSENT_PARTITIONS }, () => 0)
    for (const row of this.#database.prepare('SELECT partition, next FROM positions').all()) {
      positions[Number(row['partition'])] = Number(row['next'])
    }
    return positions
  }

  /** Takes in rows and the position after them, both or neither. */
  add(partition: number, rows: readonly LedgerRow[], next: number): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const { kind, decisionId, ref, offset, appendTimeMs, record } of rows) {
        if (kind === 'step') this.#insertStep.run(idBytes(decisionId), partition, offset, record)
        else this.#insert.run(idBytes(decisionId), partition, offset, refToBytes(ref), appendTimeMs, record)
      }
      this.#move.run(next, partition)
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /**
   * The decision of this id. The ledger may hold several: a record sent twice, or a withdrawal with the id of a grant,
   * which is no repeat of it. What took away counts before all else, then what came first.
   */
  find(decisionId: string): FoundDecision | null {
    const found = this.#all(decisionId)
    return found.find(({ decision }) => takesAway(decision.kind)) ?? found[0] ?? null
  }

  /** The first erase of this id, and the steps that are about its own ref. */
  erasure(decisionId: string): FoundErasure | null {
    const erase = this.#all(decisionId).find(({ decision }) => decision.kind === 'erase')
    if (erase === undefined) return null
    const steps = new Map<string, ErasureStep>()
    for (const row of this.#steps.all(idBytes(decisionId))) {
      const step = foundStep(row)
      if (step.ref === erase.decision.ref && !steps.has(step.step)) steps.set(step.step, step)
    }
    return { erase, steps: [...steps.values()] }
  }

  #all(decisionId: string): FoundDecision[] {
    const found = this.#find.all(idBytes(decisionId)).map(foundDecision)
    return found.sort((a, b) => a.appendTimeMs - b.appendTimeMs || a.offset - b.offset)
  }

  /** At most `limit` records of a ref whose position (next offset) is below `before`. */
  history(ref: SubjectRef, before: number, limit: number): LedgerHistory {
    const bytes = refToBytes(ref)
    const rows = this.#history.all(bytes, before - 1, limit + 1)
    const position = this.#position.get(partitionOf(bytes, CONSENT_PARTITIONS))?.['next']
    return {
      decisions: rows.slice(0, limit).map(foundDecision),
      hasMore: rows.length > limit,
      position: Number(position),
    }
  }

  close(): void {
    this.#database.close()
  }
}

function foundDecision(row: Record<string, SQLOutputValue>): FoundDecision {
  const decoded = decodeLedger(row['record'] as Uint8Array)
  if (decoded.kind !== 'decision') throw new TypeError('the index of the ledger holds a record that is no decision')
  return {
    decision: decoded.decision,
    partition: Number(row['partition']),
    offset: Number(row['ledger_offset']),
    appendTimeMs: Number(row['append_time_ms']),
  }
}

function foundStep(row: Record<string, SQLOutputValue>): ErasureStep {
  const decoded = decodeLedger(row['record'] as Uint8Array)
  if (decoded.kind !== 'step') throw new TypeError('the index of the ledger holds a record that is no step')
  return decoded.step
}

function idBytes(decisionId: string): Uint8Array {
  return Buffer.from(decisionId.replaceAll('-', ''), 'hex')
}
