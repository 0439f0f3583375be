import type { ConsentState, SubjectRef } from '@weir/consent'

/**
 * Own writes of one partition that the tail has not brought back yet. The fold goes over them, uncommitted ones
 * included, else it would fold over a state that was already left behind. Dropped when their transaction aborts;
 * kept after the commit until the tail has passed them.
 */
export class Overlay {
  readonly #committed = new Map<SubjectRef, ConsentState>()
  #writing: ReadonlyMap<SubjectRef, ConsentState> = new Map()
  /** Positions that the tail brought while a transaction was open: its news may come before the commit's answer. */
  readonly #passed = new Map<string, number>()

  get size(): number {
    return this.#committed.size
  }

  /** The newest own write; undefined: whatever the view says. */
  get(ref: SubjectRef): ConsentState | undefined {
    return this.#writing.get(ref) ?? this.#committed.get(ref)
  }

  /** A transaction begins that writes these states. */
  begin(writes: ReadonlyMap<SubjectRef, ConsentState>): void {
    this.#writing = writes
    this.#passed.clear()
  }

  /** It committed: its writes stay until the tail has passed them. */
  committed(): void {
    for (const [ref, state] of this.#writing) {
      if ((this.#passed.get(ref) ?? -1) < state.position) this.#committed.set(ref, state)
      else this.#committed.delete(ref)
    }
    this.aborted()
  }

  /** It aborted: nothing of it was ever there. */
  aborted(): void {
    this.#writing = new Map()
    this.#passed.clear()
  }

  /** The tail brought a state. */
  passed(ref: string, position: number): void {
    if (this.#writing.size > 0) this.#passed.set(ref, position)
    const own = this.#committed.get(ref as SubjectRef)
    if (own !== undefined && own.position <= position) this.#committed.delete(ref as SubjectRef)
  }

  /** After a recovery the tail has passed everything that was committed. */
  clear(): void {
    this.#committed.clear()
    this.aborted()
  }
}
