import { CONSENT_PARTITIONS } from '@weir/consent'

/**
 * In which partitions of consent.state nothing new is called effective, and why not: a count of reasons for each. All
 * begin with one: the tail is not there yet.
 */
export class Withheld {
  readonly #reasons: number[] = Array.from({ length: CONSENT_PARTITIONS }, () => 1)
  readonly #openings: number[] = Array.from({ length: CONSENT_PARTITIONS }, () => 1)

  isOpen(partition: number): boolean {
    return this.#reasons[partition] === 0
  }

  /** Which opening of the partition lasts now or comes next: counts from 1. */
  opening(partition: number): number {
    return this.#openings[partition] ?? 0
  }

  /** Whether what was seen while this opening lasted, or was to come, is in force by now. */
  hasCome(partition: number, opening: number): boolean {
    return this.isOpen(partition) || opening < this.opening(partition)
  }

  /** One reason more. What is in force already stays so. */
  add(partition: number): void {
    if (this.isOpen(partition)) this.#openings[partition] = this.opening(partition) + 1
    this.#reasons[partition] = (this.#reasons[partition] ?? 0) + 1
  }

  /** One reason less. Whether that opened the partition. */
  remove(partition: number): boolean {
    const reasons = this.#reasons[partition] ?? 0
    if (reasons < 1) throw new RangeError(`nothing withholds partition ${partition}`)
    this.#reasons[partition] = reasons - 1
    return reasons === 1
  }
}
