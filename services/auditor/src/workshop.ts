import type { Chunk } from './chunk.ts'
import { Consent } from './consent/consent.ts'
import { type Decision, type RecordedState, readLedger, readStates } from './consent/ledger.ts'
import type { Stream } from './contract/contract.ts'
import { readContract } from './contract/read-contract.ts'
import type { Batch, Evidence } from './evidence.ts'
import { Rewriter } from './expected.ts'
import { Keys } from './keys.ts'
import { RowReader } from './rows.ts'

/** An audit record, and where it stands: its transaction is told by producer id and epoch. */
export interface Audited {
  readonly chunk: Chunk
  readonly transaction: string
  readonly appendMs: number
  readonly partition: number
  readonly offset: number
}

/** A batch of a clean or quarantine topic, and its partition. */
export interface PlacedBatch {
  readonly partition: number
  readonly batch: Batch
}

/** How one stream is judged under one contract. */
export interface StreamTools {
  readonly stream: Stream
  readonly rows: RowReader
  readonly rewriter: Rewriter
}

/** What all chunks of an audit are judged with; everything is made once. */
export class Workshop {
  readonly evidence: Evidence
  readonly keys: Keys
  readonly consent: Consent
  readonly decisions: ReadonlyMap<string, readonly Decision[]>
  readonly states: ReadonlyMap<string, readonly RecordedState[]>
  readonly #streams = new Map<string, StreamTools | null>()
  readonly #batches = new Map<string, ReadonlyMap<string, readonly PlacedBatch[]>>()

  constructor(evidence: Evidence) {
    this.evidence = evidence
    this.keys = new Keys(evidence.rootKeys, evidence.referenceKey)
    this.decisions = readLedger(evidence.ledger)
    this.states = readStates(evidence.state)
    this.consent = new Consent(this.decisions, this.states, evidence.ledger.partitions.length)
  }

  /** Null: the contract is not given, or has no such stream. */
  toolsFor({ contract, stream: name }: Chunk): StreamTools | null {
    const id = `${contract}/${name}`
    const known = this.#streams.get(id)
    if (known !== undefined) return known
    const folder = this.evidence.contracts.get(contract)
    const stream = folder === undefined ? undefined : readContract(folder).streams.get(name)
    const made = stream === undefined ? null : this.#tools(stream)
    this.#streams.set(id, made)
    return made
  }

  #tools(stream: Stream): StreamTools {
    const rows = new RowReader(stream, this.evidence.schemas, this.keys)
    return { stream, rows, rewriter: new Rewriter(stream, rows, this.keys, this.evidence.schemas) }
  }

  /** What one transaction wrote to a topic. */
  batchesOf(topic: string, transaction: string): readonly PlacedBatch[] {
    const known = this.#batches.get(topic) ?? this.#index(topic)
    return known.get(transaction) ?? []
  }

  transactionsOf(topic: string): ReadonlyMap<string, readonly PlacedBatch[]> {
    return this.#batches.get(topic) ?? this.#index(topic)
  }

  #index(topic: string): ReadonlyMap<string, readonly PlacedBatch[]> {
    const byTransaction = new Map<string, PlacedBatch[]>()
    for (const [partition, { batches }] of (this.evidence.topics.get(topic)?.partitions ?? []).entries()) {
      for (const batch of batches) {
        const id = transactionOf(batch)
        const list = byTransaction.get(id)
        if (list === undefined) byTransaction.set(id, [{ partition, batch }])
        else list.push({ partition, batch })
      }
    }
    this.#batches.set(topic, byTransaction)
    return byTransaction
  }
}

/** Transactions of version 2 have an epoch each. */
export function transactionOf({ producerId, producerEpoch }: Batch): string {
  return `${producerId}/${producerEpoch}`
}
