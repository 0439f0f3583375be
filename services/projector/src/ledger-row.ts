import { CONSENT_PARTITIONS, type Decision, decodeLedger, isTickKey, refToBytes, type Tick } from '@weir/consent'
import type { Row } from '@weir/consent-view'
import { partitionOf } from '@weir/kafka'
import { LedgerRecordError } from './errors.ts'

/** A row of the ledger, read. */
export type LedgerRow =
  | { readonly kind: 'decision'; readonly offset: number; readonly appendTimeMs: number; readonly decision: Decision }
  /** Of an erasure: changes nothing that holds. */
  | { readonly kind: 'step' }
  | { readonly kind: 'tick'; readonly offset: number; readonly appendTimeMs: number; readonly tick: Tick }

/**
 * Reads a row of one partition of the ledger, and checks that it lies where its ref belongs: two projectors that fold
 * the same ref in two partitions would not see each other's work.
 *
 * @throws LedgerRecordError
 */
export function readLedgerRow(partition: number, row: Row): LedgerRow {
  const { key, value, offset, timeMs: appendTimeMs } = row
  const wrong = (why: string) => new LedgerRecordError(partition, offset, why)
  if (key === null || value === null) throw wrong('a record without a key or a value')
  const record = decode(value)
  if (record === null) throw wrong('a record that this version can’t read')
  if (record.kind === 'tick') {
    if (!isTickKey(key)) throw wrong('a tick under a key that is not a tick’s')
    return { kind: 'tick', offset, appendTimeMs, tick: record.tick }
  }
  if (record.kind === 'step') return { kind: 'step' }
  const { decision } = record
  const ref = refToBytes(decision.ref)
  if (key.length !== 32 || !key.subarray(0, 16).equals(ref)) throw wrong('a decision under a key of another ref')
  if (partitionOf(ref, CONSENT_PARTITIONS) !== partition)
    throw wrong('a decision in a partition where its ref does not belong')
  return { kind: 'decision', offset, appendTimeMs, decision }
}

function decode(value: Buffer): ReturnType<typeof decodeLedger> | null {
  try {
    return decodeLedger(value)
  } catch {
    return null
  }
}
