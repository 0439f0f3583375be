import type { Batch } from './batch.ts'
import { Code } from './errors.ts'

/** Repeats are known among a producer's last batches in a partition (ProducerStateEntry.NUM_BATCHES_TO_RETAIN). */
const REMEMBERED_BATCHES = 5
const SEQUENCES = 0x8000_0000

interface Producer {
  epoch: number
  /** The last ones of this epoch. */
  batches: Batch[]
}

/** What a partition knows of idempotent and transactional producers (ProducerStateManager, ProducerAppendInfo). */
export class ProducerStates {
  readonly #producers = new Map<number, Producer>()

  epochOf(producerId: number): number | undefined {
    return this.#producers.get(producerId)?.epoch
  }

  /** The batch that this one repeats, if the partition still remembers it. */
  repeated(batch: Batch): Batch | undefined {
    const producer = this.#producers.get(batch.producerId)
    if (producer === undefined || producer.epoch !== batch.epoch) return undefined
    return producer.batches.find((known) => known.sequence === batch.sequence && known.count === batch.count)
  }

  /** The code that a batch of a client is refused with; 0: it may be appended. */
  check(batch: Batch): number {
    const producer = this.#producers.get(batch.producerId)
    // Nothing is known of it, perhaps not any more: any sequence is taken.
    if (producer === undefined) return Code.NONE
    if (batch.epoch < producer.epoch) return Code.INVALID_PRODUCER_EPOCH
    if (batch.epoch > producer.epoch) return batch.sequence === 0 ? Code.NONE : Code.OUT_OF_ORDER_SEQUENCE_NUMBER
    const last = producer.batches.at(-1)
    const next = last === undefined ? 0 : (last.sequence + last.count) % SEQUENCES
    return batch.sequence === next ? Code.NONE : Code.OUT_OF_ORDER_SEQUENCE_NUMBER
  }

  appended(batch: Batch): void {
    let producer = this.#producers.get(batch.producerId)
    if (producer === undefined || producer.epoch !== batch.epoch) {
      producer = { epoch: batch.epoch, batches: [] }
      this.#producers.set(batch.producerId, producer)
    }
    // A marker raises the epoch (KIP-890); sequence numbers begin at 0 after it.
    if (batch.isControl) return
    producer.batches.push(batch)
    if (producer.batches.length > REMEMBERED_BATCHES) producer.batches.shift()
  }
}
