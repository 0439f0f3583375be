import { CONSENT_PARTITIONS, type Decision, encodeLedger, ledgerKey, refToBytes } from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import type { OutputRecord } from './batches.ts'

/** A decision of the projector's own as a record of the ledger, in the partition where its ref belongs. */
export function decisionRecord(
  topic: string,
  decision: Decision,
  random16: Uint8Array,
): OutputRecord & { key: Buffer } {
  return {
    topic,
    partition: partitionOf(refToBytes(decision.ref), CONSENT_PARTITIONS),
    key: ledgerKey(decision.ref, random16),
    value: encodeLedger({ kind: 'decision', decision }),
  }
}
