import type { Chunk } from './chunk.ts'
import type { Environment } from './environment.ts'
import type { Held, Outcome } from './outcome.ts'
import { type ChunkWay, processChunk } from './pipeline.ts'

/** A chunk that was taken up, and how far it has come. What was rewritten of it can be dropped, and made again. */
export class Attempt {
  readonly chunk: Chunk
  /** Append time (Unix ms) of its oldest record; infinite when it has none. */
  readonly oldestMs: number
  /** Pauses before publishing; null: nothing of it is rewritten. */
  #way: ChunkWay | null = null
  #sinceMs = 0

  constructor(chunk: Chunk) {
    this.chunk = chunk
    this.oldestMs = oldestOf(chunk)
  }

  get isRewritten(): boolean {
    return this.#way !== null
  }

  /** How long (ms) this attempt has lasted. */
  lastedMs(nowMs: number): number {
    return nowMs - this.#sinceMs
  }

  /** All that comes before publishing. Null when it now waits for its turn. */
  async rewrite(env: Environment): Promise<Held | null> {
    this.#sinceMs = env.clock.monotonicMs()
    const way = processChunk(env, this.chunk)
    const step = await way.next()
    if (step.done) {
      if (step.value?.kind !== 'held') throw new Error('a chunk that is not held comes to where it waits for its turn')
      return step.value
    }
    this.#way = way
    return null
  }

  /** What was rewritten goes out, or not: to be called once, in its turn. */
  async publish(): Promise<Outcome> {
    const step = await this.#way?.next()
    this.#way = null
    if (!step?.done || step.value === null) throw new Error('only what waits for its turn can be published')
    return step.value
  }

  /** Drops what was rewritten. The chunk stays: it can be decided again. */
  async forget(): Promise<void> {
    await this.#way?.return(null)
    this.#way = null
  }
}

function oldestOf({ rows }: Chunk): number {
  let oldest = Number.POSITIVE_INFINITY
  for (let row = 0; row < rows.count; row++) oldest = Math.min(oldest, rows.timestampMs[row] as number)
  return oldest
}
