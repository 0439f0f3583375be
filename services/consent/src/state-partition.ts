import { CONSENT_PARTITIONS, refToBytes, type SubjectRef } from '@weir/consent'
import { partitionOf } from '@weir/kafka'

/** Where consent.state has a ref. */
export function statePartition(ref: SubjectRef): number {
  return partitionOf(refToBytes(ref), CONSENT_PARTITIONS)
}
