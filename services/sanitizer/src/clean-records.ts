import { BatchBuilder, type FinishedBatch, partitionOf } from '@weir/kafka'
import type { OutputPlan, Random } from './environment.ts'
import { MAX_BATCH_BYTES } from './output-plan.ts'

/**
 * One purpose's records of a chunk. They leave in an order of this purpose's own, so that two purposes' batches can't be
 * laid side by side (promise 7): records with a key by pseudonym, order per key kept; those without shuffled.
 */
export class CleanRecords {
  readonly #plan: OutputPlan
  readonly #pseudonyms: (string | null)[] = []
  readonly #values: Buffer[] = []
  readonly #timesMs: number[] = []

  constructor(plan: OutputPlan) {
    this.#plan = plan
  }

  add(pseudonym: string | null, value: Buffer, timestampMs: number): void {
    this.#pseudonyms.push(pseudonym)
    this.#values.push(value)
    this.#timesMs.push(timestampMs)
  }

  finish(random: Random): FinishedBatch[] {
    const { topic, partitions } = this.#plan
    const builders = new Map<number, BatchBuilder>()
    const builder = (partition: number): BatchBuilder => {
      const known = builders.get(partition)
      if (known) return known
      const made = new BatchBuilder(topic, partition, MAX_BATCH_BYTES)
      builders.set(partition, made)
      return made
    }
    for (const at of this.#keyed()) {
      const key = Buffer.from(this.#pseudonyms[at] as string, 'latin1')
      builder(partitionOf(key, partitions)).append(this.#timesMs[at] as number, key, this.#values[at] as Buffer)
    }
    for (const at of this.#keyless(random)) {
      builder(random.below(partitions)).append(this.#timesMs[at] as number, null, this.#values[at] as Buffer)
    }
    return [...builders.values()].flatMap((made) => made.finish())
  }

  /** Sorting is stable, so one person's records keep their order. */
  #keyed(): number[] {
    const names = this.#pseudonyms
    const rows = [...names.keys()].filter((at) => names[at] !== null)
    return rows.sort((a, b) => compare(names[a] as string, names[b] as string))
  }

  #keyless(random: Random): number[] {
    const rows = [...this.#pseudonyms.keys()].filter((at) => this.#pseudonyms[at] === null)
    for (let left = rows.length - 1; left > 0; left--) {
      const other = random.below(left + 1)
      const held = rows[left] as number
      rows[left] = rows[other] as number
      rows[other] = held
    }
    return rows
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
