import type { Heard } from './seen/transaction-watch.ts'

export interface Counted {
  injected: number
  /** Of these, how many hit an open transaction. */
  effective: number
}

/** A transaction of a sanitizer that was surely committed, when that was seen (`performance.now()`). */
export interface Commit {
  readonly atMs: number
  /** Which life of a process committed. */
  readonly life: symbol
  readonly positions: readonly (readonly [partition: number, next: number])[]
}

/** Counts while the run lasts. */
export class Tally {
  readonly faults: Record<string, Counted> = {}
  readonly aborted = { process: 0, broker: 0 }
  readonly fenced: Record<string, number> = {}
  /** Of sanitizers, in their order. */
  readonly commits: Commit[] = []
  /** By raw partition: what is surely committed. */
  readonly committed: number[]
  /** From each kill of a sanitizer to the first commit of a partition that it had. */
  readonly recoveriesMs: number[] = []
  /** From each kill of a broker until every partition of raw has been in a commit again. */
  readonly brokerRecoveriesMs: number[] = []
  readonly #hears = new Set<(commit: Commit) => void>()

  constructor(rawPartitions: number) {
    this.committed = new Array<number>(rawPartitions).fill(0)
  }

  get effective(): number {
    return Object.values(this.faults).reduce((sum, { effective }) => sum + effective, 0)
  }

  get injected(): number {
    return Object.values(this.faults).reduce((sum, { injected }) => sum + injected, 0)
  }

  hit(kind: string, effective: boolean): void {
    const counted = this.faults[kind] ?? { injected: 0, effective: 0 }
    this.faults[kind] = counted
    counted.injected++
    if (effective) counted.effective++
  }

  /** For the gate of one life of a sanitizer, or of another service whose commits are not of raw. */
  heard(isSanitizer: boolean, life: symbol): Omit<Heard, 'onPhase'> {
    return {
      onCommit: (positions) => {
        if (isSanitizer) this.#commit(positions, life)
      },
      onAbort: (by) => {
        this.aborted[by]++
      },
      onFenced: (code) => {
        this.fenced[code] = (this.fenced[code] ?? 0) + 1
      },
    }
  }

  /** A sanitizer that had these partitions was killed. What it had asked for before may still commit. */
  sanitizerKilled(life: symbol, partitions: ReadonlySet<number>): void {
    if (partitions.size === 0) return
    this.#awaitCommits(this.recoveriesMs, (partition, by) => by !== life && partitions.has(partition))
  }

  brokerKilled(): void {
    const left = new Set(this.committed.keys())
    this.#awaitCommits(this.brokerRecoveriesMs, (partition) => left.delete(partition) && left.size === 0)
  }

  /** Notes how long it takes until a partition of a commit is the awaited one. */
  #awaitCommits(times: number[], isAwaited: (partition: number, life: symbol) => boolean): void {
    const since = performance.now()
    const hear = ({ positions, atMs, life }: Commit) => {
      if (!positions.some(([partition]) => isAwaited(partition, life))) return
      this.#hears.delete(hear)
      times.push(atMs - since)
    }
    this.#hears.add(hear)
  }

  #commit(positions: Commit['positions'], life: symbol): void {
    const commit = { atMs: performance.now(), life, positions }
    this.commits.push(commit)
    for (const [partition, next] of positions) {
      this.committed[partition] = Math.max(next, this.committed[partition] ?? 0)
    }
    for (const hear of [...this.#hears]) hear(commit)
  }
}

export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Nearest ranks, in whole ms; of nothing all are 0. */
export function spread(ms: readonly number[]): Spread {
  const sorted = ms.map((value) => Math.round(value)).sort((a, b) => a - b)
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return { count: sorted.length, p50: rank(0.5), p99: rank(0.99), max: sorted.at(-1) ?? 0 }
}
