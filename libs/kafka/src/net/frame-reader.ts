import { MalformedResponse } from '../errors.ts'

const SCRATCH_BYTES = 64 * 1024
/** No response is larger than what a fetch may bring; beyond it the stream is not Kafka's. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024

/**
 * Cuts a socket's bytes into frames (int32 length, then that many bytes). A large frame is read by the socket straight
 * into a buffer of its own size, so that fetched batches are never copied: `buffer()` says where the next bytes go and
 * `received(n)` that they are there (Node's `onread`).
 */
export class FrameReader {
  readonly #onFrame: (frame: Buffer) => void
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  /** Bytes in the scratch buffer that are not yet part of a frame; fewer than four once `received` returns. */
  #held = 0
  #frame: Buffer | undefined
  #filled = 0

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame
  }

  /** Where the next bytes of the socket are to be put. */
  buffer(): Buffer {
    return this.#frame === undefined ? this.#scratch.subarray(this.#held) : this.#frame.subarray(this.#filled)
  }

  /** `bytes` were put into what `buffer()` gave last. Throws MalformedResponse on an impossible length. */
  received(bytes: number): void {
    const frame = this.#frame
    if (frame === undefined) {
      this.#cut(this.#held + bytes)
      return
    }
    this.#filled += bytes
    if (this.#filled < frame.length) return
    this.#frame = undefined
    this.#held = 0
    this.#onFrame(frame)
  }

  #cut(end: number): void {
    const scratch = this.#scratch
    let at = 0
    while (end - at >= 4) {
      const length = scratch.readInt32BE(at)
      if (length < 4 || length > MAX_FRAME_BYTES) throw new MalformedResponse(`a frame of ${length} bytes`)
      at += 4
      const frame = Buffer.allocUnsafe(length)
      const present = Math.min(length, end - at)
      scratch.copy(frame, 0, at, at + present)
      at += present
      if (present < length) {
        this.#frame = frame
        this.#filled = present
        this.#held = 0
        return
      }
      this.#onFrame(frame)
    }
    scratch.copyWithin(0, at, end)
    this.#held = end - at
  }
}
