import { nextSequence, seal } from './batch/seal.ts'
import type { Sequences } from './batch/sequences.ts'
import { halves } from './batch/split.ts'
import { BatchTooLarge, KafkaError } from './errors.ts'
import type { Compression, FinishedBatch } from './port.ts'

export interface Failure {
  readonly error: unknown
  readonly mayBeWritten: boolean
}

/** Records of a batch that have one fate, one behind the other. */
export interface Fate {
  readonly recordCount: number
  /** Where the first of them lies. -1: the broker has them and did not say where, or they failed. */
  readonly baseOffset: number
  /** They are not acknowledged. */
  readonly failure?: Failure
}

/** What became of one batch, from its first record to its last. */
export type Sent = readonly Fate[]

/** A sealed batch, or a part of one. It keeps its sequence number until it is answered. */
export interface Outgoing {
  readonly batch: FinishedBatch
  readonly sequence: number
  readonly bytes: Buffer
}

/** `unclear`: it may have been written all the same. */
export type Answer = { readonly baseOffset: number } | { readonly error: unknown; readonly unclear: boolean }

/** How batches are sealed: as whose, and what of a topic was too large already. */
export interface Sealing {
  readonly sequences: Sequences
  readonly transactional: boolean
  readonly compression: Compression
  /** By topic: bytes that were too many for a batch. What is as large is halved before it is sent. */
  readonly tooLarge: Map<string, number>
}

/**
 * The batches of one partition on their way, one after the other in the order given. What is sent again keeps its
 * sequence number, so that the broker knows it if it has it already. A batch that the topic's limit refuses is halved:
 * its parts have the same sequence numbers together, and a record that is refused by itself is left out. After any other
 * failure the rest is not sent.
 */
export class PartitionLine {
  readonly #sealing: Sealing
  readonly #onSent: (index: number, sent: Sent) => void
  readonly #waiting: { readonly batch: FinishedBatch; readonly index: number }[] = []
  /** What is left of the first batch that waits. */
  #parts: Outgoing[] = []
  /** What became of the rest of it. */
  #fates: Fate[] = []
  /** An attempt to send its first part ended without a clear answer. */
  #unclear = false

  constructor(sealing: Sealing, onSent: (index: number, sent: Sent) => void) {
    this.#sealing = sealing
    this.#onSent = onSent
  }

  get isDone(): boolean {
    return this.#waiting.length === 0
  }

  add(batch: FinishedBatch, index: number): void {
    this.#waiting.push({ batch, index })
  }

  /** What is to be sent next: the same as the last time, if that was not acknowledged. */
  next(): Outgoing {
    const [first] = this.#waiting
    if (first === undefined) throw new Error('All of this line is sent')
    if (this.#parts.length === 0) {
      const { batch } = first
      this.#parts = this.#sealed(batch, this.#sealing.sequences.take(batch, batch.recordCount))
    }
    return this.#parts[0] as Outgoing
  }

  /** The answer to what `next` gave; with `isOver` nothing is tried again. Says whether a pause should come first. */
  answered(answer: Answer, isOver: boolean): 'at-once' | 'later' {
    const [part, ...rest] = this.#parts
    if (part === undefined) throw new Error('Nothing of this line is out')
    const { batch, sequence } = part
    const { recordCount } = batch
    if ('baseOffset' in answer) {
      this.#leavePart(rest, { recordCount, baseOffset: answer.baseOffset })
      return 'at-once'
    }
    const { error } = answer
    this.#unclear ||= answer.unclear
    // Halving is right also when the whole may be written after all: the broker refuses a part of what it has.
    if (error instanceof BatchTooLarge && !isOver && (recordCount > 1 || !this.#unclear)) {
      if (recordCount > 1) {
        const { tooLarge } = this.#sealing
        tooLarge.set(error.topic, Math.min(error.bytes, tooLarge.get(error.topic) ?? error.bytes))
        this.#parts = [...this.#halved(batch, sequence), ...rest]
      } else {
        // Its sequence number was not used, so those behind it move up.
        const { sequences } = this.#sealing
        sequences.giveBack(batch, recordCount)
        let next = sequence
        const moved = rest.map((later) => {
          const resealed = this.#seal(later.batch, next)
          next = nextSequence(next, later.batch.recordCount)
          return resealed
        })
        this.#leavePart(moved, { recordCount, baseOffset: -1, failure: { error, mayBeWritten: false } })
      }
      return 'at-once'
    }
    if (!isOver && error instanceof KafkaError && error.retriable) return 'later'
    this.#giveUp(error)
    return 'at-once'
  }

  #leavePart(rest: Outgoing[], fate: Fate): void {
    this.#fates.push(fate)
    this.#parts = rest
    this.#unclear = false
    if (rest.length === 0) this.#leaveBatch()
  }

  #leaveBatch(): void {
    const first = this.#waiting.shift()
    if (first !== undefined) this.#onSent(first.index, this.#fates)
    this.#fates = []
  }

  #giveUp(error: unknown): void {
    this.#sealing.sequences.hasGap = true
    while (this.#parts[0] !== undefined) {
      const [{ batch }, ...rest] = this.#parts as [Outgoing, ...Outgoing[]]
      const failure = { error, mayBeWritten: this.#unclear }
      this.#leavePart(rest, { recordCount: batch.recordCount, baseOffset: -1, failure })
    }
    for (const { batch } of [...this.#waiting]) {
      this.#fates = [{ recordCount: batch.recordCount, baseOffset: -1, failure: { error, mayBeWritten: false } }]
      this.#leaveBatch()
    }
  }

  #sealed(batch: FinishedBatch, sequence: number): Outgoing[] {
    const whole = this.#seal(batch, sequence)
    const isTooLarge = whole.bytes.length >= (this.#sealing.tooLarge.get(batch.topic) ?? Number.POSITIVE_INFINITY)
    return isTooLarge && batch.recordCount > 1 ? this.#halved(batch, sequence) : [whole]
  }

  #seal(batch: FinishedBatch, sequence: number): Outgoing {
    const { sequences, transactional, compression } = this.#sealing
    return { batch, sequence, bytes: seal(batch, sequences.producer, sequence, transactional, compression) }
  }

  #halved(batch: FinishedBatch, sequence: number): Outgoing[] {
    const [first, second] = halves(batch)
    const then = nextSequence(sequence, first.recordCount)
    return [...this.#sealed(first, sequence), ...this.#sealed(second, then)]
  }
}
