import { Rows } from '@weir/kafka'
import type { Sealer } from '@weir/pseudonym'
import { type Label, labelOf, openRawRecord, type RawRecord, rangesOfOffsets } from '@weir/quarantine'
import type { Chunk } from './chunk.ts'
import type { Clock } from './environment.ts'
import type { Reader } from './reader.ts'
import type { Redrive } from './redrive-task.ts'

/**
 * Chunks of raw records that lie sealed in quarantine, as they were: raw partition, raw offset and the time at which raw
 * took them, so that an event's time does not grow. Positions are those of the quarantine topic. What is not to be redriven
 * is passed over.
 */
export class RedriveReader implements Reader {
  readonly #redrive: Redrive
  readonly #rawTopic: string
  readonly #topic: string
  readonly #sealed: Reader
  readonly #sealer: Sealer
  readonly #clock: Clock
  readonly #ends: ReadonlyMap<number, number>

  /** @param sealed the quarantine topic, up to the ends of the redrive; `topic`, `rawTopic` as the cluster calls them */
  constructor(
    redrive: Redrive,
    { topic, rawTopic }: { readonly topic: string; readonly rawTopic: string },
    sealed: Reader,
    sealer: Sealer,
    clock: Clock,
  ) {
    this.#redrive = redrive
    this.#topic = topic
    this.#rawTopic = rawTopic
    this.#sealed = sealed
    this.#sealer = sealer
    this.#clock = clock
    this.#ends = new Map(redrive.ranges.map(({ partition, to }) => [partition, to]))
  }

  get lag(): number {
    return this.#sealed.lag
  }

  sawEnd(partition: number, highWatermark: number): void {
    this.#sealed.sawEnd(partition, highWatermark)
  }

  assign(partition: number, position: number): void {
    this.#sealed.assign(partition, position)
  }

  unassign(partition: number): void {
    this.#sealed.unassign(partition)
  }

  /**
   * As ChunkReader's: one without rows brings a partition to its end. Other positions without rows are not committed by
   * themselves; what was passed over may be passed over again.
   * @throws SealError, KeyEpochMissingError when a record that is to be redriven does not open
   */
  async next(waitMs: number): Promise<Chunk | null> {
    const until = this.#clock.monotonicMs() + waitMs
    for (;;) {
      const sealed = await this.#sealed.next(Math.max(0, until - this.#clock.monotonicMs()))
      if (sealed === null) return null
      const opened = this.#opened(sealed)
      const isAtEnd = sealed.positions.some(({ partition, offset }) => offset === this.#ends.get(partition))
      if (opened.rows.count > 0 || isAtEnd) return opened
    }
  }

  #opened({ rows: sealed, positions }: Chunk): Chunk {
    const taken: { readonly label: Label; readonly record: RawRecord }[] = []
    const places: { readonly partition: number; readonly offset: number }[] = []
    for (let row = 0; row < sealed.count; row++) {
      const label = labelOf(sealed, row)
      if (label?.code !== this.#redrive.code || label.rawTopic !== this.#rawTopic) continue
      const value = (sealed.source[row] as Buffer).subarray(sealed.valueStart[row], sealed.valueEnd[row])
      const record = openRawRecord(this.#sealer, this.#topic, value)
      if (record.appendTimeMs < this.#redrive.sinceMs) continue
      taken.push({ label, record })
      places.push({ partition: sealed.partition[row] as number, offset: sealed.offset[row] as number })
    }
    const rows = new Rows(taken.length)
    for (const { label, record } of taken) addRow(rows, label, record)
    return { rows, positions, ranges: rangesOfOffsets(places) }
  }
}

function addRow(rows: Rows, { rawPartition, rawOffset }: Label, { key, value, appendTimeMs }: RawRecord): void {
  const row = rows.count++
  const keyLength = key?.length ?? 0
  rows.source[row] = Buffer.concat([key ?? EMPTY, value ?? EMPTY])
  rows.partition[row] = rawPartition
  rows.offset[row] = rawOffset
  rows.timestampMs[row] = appendTimeMs
  rows.keyStart[row] = key === null ? -1 : 0
  rows.keyEnd[row] = key === null ? -1 : keyLength
  rows.valueStart[row] = value === null ? -1 : keyLength
  rows.valueEnd[row] = value === null ? -1 : keyLength + value.length
}

const EMPTY = Buffer.alloc(0)
