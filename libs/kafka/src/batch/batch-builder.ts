import { RecordTooLarge } from '../errors.ts'
import type { FinishedBatch } from '../port.ts'
import { varintSize, writeVarint } from '../wire/varint.ts'
import * as layout from './layout.ts'

type Headers = readonly (readonly [name: string, value: Uint8Array])[]

const NO_HEADERS: Headers = []
const FIRST_BYTES = 16 * 1024

/**
 * Writes records of one output partition straight into the batch that goes on the wire (message format 2, CreateTime,
 * uncompressed). Starts a new batch before one would grow past `maxBatchBytes`.
 */
export class BatchBuilder {
  readonly #topic: string
  readonly #partition: number
  readonly #maxBatchBytes: number
  readonly #finished: FinishedBatch[] = []
  #bytes: Buffer | undefined
  #at = 0
  #count = 0
  #baseTimestamp = 0
  #maxTimestamp = 0

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
    let bodyBytes = this.#bodySize(timestampMs, key, value, headers)
    if (this.#count > 0 && this.#at + varintSize(bodyBytes) + bodyBytes > this.#maxBatchBytes) {
      this.#refuseTooLarge(timestampMs, key, value, headers)
      this.#close()
    }
    if (this.#count === 0) {
      this.#refuseTooLarge(timestampMs, key, value, headers)
      this.#baseTimestamp = timestampMs
      this.#maxTimestamp = timestampMs
      this.#at = layout.RECORDS_AT
      bodyBytes = this.#bodySize(timestampMs, key, value, headers)
    }
    const bytes = this.#room(varintSize(bodyBytes) + bodyBytes)
    let at = writeVarint(bytes, this.#at, bodyBytes)
    bytes[at++] = 0 // attributes
    at = writeVarint(bytes, at, timestampMs - this.#baseTimestamp)
    at = writeVarint(bytes, at, this.#count)
    at = writeBytes(bytes, at, key)
    at = writeBytes(bytes, at, value)
    at = writeVarint(bytes, at, headers.length)
    for (const [name, content] of headers) {
      at = writeVarint(bytes, at, Buffer.byteLength(name))
      at += bytes.write(name, at, 'utf8')
      at = writeBytes(bytes, at, content)
    }
    this.#at = at
    this.#count++
    if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs
  }

  /** The finished batches in order; the builder is empty afterwards and may be used again. */
  finish(): FinishedBatch[] {
    if (this.#count > 0) this.#close()
    return this.#finished.splice(0)
  }

  /** A record's bytes without its length, if it were appended now. */
  #bodySize(timestampMs: number, key: Uint8Array | null, value: Uint8Array | null, headers: Headers): number {
    const timestampDelta = this.#count === 0 ? 0 : timestampMs - this.#baseTimestamp
    let size = 1 + varintSize(timestampDelta) + varintSize(this.#count) + sizeOf(key) + sizeOf(value)
    size += varintSize(headers.length)
    for (const [name, content] of headers) {
      const nameBytes = Buffer.byteLength(name)
      size += varintSize(nameBytes) + nameBytes + sizeOf(content)
    }
    return size
  }

  #refuseTooLarge(timestampMs: number, key: Uint8Array | null, value: Uint8Array | null, headers: Headers): void {
    const count = this.#count
    this.#count = 0
    const body = this.#bodySize(timestampMs, key, value, headers)
    this.#count = count
    const batchBytes = layout.RECORDS_AT + varintSize(body) + body
    if (batchBytes > this.#maxBatchBytes) {
      throw new RecordTooLarge(this.#topic, this.#partition, batchBytes, this.#maxBatchBytes)
    }
  }

  #room(bytes: number): Buffer {
    const needed = this.#at + bytes
    const has = this.#bytes
    if (has !== undefined && needed <= has.length) return has
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, (has?.length ?? FIRST_BYTES / 2) * 2))
    has?.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
    return grown
  }

  #close(): void {
    const all = this.#bytes
    if (all === undefined) return
    const bytes = all.subarray(0, this.#at)
    bytes.fill(0, 0, layout.RECORDS_AT)
    bytes.writeInt32BE(this.#at - layout.LENGTH_OVERHEAD, layout.LENGTH_AT)
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
    this.#bytes = undefined
    this.#count = 0
  }
}

/** Bytes with their length before them; null is a length of -1. */
function writeBytes(target: Buffer, at: number, content: Uint8Array | null): number {
  if (content === null) return writeVarint(target, at, -1)
  const start = writeVarint(target, at, content.length)
  target.set(content, start)
  return start + content.length
}

function sizeOf(content: Uint8Array | null): number {
  return content === null ? 1 : varintSize(content.length) + content.length
}
