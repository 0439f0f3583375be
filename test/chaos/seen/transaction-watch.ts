import { Api, type PassingRequest } from '../../support/kafka-proxy.ts'
import { errorOf, FENCED, isAskedAgain, isCommit, isTransactional, offsetCommitOf } from './kafka-words.ts'

/** None; its opener is out; open at the broker; its end is out and not answered. */
export type Phase = 'none' | 'opening' | 'open' | 'ending'

type Positions = readonly (readonly [partition: number, next: number])[]

export interface Heard {
  /** A transaction has surely been committed, with these next offsets of the topic it was made from. */
  onCommit(positions: Positions): void
  onAbort(by: 'process' | 'broker'): void
  onFenced(code: string): void
  /** After each change of phase. */
  onPhase(phase: Phase): void
}

/**
 * Where a process's transaction stands, as its requests and the broker's responses tell. It is open from the answer to
 * its opener (a Produce or TxnOffsetCommit of the transaction: the broker adds partitions by itself, KIP-890) until the
 * answer to its EndTxn has reached the process, or a new InitProducerId has ended it.
 */
export class TransactionWatch {
  readonly #heard: Heard
  #phase: Phase = 'none'
  #positions: Positions = []
  #commits = 0
  /** Its end is known here, though its process never heard of it. */
  #counted = false
  readonly #owned = new Set<number>()
  #begunSoFar = 0
  /** Of each EndTxn, which transaction it is to end: its answer may come when the next one has begun. */
  readonly #ends = new WeakMap<Buffer, number>()
  readonly #toldOf = new WeakSet<Buffer>()

  constructor(heard: Heard) {
    this.#heard = heard
  }

  get phase(): Phase {
    return this.#phase
  }

  get isOpen(): boolean {
    return this.#phase === 'open' || this.#phase === 'ending'
  }

  get commits(): number {
    return this.#commits
  }

  /** Partitions of raw that it has committed for. */
  get owned(): ReadonlySet<number> {
    return this.#owned
  }

  asked({ apiKey, frame }: PassingRequest): void {
    if (apiKey === Api.txnOffsetCommit) {
      this.#begun()
      this.#positions = [...this.#positions, ...offsetCommitOf(frame).positions]
      for (const [partition] of this.#positions) this.#owned.add(partition)
    } else if (apiKey === Api.produce && isTransactional(frame)) this.#begun()
    else if (apiKey === Api.endTxn && this.#phase !== 'none') {
      this.#ends.set(frame, this.#begunSoFar)
      this.#enter('ending')
    }
  }

  /** @param reaches whether the process will see this response */
  answered({ apiKey, frame }: PassingRequest, response: Buffer, reaches: boolean): void {
    const code = errorOf(apiKey, response)
    const fenced = FENCED.get(code)
    if (fenced !== undefined && !this.#toldOf.has(response)) this.#heard.onFenced(fenced)
    this.#toldOf.add(response)
    switch (apiKey) {
      case Api.txnOffsetCommit:
      case Api.produce:
        if (apiKey === Api.produce && !isTransactional(frame)) return
        if (this.#phase === 'opening' && code === 0) this.#enter('open')
        return
      case Api.endTxn:
        if (this.#phase === 'none' || this.#ends.get(frame) !== this.#begunSoFar || isAskedAgain(code)) return
        if (!this.#counted) this.#count(code === 0 ? (isCommit(frame) ? 'commit' : 'abort') : 'broker')
        if (reaches) this.#enter('none')
        return
      case Api.initProducerId:
        if (code !== 0 || this.#phase === 'none') return
        // Whatever was open is over. One whose end was on its way may have gone either way.
        if (this.#phase === 'open' && !this.#counted) this.#count('broker')
        this.#enter('none')
        return
      default:
    }
  }

  #begun(): void {
    if (this.#phase !== 'none') return
    this.#begunSoFar++
    this.#positions = []
    this.#counted = false
    this.#enter('opening')
  }

  #count(how: 'commit' | 'abort' | 'broker'): void {
    this.#counted = true
    if (how !== 'commit') {
      this.#heard.onAbort(how === 'abort' ? 'process' : 'broker')
      return
    }
    this.#commits++
    this.#heard.onCommit(this.#positions)
  }

  #enter(phase: Phase): void {
    if (phase === this.#phase) return
    this.#phase = phase
    this.#heard.onPhase(phase)
  }
}
