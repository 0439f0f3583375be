import type { TopicPosition } from '@weir/kafka'
import type { Reader } from './reader.ts'

export interface OwnedPartitionsParts {
  readonly reader: Reader
  /** Where to read on, by partition: what the group has committed, in one way or another. */
  readonly startsAt: (partitions: readonly number[]) => Promise<ReadonlyMap<number, number>>
}

/** Partitions that are ours, read or not yet, and how far each is surely committed. */
export class OwnedPartitions {
  readonly #parts: OwnedPartitionsParts
  readonly #owned = new Set<number>()
  /** Next offset; what a dropped chunk goes back to. */
  readonly #committed = new Map<number, number>()

  constructor(parts: OwnedPartitionsParts) {
    this.#parts = parts
  }

  get all(): readonly number[] {
    return [...this.#owned]
  }

  add(partitions: readonly number[]): void {
    for (const partition of partitions) this.#owned.add(partition)
  }

  /** Reads them on from where they are to begin. */
  async start(partitions: readonly number[]): Promise<void> {
    if (partitions.length === 0) return
    const { reader, startsAt } = this.#parts
    for (const [partition, position] of await startsAt(partitions)) {
      this.#committed.set(partition, position)
      reader.assign(partition, position)
    }
  }

  committed(positions: readonly TopicPosition[]): void {
    for (const { partition, offset } of positions) this.#committed.set(partition, offset)
  }

  /** Reads again what was not committed of them. */
  rewind(partitions: Iterable<number>): void {
    for (const partition of partitions) {
      const position = this.#committed.get(partition)
      if (position !== undefined) this.#parts.reader.assign(partition, position)
    }
  }

  remove(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#owned.delete(partition)
      this.#committed.delete(partition)
      this.#parts.reader.unassign(partition)
    }
  }
}
