import type { Kafka, TopicPartition } from '@weir/kafka'
import type { JournalEntry } from '@weir/test/check/evidence.ts'
import type { ConsentClient, Decided, Subject } from './consent-client.ts'

/** Where the raw topic stands, and how far the sanitizer has come. */
export class RawPlace {
  readonly #kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets'>
  readonly #groupId: string
  readonly #partitions: readonly TopicPartition[]

  constructor(
    kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets'>,
    groupId: string,
    topic: string,
    partitions: number,
  ) {
    this.#kafka = kafka
    this.#groupId = groupId
    this.#partitions = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  }

  /** By partition; rows below were decided, and what they gave is committed. */
  async committed(): Promise<number[]> {
    const offsets = await this.#kafka.committedOffsets(this.#groupId, this.#partitions)
    return offsets.map((offset) => Math.max(0, offset))
  }

  /** By partition; everything appended so far lies below. */
  async end(): Promise<number[]> {
    return this.#kafka.endOffsets(this.#partitions, 'high-watermark')
  }
}

/** Decisions that the demo makes, with the places in the raw topic between which each took effect. */
export class Journal {
  readonly entries: JournalEntry[] = []
  readonly #consent: ConsentClient
  readonly #raw: RawPlace

  constructor(consent: ConsentClient, raw: RawPlace) {
    this.#consent = consent
    this.#raw = raw
  }

  /** A decision before the first event: there is no place to note yet. */
  async decideFirst(action: 'grant' | 'withdraw', subject: Subject, purposes: readonly string[]): Promise<void> {
    this.#note(action, subject, purposes, await this.#consent.decide(action, subject, purposes), [], [])
  }

  /** A decision while events flow. */
  async decide(action: 'grant' | 'withdraw', subject: Subject, purposes: readonly string[]): Promise<JournalEntry> {
    const committedBefore = await this.#raw.committed()
    const decided = await this.#consent.decide(action, subject, purposes)
    return this.#note(action, subject, purposes, decided, committedBefore, await this.#raw.end())
  }

  #note(
    action: JournalEntry['action'],
    { kind, id: subjectId }: Subject,
    purposes: readonly string[],
    { decisionId, effectiveMs }: Decided,
    committedBefore: number[],
    endAfter: number[],
  ): JournalEntry {
    const entry = { kind, subjectId, decisionId, action, purposes, committedBefore, endAfter, effectiveMs }
    this.entries.push(entry)
    return entry
  }
}
