/** Reads fields of Kafka's frames in their flexible encoding (KIP-482), one after the other. */
export class FrameReader {
  readonly #frame: Buffer
  #at: number

  private constructor(frame: Buffer, at: number) {
    this.#frame = frame
    this.#at = at
  }

  /** The body of a request. @param frame with its length of four bytes */
  static ofRequest(frame: Buffer): FrameReader {
    const reader = new FrameReader(frame, 12)
    const clientId = reader.int16()
    reader.#at += Math.max(0, clientId)
    reader.tags()
    return reader
  }

  static ofResponse(frame: Buffer): FrameReader {
    const reader = new FrameReader(frame, 8)
    reader.tags()
    return reader
  }

  int16(): number {
    this.#at += 2
    return this.#frame.readInt16BE(this.#at - 2)
  }

  int32(): number {
    this.#at += 4
    return this.#frame.readInt32BE(this.#at - 4)
  }

  int64(): number {
    this.#at += 8
    return Number(this.#frame.readBigInt64BE(this.#at - 8))
  }

  bool(): boolean {
    return this.#frame[this.#at++] !== 0
  }

  text(): string | null {
    const length = this.#varint() - 1
    if (length < 0) return null
    this.#at += length
    return this.#frame.toString('utf8', this.#at - length, this.#at)
  }

  array<T>(read: () => T): T[] {
    const length = Math.max(0, this.#varint() - 1)
    return Array.from({ length }, read)
  }

  tags(): void {
    for (let left = this.#varint(); left > 0; left--) {
      this.#varint()
      const size = this.#varint()
      this.#at += size
    }
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#frame[this.#at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
}
