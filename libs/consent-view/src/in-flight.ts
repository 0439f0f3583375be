import type { InFlight } from './port.ts'

/**
 * Chunks that have begun and not ended, with the tail's positions at their beginning. A base must not pass the oldest
 * of them: what changed since a chunk's lookup has to be found at its fence.
 */
export class ChunksInFlight {
  readonly #begun = new Set<Float64Array>()

  get size(): number {
    return this.#begun.size
  }

  /** @param positions the tail's positions of now; kept as they are, so pass a copy */
  begin(positions: Float64Array): InFlight {
    this.#begun.add(positions)
    return { end: () => void this.#begun.delete(positions) }
  }

  /** Position of the oldest chunk in flight in this partition; Infinity when there is none. */
  oldest(partition: number): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const positions of this.#begun) oldest = Math.min(oldest, positions[partition] ?? 0)
    return oldest
  }
}
