import { crc32c } from '@node-rs/crc32'
import { CorruptBatch, messageOf } from '../errors.ts'
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
  #lastOffset = -1
  /** Base of the records' times, or the append time that all of them have. */
  #timestamp = 0
  #isAppendTime = false
  #position: number
  /** What stands next can't be read. Thrown once everything before it is handed out. */
  #corrupt: CorruptBatch | undefined

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

  /** Nothing is left: `position` is past the last batch. Never so while a batch is left that can't be read. */
  get done(): boolean {
    return this.#left === 0 && this.#corrupt === undefined
  }

  /** The offset after what was handed out, with control, aborted, skipped and compacted records counted. */
  get position(): number {
    return this.#position
  }

  /**
   * Appends up to `max` records (and no more than `rows` has room for) and returns how many.
   * @throws CorruptBatch (bad checksum, cut short, not a batch that any broker writes, a compressed stream that is
   * damaged or too large), once all records before it have been handed out; `position` then stands before it
   */
  fill(rows: Rows, max: number): number {
    const first = rows.count
    const end = Math.min(rows.capacity, first + max)
    while (this.#left > 0 && rows.count < end) {
      this.#fillFromBatch(rows, end)
      if (this.#left === 0) this.#advance()
    }
    if (this.#corrupt !== undefined && rows.count === first && first < end) throw this.#corrupt
    return rows.count - first
  }

  #fillFromBatch(rows: Rows, end: number): void {
    const source = this.#source
    const cursor = this.#cursor
    let row = rows.count
    while (this.#left > 0 && row < end) {
      const length = readVarint(source, cursor)
      const next = cursor.at + length
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
      // Each comparison is false for what could not be read (NaN).
      if (!(next <= this.#sourceEnd && keyLength >= -1 && valueLength >= -1 && valueEnd < next)) {
        this.#fail('a record ends too early')
        break
      }
      if (!(offset > this.#lastOffset && offset < this.#endOffset && Math.abs(timestampDelta) >= 0)) {
        this.#fail("a record has an offset or a time that can't be")
        break
      }
      cursor.at = next
      this.#lastOffset = offset
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
    if (this.#left === 0 && this.#corrupt === undefined && cursor.at !== this.#sourceEnd) {
      this.#fail('bytes are left behind its last record')
    }
  }

  /** Leaves the finished batch and goes to the next one that has data to hand out, or to the end. */
  #advance(): void {
    const batches = this.#batches
    while (this.#corrupt === undefined) {
      if (this.#endOffset > this.#position) this.#position = this.#endOffset
      const at = this.#batchAt
      if (at >= batches.length) return
      const before = this.#endOffset
      const length = layout.batchLength(batches, at)
      this.#baseOffset = batches.length - at < 8 ? before : layout.int64At(batches, at)
      const wrong = damageOf(batches, at, length)
      if (wrong !== undefined) return this.#fail(wrong)
      this.#batchAt = at + length
      this.#endOffset = layout.nextOffset(batches, at)
      if (this.#baseOffset < before || this.#endOffset <= this.#baseOffset) {
        return this.#fail('its offsets do not follow those before it')
      }
      if (this.#endOffset > this.#fetchOffset && this.#hasData(at, at + length)) return this.#enter(at, at + length)
    }
  }

  #hasData(at: number, end: number): boolean {
    const batches = this.#batches
    const attributes = batches.readInt16BE(at + layout.ATTRIBUTES_AT)
    const isControl = (attributes & layout.CONTROL) !== 0
    const count = batches.readInt32BE(at + layout.COUNT_AT)
    if ((attributes & layout.TRANSACTIONAL) !== 0) {
      const producerId = batches.readBigInt64BE(at + layout.PRODUCER_ID_AT)
      if (!isControl && this.#aborted.covers(producerId, this.#endOffset - 1)) return false
      // The log cleaner may leave a control batch without its record; it then ends nothing.
      if (isControl && count > 0) {
        const type = controlType(batches, at, end)
        if (type === undefined) this.#fail("its control record can't be read")
        if (type === ABORT) this.#aborted.endedBy(producerId, this.#endOffset - 1)
      }
    }
    return !isControl && count !== 0
  }

  #enter(at: number, end: number): void {
    const batches = this.#batches
    const attributes = batches.readInt16BE(at + layout.ATTRIBUTES_AT)
    const count = batches.readInt32BE(at + layout.COUNT_AT)
    const codec = attributes & layout.COMPRESSION_MASK
    if (count < 0) return this.#fail('a negative number of records')
    this.#isAppendTime = (attributes & layout.LOG_APPEND_TIME) !== 0
    const timestampAt = this.#isAppendTime ? layout.MAX_TIMESTAMP_AT : layout.BASE_TIMESTAMP_AT
    this.#timestamp = layout.int64At(batches, at + timestampAt)
    this.#lastOffset = this.#baseOffset - 1
    if (codec === 0) {
      this.#source = batches
      this.#cursor.at = at + layout.RECORDS_AT
      this.#sourceEnd = end
    } else {
      try {
        this.#source = inflate(batches.subarray(at + layout.RECORDS_AT, end), codec)
      } catch (error) {
        return this.#fail(messageOf(error))
      }
      this.#cursor.at = 0
      this.#sourceEnd = this.#source.length
    }
    this.#left = count
  }

  /** Nothing is read any more, from here on. */
  #fail(what: string): void {
    this.#left = 0
    this.#corrupt = new CorruptBatch(this.#topic, this.#partition, this.#baseOffset, what)
  }
}

/** What is wrong with the batch at `at` as a whole, or undefined. Offsets and leader epoch are not under its checksum. */
function damageOf(batches: Buffer, at: number, length: number): string | undefined {
  if (length < layout.RECORDS_AT || at + length > batches.length) return 'it is cut short, or its length is wrong'
  const magic = batches[at + layout.MAGIC_AT]
  if (magic !== 2) return `message format ${magic}`
  const checked = batches.subarray(at + layout.ATTRIBUTES_AT, at + length)
  return crc32c(checked) === batches.readUInt32BE(at + layout.CRC_AT) ? undefined : 'its checksum is wrong'
}

const ABORT = 0

/** A control record's key is a version and a type, both int16; type 0 is an abort. Control batches hold one record. */
function controlType(batches: Buffer, at: number, end: number): number | undefined {
  const cursor = { at: at + layout.RECORDS_AT }
  readVarint(batches, cursor) // length
  cursor.at++ // attributes
  readVarint(batches, cursor) // timestamp delta
  readVarint(batches, cursor) // offset delta
  const keyLength = readVarint(batches, cursor)
  return keyLength >= 4 && cursor.at + keyLength <= end ? batches.readInt16BE(cursor.at + 2) : undefined
}
