import { RecordTooLarge } from '../errors.ts'
import type { FinishedBatch } from '../port.ts'
import { varintSize, writeVarint } from '../wire/varint.ts'
import * as layout from './layout.ts'

type Headers = readonly (readonly [name: string, value: Uint8Array])[]

const NO_HEADERS: Headers = []
const FIRST_BYTES = 16 * 1024
const NO_BYTES = Buffer.alloc(0)
const NO_VIEW = viewOf(NO_BYTES)

/** A record's length, attributes, two deltas and the lengths of key and value, each at its longest. */
const MOST_BYTES_BEFORE_VALUE = 32
/** By how much a value may still move, and the shortest count of headers. */
const MOST_BYTES_AFTER_VALUE = 16

/**
 * Writes records of one output partition straight into the batch that goes on the wire (message format 2, CreateTime,
 * uncompressed). Starts a new batch before one would grow past `maxBatchBytes`.
 *
 * A record comes whole, by `append`, or its value is written in place: `open`, then bytes from `at` on (which is moved
 * behind them) with `room` asked for before, then `close` or `drop`.
 */
export class BatchBuilder {
  /** The batch under construction. Replaced when it grows. */
  bytes: Buffer = NO_BYTES
  /** Over the same memory as `bytes`. Replaced with it. */
  view: DataView = NO_VIEW
  /** Where the next byte of the open record's value goes. Without an open record: the end of the last one. */
  at = layout.RECORDS_AT

  readonly #topic: string
  readonly #partition: number
  readonly #maxBatchBytes: number
  readonly #finished: FinishedBatch[] = []
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0
  // The open record.
  #isOpen = false
  #timestamp = 0
  #recordAt = 0
  /** Its first byte behind the length that stands in front, as long as the width of that is a guess. */
  #bodyAt = 0
  /** Its key with the key's length. */
  #keyAt = 0
  #keyEnd = 0
  #valueAt = 0
  // Lengths stand in front and are known last. A record mostly has those of the one before it.
  #bodyWidth = 2
  #valueWidth = 2

  constructor(topic: string, partition: number, maxBatchBytes = 900_000) {
    this.#topic = topic
    this.#partition = partition
    this.#maxBatchBytes = maxBatchBytes
  }

  /**
   * Adds a record. The bytes are copied; `timestampMs` is a whole number.
   * @throws RecordTooLarge when not even a batch of its own could hold it; the builder stays as it was
   */
  append(timestampMs: number, key: Uint8Array | null, value: Uint8Array | null, headers: Headers = NO_HEADERS): void {
    this.open(timestampMs, key)
    if (value !== null) {
      this.room(value.length)
      this.bytes.set(value, this.at)
      this.at += value.length
    }
    this.#end(value === null, headers)
  }

