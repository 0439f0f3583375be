import { MalformedResponse } from '../errors.ts'

/** Reads a response body in Kafka's flexible encoding (KIP-482). Throws MalformedResponse past the end. */
export class Reader {
  readonly #buffer: Buffer
  #at = 0

  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  get remaining(): number {
    return this.#buffer.length - this.#at
  }

  int8(): number {
    return this.#buffer.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }

  /** An int64 as a number: exact up to 2^53, which no offset or time reaches. */
  int64Number(): number {
    const at = this.#take(8)
    return this.#buffer.readInt32BE(at) * 0x1_0000_0000 + this.#buffer.readUInt32BE(at + 4)
  }

  bool(): boolean {
    return this.int8() !== 0
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#buffer[this.#take(1)] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new MalformedResponse('a length of more than five bytes')
  }

  string(): string {
    const value = this.nullableString()
    if (value === null) throw new MalformedResponse('null where a string is due')
    return value
  }

  nullableString(): string | null {
    const length = this.uvarint() - 1
    if (length < 0) return null
    const at = this.#take(length)
    return this.#buffer.toString('utf8', at, at + length)
  }

  /** Compact bytes as a view on the response; null reads as empty. */
  bytes(): Buffer {
    const length = this.uvarint() - 1
    if (length <= 0) return this.#buffer.subarray(this.#at, this.#at)
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  /** A topic id as 32 hex digits. */
  uuid(): string {
    const at = this.#take(16)
    return this.#buffer.toString('hex', at, at + 16)
  }

  /** A compact array; null reads as empty. */
  array<T>(element: () => T): T[] {
    const length = this.uvarint() - 1
    const values: T[] = []
    for (let i = 0; i < length; i++) values.push(element())
    return values
  }

  int32Array(): number[] {
    return this.array(() => this.int32())
  }

  /** Tagged fields: `known` gets a reader for each; what it does not read is skipped. */
  tags(known?: (tag: number, field: Reader) => void): void {
    const count = this.uvarint()
    for (let i = 0; i < count; i++) {
      const tag = this.uvarint()
      const length = this.uvarint()
      const at = this.#take(length)
      known?.(tag, new Reader(this.#buffer.subarray(at, at + length)))
    }
  }

  #take(bytes: number): number {
    const at = this.#at
    if (at + bytes > this.#buffer.length) throw new MalformedResponse('a response that ends too early')
    this.#at = at + bytes
    return at
  }
}
