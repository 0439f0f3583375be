import { Attempt } from './attempt.ts'
import type { Chunk } from './chunk.ts'

/** Chunks that were read and are not committed, in order: at most two. Only the first may be published. */
export class Line {
  #attempts: Attempt[] = []

  get first(): Attempt | undefined {
    return this.#attempts[0]
  }

  get isEmpty(): boolean {
    return this.#attempts.length === 0
  }

  /** The first that is not rewritten. */
  get nextToRewrite(): Attempt | undefined {
    return this.#attempts.find((one) => !one.isRewritten)
  }

  /** Append time (Unix ms) of its oldest record; null when it is empty. */
  get oldestMs(): number | null {
    return this.isEmpty ? null : Math.min(...this.#attempts.map(({ oldestMs }) => oldestMs))
  }

  /** Of which it has rows. */
  get partitions(): Set<number> {
    return new Set(this.#attempts.flatMap(({ chunk }) => chunk.positions.map(({ partition }) => partition)))
  }

  add(chunk: Chunk): Attempt {
    const attempt = new Attempt(chunk)
    this.#attempts.push(attempt)
    return attempt
  }

  /** The first is committed. */
  advance(): void {
    this.#attempts.shift()
  }

  /** What was rewritten goes, the chunks stay. */
  async forgetRewritten(): Promise<void> {
    for (const attempt of this.#attempts) await attempt.forget()
  }

  async drop(): Promise<void> {
    await this.forgetRewritten()
    this.#attempts = []
  }
}
