import type { Seen, SeenTransaction } from './seen.ts'

/** Which transaction decided a raw record: the one whose committed offset first passed it. */
export class RawRanges {
  /** Words for each committed offset that lies before an earlier one. */
  readonly setBack: string[] = []
  readonly #ends = new Map<number, { readonly end: number; readonly transaction: SeenTransaction }[]>()

  constructor(transactions: Seen['transactions']) {
    for (const transaction of transactions) {
      for (const { partition, offset } of transaction.offsets) {
        const ends = this.#ends.get(partition) ?? []
        this.#ends.set(partition, ends)
        const last = ends.at(-1)?.end ?? 0
        if (offset < last) {
          const { id, decidedAtMs } = transaction
          this.setBack.push(`${id} committed ${offset} of raw ${partition} at ${decidedAtMs}, after ${last}`)
        }
        if (offset > last) ends.push({ end: offset, transaction })
      }
    }
  }

  /** Next raw offset that is committed; 0 when none is. */
  endOf(partition: number): number {
    return this.#ends.get(partition)?.at(-1)?.end ?? 0
  }

  of({ partition, offset }: { readonly partition: number; readonly offset: number }): SeenTransaction | undefined {
    return this.#ends.get(partition)?.find(({ end }) => end > offset)?.transaction
  }
}
