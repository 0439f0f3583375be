import type { TopicPartition } from '../port.ts'
import type { ProducerIdentity } from '../protocol/init-producer-id.ts'
import { nextSequence } from './seal.ts'

/**
 * The sequence numbers of a producer under one epoch: from 0 in each partition, one a record. By them the broker knows a
 * batch that it already has, and refuses one that would leave a gap.
 */
export class Sequences {
  readonly producer: ProducerIdentity
  readonly #next = new Map<string, number>()
  /** Some were taken for records that the broker may not have: it would refuse what comes after them. */
  hasGap = false

  constructor(producer: ProducerIdentity) {
    this.producer = producer
  }

  /** The number of the first of `count` records, which are to be sent next to this partition. */
  take({ topic, partition }: TopicPartition, count: number): number {
    const place = `${topic}/${partition}`
    const sequence = this.#next.get(place) ?? 0
    this.#next.set(place, nextSequence(sequence, count))
    return sequence
  }

  /** The last `count` that were taken for this partition were not used: the broker has refused their records. */
  giveBack({ topic, partition }: TopicPartition, count: number): void {
    const place = `${topic}/${partition}`
    this.#next.set(place, nextSequence(this.#next.get(place) ?? 0, 0x8000_0000 - count))
  }
}
