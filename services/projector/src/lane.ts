import type { Row } from '@weir/consent-view'
import { Overlay } from './overlay.ts'

/** What a transaction takes from a lane: its first `rows.length` rows; `next` is the position to commit. */
export interface Share {
  readonly lane: Lane
  readonly rows: readonly Row[]
  readonly next: number
}

/**
 * One ledger partition that this projector has. `starting` until its position is known and the tail has passed what
 * its last owner wrote; `stopped` at a record that can't be folded; `leaving` while its last transaction ends.
 */
export class Lane {
  readonly partition: number
  readonly overlay = new Overlay()
  state: 'starting' | 'running' | 'stopped' | 'leaving' = 'starting'
  readonly #gone = new AbortController()
  #rows: Row[] = []
  #next = 0

  constructor(partition: number) {
    this.partition = partition
  }

  /** Aborts when the partition is given up or lost. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  give(): void {
    this.#gone.abort(new Error('the partition was given up'))
  }

  /** Rows that are read and not folded yet. */
  get waiting(): number {
    return this.#rows.length
  }

  /** Begins (again) at a position, with nothing read and nothing written. */
  startAt(position: number): void {
    this.#rows = []
    this.#next = position
    this.overlay.clear()
    this.state = 'running'
  }

  /** Rows that were fetched, in order; `next` counts control, aborted and compacted records too. */
  add(rows: readonly Row[], next: number): void {
    for (const row of rows) this.#rows.push(row)
    this.#next = Math.max(this.#next, next)
  }

  peek(max: number): readonly Row[] {
    return this.#rows.slice(0, max)
  }

  /** The share that takes the first `count` rows. Nothing is taken before `done`: an abort leaves all as it was. */
  share(count: number): Share {
    return { lane: this, rows: this.#rows.slice(0, count), next: this.#rows[count]?.offset ?? this.#next }
  }

  done(share: Share): void {
    this.#rows.splice(0, share.rows.length)
  }
}
