import {
  canRetry,
  type Fetcher,
  type Kafka,
  type Member,
  NotAMember,
  RecordWalk,
  Rows,
  type TopicPartition,
} from '@weir/kafka'
import { CallbackFailed, NoSuchTopic, UnreadableOrder } from './errors.ts'
import type { ConsumerOptions } from './options.ts'
import { PseudonymSet } from './pseudonym-set.ts'

const MAX_BYTES = 1024 * 1024
const MAX_WAIT_MS = 500
const TOLD_AT_ONCE = 1_000
/** The broker lets go of offsets of a topic that no member of the group has subscribed to, a week after their commit. */
const ACKNOWLEDGE_EVERY_MS = 3_600_000

export interface ForgetOrdersParts {
  readonly kafka: Pick<Kafka, 'topics' | 'endOffsets' | 'committedOffsets' | 'fetcher'>
  readonly groupId: string
  /** As it is called on the cluster. */
  readonly topic: string
  readonly onForget: ConsumerOptions['onForget']
}

/** One partition of the orders. All are next offsets. */
interface Place {
  read: number
  told: number
  acknowledged: number
}

/**
 * Who is to be forgotten: all of the topic's orders, read from its start and kept. Orders from the group's committed
 * offset on are told to the user, and acknowledged by committing theirs.
 */
export class ForgetOrders {
  readonly #parts: ForgetOrdersParts
  readonly #fetcher: Fetcher
  readonly #places: readonly Place[]
  readonly #partitions: readonly TopicPartition[]
  readonly #forgotten = new PseudonymSet()
  readonly #rows = new Rows(1_000)
  /** Read and not told yet. */
  #untold: string[] = []
  #acknowledgedMs = performance.now()

  /** @throws NoSuchTopic, KafkaError */
  static async open(parts: ForgetOrdersParts, signal: AbortSignal): Promise<ForgetOrders> {
    const { kafka, groupId, topic } = parts
    const [info] = await kafka.topics([topic])
    if (info === undefined || info.partitions === 0) throw new NoSuchTopic(topic)
    const partitions = Array.from({ length: info.partitions }, (_, partition) => ({ topic, partition }))
    const committed = await kafka.committedOffsets(groupId, partitions, signal)
    const starts = await kafka.endOffsets(partitions, 'earliest')
    const ends = await kafka.endOffsets(partitions, 'stable')
    const places = partitions.map((_, i) => {
      const [start = 0, end = 0, place = -1] = [starts[i], ends[i], committed[i]]
      // Beyond the end: of a topic that was deleted and made anew since, so nothing of this one was told.
      const told = place > end ? start : Math.max(start, place)
      return { read: start, told, acknowledged: told }
    })
    return new ForgetOrders(parts, partitions, places)
  }

  private constructor(parts: ForgetOrdersParts, partitions: readonly TopicPartition[], places: readonly Place[]) {
    const { kafka, topic } = parts
    this.#parts = parts
    this.#partitions = partitions
    this.#places = places
    this.#fetcher = kafka.fetcher({
      topic,
      isolation: 'read_committed',
      maxWaitMs: MAX_WAIT_MS,
      maxBytes: MAX_BYTES,
      maxPartitionBytes: MAX_BYTES,
      readAheadBytes: 4 * MAX_BYTES,
    })
    for (const [partition, { read }] of places.entries()) this.#fetcher.assign(partition, read)
  }

  /** How many pseudonyms are forgotten, as far as orders are read. */
  get size(): number {
    return this.#forgotten.size
  }

  isForgotten(key: Uint8Array, start: number, end: number): boolean {
    return this.#forgotten.has(key, start, end)
  }

  /**
   * Takes some of the orders that are there, tells and acknowledges them. True when all that were there at the call are
   * taken: only then may records be handed out.
   * @throws CallbackFailed, UnreadableOrder, KafkaError
   */
  async settle(member: Pick<Member, 'commit'>): Promise<boolean> {
    const ends = await this.#parts.kafka.endOffsets(this.#partitions, 'stable')
    const areRead = () => this.#places.every(({ read }, partition) => read >= (ends[partition] ?? 0))
    if (!areRead()) await this.#read()
    await this.tell(this.#untold)
    this.#untold = []
    for (const place of this.#places) place.told = Math.max(place.told, place.read)
    await this.#acknowledge(member)
    return areRead()
  }

  /** @throws CallbackFailed */
  async tell(pseudonyms: readonly string[]): Promise<void> {
    for (let at = 0; at < pseudonyms.length; at += TOLD_AT_ONCE) {
      try {
        await this.#parts.onForget(pseudonyms.slice(at, at + TOLD_AT_ONCE))
      } catch (error) {
        throw new CallbackFailed('onForget', error)
      }
    }
  }

  close(): Promise<void> {
    return this.#fetcher.close()
  }

  async #read(): Promise<void> {
    const rows = this.#rows
    for (const fetched of await this.#fetcher.poll(MAX_WAIT_MS)) {
      const place = this.#places[fetched.partition]
      if (place === undefined) continue
      const walk = new RecordWalk(fetched)
      while (!walk.done) {
        rows.clear()
        walk.fill(rows, rows.capacity)
        for (let row = 0; row < rows.count; row++) this.#take(rows, row, place)
      }
      place.read = Math.max(place.read, walk.position)
    }
    rows.clear()
  }

  /** The key is the order. What else the record says does not matter here. */
  #take(rows: Rows, row: number, place: Place): void {
    const source = rows.source[row] as Buffer
    const [start = -1, end = -1] = [rows.keyStart[row], rows.keyEnd[row]]
    const offset = rows.offset[row] as number
    if (start < 0 || !this.#forgotten.add(source, start, end)) {
      throw new UnreadableOrder(this.#parts.topic, rows.partition[row] as number, offset)
    }
    if (offset >= place.told) this.#untold.push(source.toString('latin1', start, end))
  }

  /** What can't be acknowledged now is with the next. */
  async #acknowledge(member: Pick<Member, 'commit'>): Promise<void> {
    const isTime = performance.now() - this.#acknowledgedMs > ACKNOWLEDGE_EVERY_MS
    const due = this.#places.flatMap(({ told, acknowledged }, partition) =>
      told > acknowledged || (isTime && told > 0) ? [{ topic: this.#parts.topic, partition, offset: told }] : [],
    )
    if (due.length === 0) return
    try {
      await member.commit(due)
    } catch (error) {
      if (error instanceof NotAMember || canRetry(error)) return
      throw error
    }
    for (const { partition, offset } of due) (this.#places[partition] as Place).acknowledged = offset
    if (isTime) this.#acknowledgedMs = performance.now()
  }
}
