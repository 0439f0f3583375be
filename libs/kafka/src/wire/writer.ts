/**
 * Writes a request body in Kafka's flexible encoding (KIP-482): compact lengths are n + 1 with 0 for null, and every
 * struct ends in tagged fields. Large byte runs (record batches) are referenced and not copied.
 */
export class Writer {
  readonly #parts: Buffer[] = []
  #buffer: Buffer
  #start = 0
  #at = 0

  constructor(sizeHint = 512) {
    this.#buffer = Buffer.allocUnsafe(sizeHint)
  }

  int8(value: number): this {
    this.#room(1)
    this.#at = this.#buffer.writeInt8(value, this.#at)
    return this
  }

  int16(value: number): this {
    this.#room(2)
    this.#at = this.#buffer.writeInt16BE(value, this.#at)
    return this
  }

  int32(value: number): this {
    this.#room(4)
    this.#at = this.#buffer.writeInt32BE(value, this.#at)
    return this
  }

  int64(value: bigint): this {
    this.#room(8)
    this.#at = this.#buffer.writeBigInt64BE(value, this.#at)
    return this
  }

  /** A whole number up to 2^53 in size, as int64. */
  int64Number(value: number): this {
    this.#room(8)
    this.#buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), this.#at)
    this.#buffer.writeUInt32BE(value - Math.floor(value / 0x1_0000_0000) * 0x1_0000_0000, this.#at + 4)
    this.#at += 8
    return this
  }

  bool(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  uvarint(value: number): this {
    this.#room(5)
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.#at++] = rest
    return this
  }

  /** Length prefix of a compact array. */
  arrayLength(length: number): this {
    return this.uvarint(length + 1)
  }

  nullArray(): this {
    return this.uvarint(0)
  }

  string(value: string): this {
    const length = Buffer.byteLength(value)
    this.uvarint(length + 1)
    this.#room(length)
    this.#at += this.#buffer.write(value, this.#at, 'utf8')
    return this
  }

  nullableString(value: string | null): this {
    return value === null ? this.uvarint(0) : this.string(value)
  }

  /** The header's client id: the older encoding with an int16 length. */
  classicString(value: string): this {
    const length = Buffer.byteLength(value)
    this.int16(length)
    this.#room(length)
    this.#at += this.#buffer.write(value, this.#at, 'utf8')
    return this
  }

  /** A topic id of 32 hex digits as 16 bytes. */
  uuid(hex: string): this {
    this.#room(16)
    this.#at += this.#buffer.write(hex, this.#at, 16, 'hex')
    return this
  }

  int32Array(values: readonly number[]): this {
    this.arrayLength(values.length)
    for (const value of values) this.int32(value)
    return this
  }

  /** Compact bytes, referenced without a copy: `bytes` must not change before the request is written. */
  bytesByReference(bytes: Buffer): this {
    this.uvarint(bytes.length + 1)
    this.#cut()
    this.#parts.push(bytes)
    return this
  }

  /** No tagged fields. */
  tags(): this {
    return this.uvarint(0)
  }

  /** What was written so far, in order. */
  finish(): Buffer[] {
    this.#cut()
    return this.#parts
  }

  #cut(): void {
    if (this.#at > this.#start) this.#parts.push(this.#buffer.subarray(this.#start, this.#at))
    this.#start = this.#at
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    this.#cut()
    this.#buffer = Buffer.allocUnsafe(Math.max(bytes, this.#buffer.length * 2))
    this.#start = 0
    this.#at = 0
  }
}
