import type { Sink } from './port.ts'

/** Where clean bytes go when nothing larger is being made of them: a buffer that grows to twice its size. */
export class ByteSink implements Sink {
  bytes: Buffer
  view: DataView
  at = 0

  constructor(capacity = 1_024) {
    this.bytes = Buffer.allocUnsafe(capacity)
    this.view = viewOf(this.bytes)
  }

  room(count: number): void {
    if (count <= this.bytes.length - this.at) return
    const grown = Buffer.allocUnsafe(Math.max(this.at + count, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
    this.view = viewOf(grown)
  }

  /** A copy of what was written. */
  written(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.at))
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
