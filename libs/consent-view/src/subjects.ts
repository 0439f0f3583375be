import { CONSENT_PARTITIONS } from '@weir/consent'
import { partitionOf } from '@weir/kafka'

const REF_BYTES = 16

/** Refs of one chunk by consent partition. `indexes[p]` are the places in `refs` of those that lie in partition p. */
export interface Subjects {
  /** Keys of the change maps: 16 latin1 characters a ref. */
  readonly keys: readonly string[]
  /** The partitions that are needed, and no others: one that is cold stops only those who need it. */
  readonly partitions: readonly number[]
  readonly indexes: ReadonlyMap<number, readonly number[]>
}

export function groupByPartition(refs: Uint8Array, count: number): Subjects {
  if (refs.length < count * REF_BYTES)
    throw new RangeError(`${count} refs need ${count * REF_BYTES} bytes, not ${refs.length}`)
  const bytes = Buffer.from(refs.buffer, refs.byteOffset, refs.byteLength)
  const keys: string[] = []
  const indexes = new Map<number, number[]>()
  for (let i = 0; i < count; i++) {
    const start = i * REF_BYTES
    keys.push(bytes.toString('latin1', start, start + REF_BYTES))
    const partition = partitionOf(bytes.subarray(start, start + REF_BYTES), CONSENT_PARTITIONS)
    const there = indexes.get(partition)
    if (there === undefined) indexes.set(partition, [i])
    else there.push(i)
  }
  return { keys, partitions: [...indexes.keys()], indexes }
}
