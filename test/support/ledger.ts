import { randomBytes, randomUUID } from 'node:crypto'
import {
  CONSENT_PARTITIONS,
  type Decision,
  type DecisionKind,
  encodeLedger,
  ledgerKey,
  refToBytes,
  type SubjectRef,
} from '@weir/consent'
import { type Appender, partitionOf } from '@weir/kafka'
import type { Weir } from './weir.ts'

/** A new person: a ref that nobody has decided anything under. */
export function newRef(): SubjectRef {
  return randomBytes(16).toString('hex') as SubjectRef
}

export function partitionOfRef(ref: SubjectRef): number {
  return partitionOf(refToBytes(ref), CONSENT_PARTITIONS)
}

/** Writes decisions into the ledger as the consent service does, past its API. */
export class LedgerWriter {
  readonly #topic: string
  readonly #appender: Appender

  private constructor(topic: string, appender: Appender) {
    this.#topic = topic
    this.#appender = appender
  }

  static async open(weir: Weir): Promise<LedgerWriter> {
    return new LedgerWriter(weir.topic('consent.decisions'), await (await weir.kafka()).appender())
  }

  /** Resolves with the ledger offset, once the record is in the ledger. */
  async decide(ref: SubjectRef, kind: DecisionKind, more: Partial<Decision> = {}): Promise<number> {
    const purposes = more.purposes ?? ['personalization']
    const decision: Decision = {
      kind,
      decisionId: randomUUID(),
      ref,
      purposes,
      decidedAtMs: Date.now(),
      source: 'api',
      notices: purposes.map(() => 1),
      jurisdiction: null,
      untilMs: purposes.map(() => null),
      basedOn: -1,
      ...more,
    }
    const key = ledgerKey(ref, randomBytes(16))
    const value = encodeLedger({ kind: 'decision', decision })
    const [offset = -1] = await this.#appender.append(this.#topic, [{ key, value, partition: partitionOfRef(ref) }])
    return offset
  }

  close(): Promise<void> {
    return this.#appender.close()
  }
}
