import type { ConsentState, SubjectRef } from '@weir/consent'

/** A grant, or several of one person that end together, whose time is over. */
export interface DueGrants {
  readonly ref: SubjectRef
  readonly purposes: readonly string[]
  readonly untilMs: number
}

interface Ending {
  /** Of the state that says so: an older state never replaces a newer one. */
  readonly position: number
  /** When the first of them ends. */
  readonly firstMs: number
  readonly ends: readonly { readonly purpose: string; readonly untilMs: number }[]
}

/**
 * The grants of one partition that end before a horizon, from all states seen: those of a scan, and what the tail brings
 * since. Bounded: with more than `max` refs it keeps the half that ends first and moves the horizon to where it cut.
 * It may hold a grant that is over or renewed already; what that gives, the fold refuses. Pure; times in Unix ms.
 */
export class EndingGrants {
  readonly #max: number
  readonly #byRef = new Map<SubjectRef, Ending>()
  #horizonMs = Number.POSITIVE_INFINITY
  #firstMs = Number.POSITIVE_INFINITY

  constructor(max: number) {
    this.#max = max
  }

  /** Whether the horizon is reached, and all before it was sent: only another scan tells what is next. */
  isUsedUp(nowMs: number): boolean {
    return nowMs >= this.#horizonMs && nowMs < this.#firstMs
  }

  get size(): number {
    return this.#byRef.size
  }

  /** A scan begins that is to find what ends before this. What is known stays: the scan may be behind the tail. */
  scanTo(horizonMs: number): void {
    this.#horizonMs = horizonMs
  }

  saw(ref: SubjectRef, { position, purposes }: ConsentState): void {
    if ((this.#byRef.get(ref)?.position ?? -1) > position) return
    const ends: { purpose: string; untilMs: number }[] = []
    let firstMs = Number.POSITIVE_INFINITY
    for (const [purpose, { status, untilMs }] of Object.entries(purposes)) {
      if (status !== 'granted' || untilMs === null || untilMs >= this.#horizonMs) continue
      ends.push({ purpose, untilMs })
      firstMs = Math.min(firstMs, untilMs)
    }
    if (ends.length === 0) {
      this.#byRef.delete(ref)
      return
    }
    this.#byRef.set(ref, { position, firstMs, ends })
    this.#firstMs = Math.min(this.#firstMs, firstMs)
    if (this.#byRef.size > this.#max) this.#keepFirstHalf()
  }

  /** At most `max` refs' grants that are over by now, those of one end together. They stay until `sent`. */
  due(nowMs: number, max: number): DueGrants[] {
    if (nowMs < this.#firstMs) return []
    const due: DueGrants[] = []
    let refs = 0
    this.#firstMs = Number.POSITIVE_INFINITY
    for (const [ref, { ends, firstMs }] of this.#byRef) {
      this.#firstMs = Math.min(this.#firstMs, firstMs)
      if (firstMs > nowMs || refs >= max) continue
      refs += 1
      const over = Map.groupBy(
        ends.filter(({ untilMs }) => untilMs <= nowMs),
        ({ untilMs }) => untilMs,
      )
      for (const [untilMs, together] of over) {
        due.push({ ref, untilMs, purposes: together.map(({ purpose }) => purpose) })
      }
    }
    return due
  }

  /** They are in the ledger. Should the fold find them running still, its state comes back by the tail. */
  sent(due: readonly DueGrants[]): void {
    for (const { ref, untilMs } of due) {
      const ending = this.#byRef.get(ref)
      if (ending === undefined) continue
      const ends = ending.ends.filter((one) => one.untilMs !== untilMs)
      if (ends.length === 0) this.#byRef.delete(ref)
      else this.#byRef.set(ref, { ...ending, ends, firstMs: Math.min(...ends.map((one) => one.untilMs)) })
    }
  }

  #keepFirstHalf(): void {
    const inOrder = [...this.#byRef].sort(([, a], [, b]) => a.firstMs - b.firstMs)
    const cut = Math.ceil(this.#max / 2)
    this.#horizonMs = inOrder[cut]?.[1].firstMs ?? this.#horizonMs
    for (const [ref] of inOrder.slice(cut)) this.#byRef.delete(ref)
  }
}
