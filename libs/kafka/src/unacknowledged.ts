import { TooMuchUnacknowledged } from './errors.ts'

/** Bytes that were taken and not acknowledged yet, bounded: memory that a broker which does not answer can cost. */
export class Unacknowledged {
  readonly #what: string
  readonly #limitBytes: number
  #bytes = 0

  constructor(what: string, limitBytes: number) {
    this.#what = what
    this.#limitBytes = limitBytes
  }

  /**
   * Takes so many more, until what it gives is called, once. One by itself is always taken: its bytes are there already.
   * @throws TooMuchUnacknowledged
   */
  take(bytes: number): () => void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limitBytes) {
      throw new TooMuchUnacknowledged(this.#what, this.#bytes, this.#limitBytes)
    }
    this.#bytes += bytes
    return () => {
      this.#bytes -= bytes
    }
  }
}
