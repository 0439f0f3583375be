import { crc32c } from '@node-rs/crc32'
import { CorruptBatch } from '../errors.ts'
import type { FetchedPartition } from '../port.ts'
import { readVarint } from '../wire/varint.ts'
import { AbortedTransactions } from './aborted.ts'
import { inflate } from './inflate.ts'
import * as layout from './layout.ts'
import type { Rows } from './rows.ts'

/**
 * Walks the record batches of one fetched partition as bytes and hands out data records as rows, as many at a time as
 * wanted. Control records, aborted transactions and rows below the fetch offset are passed over.
 */
export class RecordWalk {
  readonly #topic: string
  readonly #partition: number
  readonly #fetchOffset: number
  readonly #batches: Buffer
  readonly #aborted: AbortedTransactions
  /** Next batch in `#batches`. */
  #batchAt = 0

  // The batch that is being handed out.
  #left = 0
  #source: Buffer
  readonly #cursor = { at: 0 }
  #sourceEnd = 0
  #baseOffset = 0
  #endOffset = 0
  /** Base of the records' times, or the append time that all of them have. */
  #timestamp = 0
  #isAppendTime = false
  #position: number

  /** @throws CorruptBatch (bad checksum, cut short, unknown format, unsupported compression); also from `fill` */
  constructor(fetched: FetchedPartition) {
    this.#topic = fetched.topic
    this.#partition = fetched.partition
    this.#fetchOffset = fetched.fetchOffset
    this.#batches = fetched.records
    this.#source = fetched.records
    this.#aborted = new AbortedTransactions(fetched.aborted)
    this.#position = fetched.fetchOffset
    this.#advance()
  }

  /** Nothing is left: `position` is past the last batch. */
  get done(): boolean {
    return this.#left === 0
  }

  /** The offset after what was handed out, with control, aborted, skipped and compacted records counted. */
  get position(): number {
    return this.#position
  }

  /** Appends up to `max` records (and no more than `rows` has room for) and returns how many. */
  fill(rows: Rows, max: number): number {
    const first = rows.count
    const end = Math.min(rows.capacity, first + max)
    while (this.#left > 0 && rows.count < end) {
      this.#fillFromBatch(rows, end)
      if (this.#left === 0) this.#advance()
    }
    return rows.count - first
  }

  #fillFromBatch(rows: Rows, end: number): void {
    const source = this.#source
    const cursor = this.#cursor
    let row = rows.count
    while (this.#left > 0 && row < end) {
      const length = readVarint(source, cursor)
      const next = cursor.at + length
      if (!(length > 0 && next <= this.#sourceEnd)) throw this.#corrupt('a record that ends too early')
      cursor.at++ // attributes: none are defined
      const timestampDelta = readVarint(source, cursor)
      const offset = this.#baseOffset + readVarint(source, cursor)
      const keyLength = readVarint(source, cursor)
      const keyStart = cursor.at
      if (keyLength > 0) cursor.at += keyLength
      const keyEnd = cursor.at
      const valueLength = readVarint(source, cursor)
      const valueStart = cursor.at
      const valueEnd = valueLength > 0 ? valueStart + valueLength : valueStart
      if (!(keyLength >= -1 && valueLength >= -1 && valueEnd <= next))
        throw this.#corrupt('a record with impossible lengths')
      cursor.at = next
      this.#left--
      if (offset < this.#fetchOffset) continue
      rows.source[row] = source
      rows.partition[row] = this.#partition
      rows.offset[row] = offset
      rows.timestampMs[row] = this.#isAppendTime ? this.#timestamp : this.#timestamp + timestampDelta
      rows.keyStart[row] = keyLength < 0 ? -1 : keyStart
      rows.keyEnd[row] = keyLength < 0 ? -1 : keyEnd
      rows.valueStart[row] = valueLength < 0 ? -1 : valueStart
      rows.valueEnd[row] = valueLength < 0 ? -1 : valueEnd
      row++
      this.#position = offset + 1
    }
    rows.count = row
  }

  /** Leaves the finished batch and goes to the next one that has data to hand out, or to the end. */
  #advance(): void {
    const batches = this.#batches
    if (this.#endOffset > this.#position) this.#position = this.#endOffset
    while (this.#batchAt < batches.length) {
      const at = this.#batchAt
      const length = layout.batchLength(batches, at)
      if (length < layout.RECORDS_AT || at + length > batches.length) throw this.#corrupt('it is cut short')
      this.#batchAt = at + length
      this.#baseOffset = layout.int64At(batches, at)
      this.#endOffset = layout.nextOffset(batches, at)
      if (batches[at + layout.MAGIC_AT] !== 2) throw this.#corrupt(`message format ${batches[at + layout.MAGIC_AT]}`)
      const checked = batches.subarray(at + layout.ATTRIBUTES_AT, at + length)
      if (crc32c(checked) !== batches.readUInt32BE(at + layout.CRC_AT)) throw this.#corrupt('its checksum is wrong')
      if (this.#endOffset > this.#fetchOffset && this.#hasData(at)) {
        this.#enter(at, at + length)
        return
      }
      if (this.#endOffset > this.#position) this.#position = this.#endOffset
    }
  }

  #hasData(at: number): boolean {
    const attributes = this.#batches.readInt16BE(at + layout.ATTRIBUTES_AT)
    if ((attributes & layout.TRANSACTIONAL) !== 0) {
      const producerId = this.#batches.readBigInt64BE(at + layout.PRODUCER_ID_AT)
      if ((attributes & layout.CONTROL) === 0) {
        if (this.#aborted.covers(producerId, this.#endOffset - 1)) return false
      } else if (isAbortMarker(this.#batches, at)) {
        this.#aborted.endedBy(producerId, this.#endOffset - 1)
      }
    }
    if ((attributes & layout.CONTROL) !== 0) return false
    return this.#batches.readInt32BE(at + layout.COUNT_AT) > 0
  }

  #enter(at: number, end: number): void {
    const batches = this.#batches
    const attributes = batches.readInt16BE(at + layout.ATTRIBUTES_AT)
    this.#left = batches.readInt32BE(at + layout.COUNT_AT)
    this.#isAppendTime = (attributes & layout.LOG_APPEND_TIME) !== 0
    const timestampAt = this.#isAppendTime ? layout.MAX_TIMESTAMP_AT : layout.BASE_TIMESTAMP_AT
    this.#timestamp = layout.int64At(batches, at + timestampAt)
    const codec = attributes & layout.COMPRESSION_MASK
    if (codec === 0) {
      this.#source = batches
      this.#cursor.at = at + layout.RECORDS_AT
      this.#sourceEnd = end
      return
    }
    try {
      this.#source = inflate(batches.subarray(at + layout.RECORDS_AT, end), codec)
    } catch (error) {
      throw this.#corrupt(error instanceof Error ? error.message : String(error))
    }
    this.#cursor.at = 0
    this.#sourceEnd = this.#source.length
  }

  #corrupt(what: string): CorruptBatch {
    return new CorruptBatch(this.#topic, this.#partition, this.#baseOffset, what)
  }
}

/** A control record's key is a version and a type, both int16; type 0 is an abort. Control batches hold one record. */
function isAbortMarker(batches: Buffer, at: number): boolean {
  const cursor = { at: at + layout.RECORDS_AT }
  readVarint(batches, cursor) // length
  cursor.at++ // attributes
  readVarint(batches, cursor) // timestamp delta
  readVarint(batches, cursor) // offset delta
  const keyLength = readVarint(batches, cursor)
  return keyLength >= 4 && batches.readInt16BE(cursor.at + 2) === 0
}
