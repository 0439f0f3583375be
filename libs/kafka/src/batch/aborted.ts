import type { FetchedPartition } from '../port.ts'

/**
 * Which transactional batches belong to aborted transactions. The broker gives, for the fetched range, each aborted
 * transaction's producer and first offset; it lasts until that producer's abort marker. The list need not be sorted.
 */
export class AbortedTransactions {
  readonly #starts: readonly { readonly producerId: bigint; readonly firstOffset: number }[]
  #next = 0
  readonly #open = new Set<bigint>()

  constructor(aborted: FetchedPartition['aborted']) {
    this.#starts = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Whether a data batch of this producer that ends at `lastOffset` is to be left out. Batches come in order. */
  covers(producerId: bigint, lastOffset: number): boolean {
    this.#advance(lastOffset)
    return this.#open.has(producerId)
  }

  /** An abort marker of this producer at `offset`: its later batches are of another transaction. */
  endedBy(producerId: bigint, offset: number): void {
    this.#advance(offset)
    this.#open.delete(producerId)
  }

  #advance(lastOffset: number): void {
    let start = this.#starts[this.#next]
    while (start !== undefined && start.firstOffset <= lastOffset) {
      this.#open.add(start.producerId)
      start = this.#starts[++this.#next]
    }
  }
}
