import { createHash } from 'node:crypto'
import type { ForeignRecord } from '../support/foreign/foreign.ts'

type Record = Pick<ForeignRecord, 'partition' | 'key' | 'value'>

/**
 * What a clean topic says, so that two of them are equal exactly when one could stand for the other: each key's records in
 * their order and their partition, and how often each record without a key is there, wherever it lies. As digests, so that
 * hundreds of thousands of records fit.
 */
export class Placed {
  readonly #keyed = new Map<string, { partitions: Set<number>; digest: Buffer; records: number }>()
  readonly #others = new Map<string, number>()
  #count = 0

  static of(records: Iterable<Record>): Placed {
    const placed = new Placed()
    for (const record of records) placed.add(record)
    return placed
  }

  /** In the order of its partition. */
  add({ partition, key, value }: Record): void {
    this.#count++
    if (key === null) {
      const digest = digestOf(value).toString('latin1')
      this.#others.set(digest, (this.#others.get(digest) ?? 0) + 1)
      return
    }
    const name = key.toString('base64')
    const one = this.#keyed.get(name) ?? { partitions: new Set(), digest: Buffer.alloc(0), records: 0 }
    one.partitions.add(partition)
    one.digest = digestOf(one.digest, value)
    one.records++
    this.#keyed.set(name, one)
  }

  get count(): number {
    return this.#count
  }

  get keys(): readonly string[] {
    return [...this.#keyed.keys()]
  }

  /** Records without a key, and by key records, partitions and what they say in their order. */
  toJSON(): object {
    const keyed = [...this.#keyed].sort(([a], [b]) => (a < b ? -1 : 1))
    const others = [...this.#others].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      count: this.#count,
      others: createHash('sha256').update(JSON.stringify(others)).digest('hex'),
      keyed: keyed.map(([key, { partitions, digest, records }]) => ({
        key,
        partitions: [...partitions],
        records,
        digest: digest.toString('hex'),
      })),
    }
  }
}

function digestOf(...parts: readonly (Uint8Array | null)[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part ?? 'null').update(part === null ? 'null' : String(part.length))
  return hash.digest()
}