  /** Begins a record. Its key is copied; `timestampMs` is a whole number. `at` is then where its value begins. */
  open(timestampMs: number, key: Uint8Array | null): void {
    if (this.#isOpen) throw new Error('the record before this one is still open')
    this.#isOpen = true
    if (this.#count === 0) this.#baseTimestamp = timestampMs
    this.#timestamp = timestampMs
    this.#recordAt = this.at
    this.room(MOST_BYTES_BEFORE_VALUE + (key === null ? 0 : key.length))
    const { bytes } = this
    this.#bodyAt = this.at + this.#bodyWidth
    this.#keyAt = writeFront(bytes, this.#bodyAt, timestampMs - this.#baseTimestamp, this.#count)
    this.#keyEnd = writeBytes(bytes, this.#keyAt, key)
    this.#valueAt = this.#keyEnd + this.#valueWidth
    this.at = this.#valueAt
  }

  /** Makes sure that `count` bytes can be written from `at`. What lies before `at` is kept, and nothing behind it. */
  room(count: number): void {
    const needed = this.at + count
    if (needed <= this.bytes.length) return
    // Zeros: a byte that a fault left unwritten must not show what lay in this memory before.
    const grown = Buffer.alloc(Math.max(needed, this.bytes.length * 2, FIRST_BYTES))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
    this.view = viewOf(grown)
  }

  /**
   * Ends the open record: what was written from where its value began up to `at` is its value.
   * @throws RecordTooLarge when not even a batch of its own could hold it; the record is dropped
   */
  close(): void {
    this.#end(false, NO_HEADERS)
  }

  /** Takes back the open record. */
  drop(): void {
    if (!this.#isOpen) throw new Error('no record is open')
    this.#isOpen = false
    this.at = this.#recordAt
  }

  /** The finished batches in order; the builder is empty afterwards and may be used again. */
  finish(): FinishedBatch[] {
    if (this.#isOpen) throw new Error('a record is still open')
    if (this.#count > 0) this.#finishBatch(this.at)
    return this.#finished.splice(0)
  }

  #end(valueIsNull: boolean, headers: Headers): void {
    if (!this.#isOpen) throw new Error('no record is open')
    const valueBytes = valueIsNull ? -1 : this.at - this.#valueAt
    const valueWidth = varintSize(valueBytes)
    this.#writeHeaders(headers)
    const tailBytes = this.at - this.#valueAt // the value and what stands behind it
    const bodyBytes = this.#keyEnd - this.#bodyAt + valueWidth + tailBytes
    const bodyWidth = varintSize(bodyBytes)
    if (this.#recordAt + bodyWidth + bodyBytes > this.#maxBatchBytes) {
      this.#carryOver(valueBytes, valueWidth, tailBytes)
    } else {
      this.#correctWidths(bodyWidth, valueWidth, tailBytes)
      writeVarint(this.bytes, this.#recordAt, bodyBytes)
      writeVarint(this.bytes, this.#keyEnd, valueBytes)
      this.at = this.#valueAt + tailBytes
    }
    this.#isOpen = false
    if (this.#count === 0 || this.#timestamp > this.#maxTimestamp) this.#maxTimestamp = this.#timestamp
    this.#count++
  }

  #writeHeaders(headers: Headers): void {
    this.room(MOST_BYTES_AFTER_VALUE)
    this.at = writeVarint(this.bytes, this.at, headers.length)
    for (const [name, content] of headers) {
      const nameBytes = Buffer.byteLength(name)
      this.room(nameBytes + content.length + MOST_BYTES_AFTER_VALUE)
      this.at = writeVarint(this.bytes, this.at, nameBytes)
      this.at += this.bytes.write(name, this.at, 'utf8')
      this.at = writeBytes(this.bytes, this.at, content)
    }
  }

  /** Moves the parts of the record to where they belong when a guess was wrong. */
  #correctWidths(bodyWidth: number, valueWidth: number, tailBytes: number): void {
    const by = bodyWidth - this.#bodyWidth
    const valueBy = by + valueWidth - this.#valueWidth
    if (by === 0 && valueBy === 0) return
    this.room(MOST_BYTES_AFTER_VALUE)
    const { bytes } = this
    const moveTail = () => bytes.copyWithin(this.#valueAt + valueBy, this.#valueAt, this.#valueAt + tailBytes)
    const moveFront = () => bytes.copyWithin(this.#bodyAt + by, this.#bodyAt, this.#keyEnd)
    // Neither may overwrite the other before that is moved: the front goes first where it makes room, else last.
    if (by < 0) {
      moveFront()
      moveTail()
    } else {
      moveTail()
      moveFront()
    }
    this.#keyEnd += by
    this.#valueAt += valueBy
    this.#bodyWidth = bodyWidth
    this.#valueWidth = valueWidth
  }

  /** The open record, which this batch can't hold any more, becomes the first of the next one. */
  #carryOver(valueBytes: number, valueWidth: number, tailBytes: number): void {
    const { bytes } = this
    const keyPart = bytes.subarray(this.#keyAt, this.#keyEnd)
    const tail = bytes.subarray(this.#valueAt, this.#valueAt + tailBytes)
    const bodyBytes = FIRST_FRONT_BYTES + keyPart.length + valueWidth + tailBytes
    const batchBytes = layout.RECORDS_AT + varintSize(bodyBytes) + bodyBytes
    if (batchBytes > this.#maxBatchBytes) {
      this.drop()
      throw new RecordTooLarge(this.#topic, this.#partition, batchBytes, this.#maxBatchBytes)
    }
    this.#finishBatch(this.#recordAt)
    this.#baseTimestamp = this.#timestamp
    this.room(batchBytes)
    const next = this.bytes
    const at = writeFront(next, writeVarint(next, this.at, bodyBytes), 0, 0)
    next.set(keyPart, at)
    this.at = writeVarint(next, at + keyPart.length, valueBytes)
    next.set(tail, this.at)
    this.at += tailBytes
  }

  #finishBatch(end: number): void {
    const bytes = this.bytes.subarray(0, end)
    bytes.fill(0, 0, layout.RECORDS_AT)
    bytes.writeInt32BE(end - layout.LENGTH_OVERHEAD, layout.LENGTH_AT)
    bytes.writeInt32BE(-1, layout.LEADER_EPOCH_AT)
    bytes[layout.MAGIC_AT] = 2
    bytes.writeInt32BE(this.#count - 1, layout.LAST_OFFSET_DELTA_AT)
    bytes.writeBigInt64BE(BigInt(this.#baseTimestamp), layout.BASE_TIMESTAMP_AT)
    bytes.writeBigInt64BE(BigInt(this.#maxTimestamp), layout.MAX_TIMESTAMP_AT)
    bytes.writeBigInt64BE(-1n, layout.PRODUCER_ID_AT)
    bytes.writeInt16BE(-1, layout.PRODUCER_EPOCH_AT)
    bytes.writeInt32BE(-1, layout.BASE_SEQUENCE_AT)
    bytes.writeInt32BE(this.#count, layout.COUNT_AT)
    this.#finished.push({ topic: this.#topic, partition: this.#partition, recordCount: this.#count, bytes })
    this.bytes = NO_BYTES
    this.view = NO_VIEW
    this.at = layout.RECORDS_AT
    this.#count = 0
  }
}

/** Attributes and both deltas of a batch's first record. */
const FIRST_FRONT_BYTES = 3

function writeFront(target: Buffer, at: number, timestampDelta: number, offsetDelta: number): number {
  target[at] = 0 // attributes
  return writeVarint(target, writeVarint(target, at + 1, timestampDelta), offsetDelta)
}

/** Bytes with their length before them; null is a length of -1. */
function writeBytes(target: Buffer, at: number, content: Uint8Array | null): number {
  if (content === null) return writeVarint(target, at, -1)
  const start = writeVarint(target, at, content.length)
  target.set(content, start)
  return start + content.length
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
