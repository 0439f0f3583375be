import { type Batch, place } from './batch.ts'
import { ProducerStates } from './producer-state.ts'

interface OpenTransaction {
  readonly producerId: number
  readonly first: number
  readonly batches: Batch[]
}

interface EndedTransaction extends OpenTransaction {
  /** Offset of its marker. */
  readonly last: number
  readonly isCommit: boolean
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly first: number
  readonly last: number
  /** The last stable offset when its marker was written: a later one that is not below what is asked for can't matter. */
  readonly stable: number
}

/**
 * The log of one partition: batches by offset, leader epochs (KIP-101), what is known of producers, open transactions and
 * the index of aborted ones (UnifiedLog, ProducerStateManager, TransactionIndex). It knows no replicas.
 */
export class PartitionLog {
  batches: Batch[] = []
  start = 0
  /** The next offset. */
  end = 0
  epochs: { readonly epoch: number; readonly start: number }[] = []
  producers = new ProducerStates()
  aborted: AbortedTransaction[] = []
  #open = new Map<number, OpenTransaction>()
  /** Ended, their marker not yet below the high watermark: still unstable. By marker offset. */
  #unreplicated: EndedTransaction[] = []
  /** How transactions ended, for a log that is read anew after it was cut. */
  readonly #decided = new Map<Batch, number>()

  append(batch: Batch, leaderEpoch: number): void {
    place(batch, this.end, leaderEpoch)
    this.beginEpoch(leaderEpoch)
    this.batches.push(batch)
    this.end = batch.last + 1
    this.#learn(batch)
  }

  appendMarker(marker: Batch, leaderEpoch: number, decidedAtMs: number): void {
    this.#decided.set(marker, decidedAtMs)
    this.append(marker, leaderEpoch)
  }

  /** A new leader's first offset; also noticed by the first batch of an epoch. */
  beginEpoch(epoch: number): void {
    if ((this.epochs.at(-1)?.epoch ?? -1) < epoch) this.epochs.push({ epoch, start: this.end })
  }

  hasOpen(producerId: number, epoch: number): boolean {
    return this.#open.has(producerId) && this.producers.epochOf(producerId) === epoch
  }

  /** First offset that read_committed readers must not pass, whatever the high watermark; the end if there is none. */
  get firstUnstable(): number {
    let first = this.end
    for (const open of this.#open.values()) if (open.first < first) first = open.first
    for (const ended of this.#unreplicated) if (ended.first < first) first = ended.first
    return first
  }

  /** What lies below it is on all in-sync replicas. */
  replicated(highWatermark: number, from: number): void {
    const now = Date.now()
    for (let i = this.indexOf(from); i < this.batches.length; i++) {
      const batch = this.batches[i] as Batch
      if (batch.last >= highWatermark) break
      if (!batch.isTransactional && batch.visibleAtMs > now) batch.committedAtMs = batch.visibleAtMs = now
    }
    while ((this.#unreplicated[0]?.last ?? highWatermark) < highWatermark) {
      const ended = this.#unreplicated.shift() as EndedTransaction
      if (!ended.isCommit) continue
      for (const batch of ended.batches) batch.visibleAtMs = Math.min(batch.visibleAtMs, now)
    }
  }

  /** Index of the first batch that ends at `offset` or later. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.batches.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.batches[middle] as Batch).last < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Aborted transactions that a reader of [from, to) must know. */
  abortedBetween(from: number, to: number): AbortedTransaction[] {
    let low = 0
    let high = this.aborted.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.aborted[middle] as AbortedTransaction).last < from) low = middle + 1
      else high = middle
    }
    const found: AbortedTransaction[] = []
    for (let i = low; i < this.aborted.length; i++) {
      const aborted = this.aborted[i] as AbortedTransaction
      if (aborted.first < to) found.push(aborted)
      if (aborted.stable >= to) break
    }
    return found
  }

  /** How far `epoch` reaches in this log (LeaderEpochFileCache.endOffsetFor); undefined: it is of the future. */
  endOf(epoch: number): { readonly epoch: number; readonly end: number } | undefined {
    const latest = this.epochs.at(-1)
    if (latest === undefined || epoch > latest.epoch) return undefined
    if (epoch === latest.epoch) return { epoch, end: this.end }
    const at = this.epochs.findIndex((entry) => entry.epoch > epoch)
    const next = this.epochs[at]
    if (next === undefined) return undefined
    return { epoch: this.epochs[at - 1]?.epoch ?? epoch, end: next.start }
  }

  /** Takes back everything from `offset` on; producers and transactions are read anew from what is left. */
  cutTo(offset: number): void {
    if (offset >= this.end) return
    const kept = this.batches.slice(0, this.indexOf(offset))
    this.epochs = this.epochs.filter((entry) => entry.start <= offset)
    this.end = offset
    this.batches = kept
    this.producers = new ProducerStates()
    this.aborted = []
    this.#open = new Map()
    this.#unreplicated = []
    for (const batch of kept) this.#learn(batch)
  }

  /** Drops whole batches below `offset`, the new start. */
  trimTo(offset: number): void {
    this.start = Math.max(this.start, offset)
    this.end = Math.max(this.end, this.start)
    this.batches = this.batches.slice(this.indexOf(this.start))
  }

  /** As this log is now, for a leader that hears of nothing more. */
  frozen(): PartitionLog {
    const copy = new PartitionLog()
    copy.start = this.start
    copy.end = this.end
    copy.batches = [...this.batches]
    copy.epochs = [...this.epochs]
    copy.aborted = [...this.aborted]
    copy.producers = this.producers
    copy.#open = new Map(this.#open)
    copy.#unreplicated = [...this.#unreplicated]
    return copy
  }

  #learn(batch: Batch): void {
    const { producerId } = batch
    if (producerId < 0) return
    this.producers.appended(batch)
    if (!batch.isTransactional) return
    const open = this.#open.get(producerId)
    if (!batch.isControl) {
      if (open === undefined) this.#open.set(producerId, { producerId, first: batch.base, batches: [batch] })
      else open.batches.push(batch)
      return
    }
    if (open === undefined) return
    this.#open.delete(producerId)
    this.#unreplicated.push({ ...open, last: batch.last, isCommit: batch.isCommit })
    if (batch.isCommit) {
      const decidedAtMs = this.#decided.get(batch) ?? batch.appendedAtMs
      for (const data of open.batches) data.committedAtMs = Math.min(data.committedAtMs, decidedAtMs)
    } else {
      let stable = batch.last + 1
      for (const other of this.#open.values()) stable = Math.min(stable, other.first)
      this.aborted.push({ producerId, first: open.first, last: batch.last, stable })
    }
  }
}
