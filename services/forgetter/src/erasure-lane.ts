import {
  type Decision,
  decodeLedger,
  type ErasureStep,
  type ErasureStepName,
  isTickKey,
  type SubjectRef,
} from '@weir/consent'
import type { Row } from '@weir/consent-view'

/** An erasure that is not completed. */
export class Erasure {
  readonly id: string
  readonly ref: SubjectRef
  /** Of its `erase` in the ledger. */
  readonly offset: number
  /** When the ledger took that in. */
  readonly requestedMs: number
  forgottenMs: number | null = null
  saltsGoneMs: number | null = null
  /** Ends of `consent.forget` by partition, once all orders of it lie before them. */
  forgetEnds: readonly number[] | null = null
  /** Since when what its next step needs gone is gone, by the monotonic clock. */
  goneSinceMs: number | null = null

  constructor({ decisionId, ref }: Decision, offset: number, requestedMs: number) {
    this.id = decisionId
    this.ref = ref
    this.offset = offset
    this.requestedMs = requestedMs
  }

  get reached(): 'requested' | Exclude<ErasureStepName, 'completed'> {
    if (this.saltsGoneMs !== null) return 'saltsGone'
    return this.forgottenMs === null ? 'requested' : 'forgotten'
  }
}

/** One partition of the ledger: its erasures, and how far they are by the ledger itself. */
export class ErasureLane {
  readonly partition: number
  /** The group's offset; -1: none yet. */
  committed: number
  /** By ref and id, since two people may have one id; in the order of the ledger. */
  readonly #open = new Map<string, Erasure>()
  readonly #end: number
  #next: number
  #timeMs = 0
  /** A record that this version can't read: nothing behind it counts. */
  #unreadable: number | null = null

  /** `end`: what is before it has to be read before anything is written, since it may be a step already. */
  constructor(partition: number, committed: number, position: number, end: number) {
    this.partition = partition
    this.committed = committed
    this.#next = position
    this.#end = end
  }

  get open(): readonly Erasure[] {
    return [...this.#open.values()]
  }

  get isReady(): boolean {
    return this.#next >= this.#end && this.#unreadable === null
  }

  get unreadable(): number | null {
    return this.#unreadable
  }

  /** What the broker's clock said last, by the records read (ticks above all); Unix milliseconds. */
  get timeMs(): number {
    return this.#timeMs
  }

  /** Where whoever comes next has to begin reading. */
  get position(): number {
    const [first] = this.#open.values()
    return Math.min(this.#next, first?.offset ?? this.#next)
  }

  take(rows: readonly Row[], next: number): void {
    for (const { offset, timeMs, key, value } of rows) {
      if (this.#unreadable !== null) return
      this.#timeMs = timeMs
      // Nearly all of the ledger of a day.
      if (key !== null && isTickKey(key)) continue
      const record = read(value)
      if (record === null) {
        this.#unreadable = offset
        this.#next = offset
      } else if (record.kind === 'step') this.done(record.step)
      else if (record.kind === 'decision' && record.decision.kind === 'erase') {
        const { decision } = record
        const key = keyOf(decision.ref, decision.decisionId)
        // A repeat is dropped by the fold, too.
        if (!this.#open.has(key)) this.#open.set(key, new Erasure(decision, offset, timeMs))
      }
    }
    if (this.#unreadable === null) this.#next = Math.max(this.#next, next)
  }

  /** A step stands in the ledger. */
  done({ erasureId, step, atMs, ref }: ErasureStep): void {
    const erasure = this.#open.get(keyOf(ref, erasureId))
    if (erasure === undefined) return
    erasure.goneSinceMs = null
    if (step === 'forgotten') erasure.forgottenMs ??= atMs
    else if (step === 'saltsGone') erasure.saltsGoneMs ??= atMs
    else this.#open.delete(keyOf(ref, erasureId))
  }
}

function keyOf(ref: SubjectRef, decisionId: string): string {
  return `${ref} ${decisionId}`
}

function read(value: Buffer | null): ReturnType<typeof decodeLedger> | null {
  try {
    return decodeLedger(value ?? Buffer.alloc(0))
  } catch {
    return null
  }
}
