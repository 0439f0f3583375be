import type { ConsentState } from '@weir/consent'

/**
 * The consent view: Redis is a cache and never the authority; the tail of `consent.state` says what is newer.
 * Used by the sanitizer (join and fence), by the projector (fold over what holds) and by the consent service (state,
 * `effective`).
 */
export interface ConsentView {
  /**
   * Marks the beginning of a chunk: bases do not move past the tail's positions of now until it is ended.
   * Call it before `lookup`; end it after the chunk's transaction ended.
   */
  begin(): InFlight

  /**
   * States of refs as of now. `refs` holds `count` refs of 16 bytes each. Held as a whole when any of them can't be
   * told: a cold partition (no proof of freshness within S), Redis away, or its watermark below the base.
   */
  lookup(refs: Uint8Array, count: number): Promise<Lookup>

  /**
   * The fence (docs/ARCHITECTURE.md): reads the end of `consent.state` (ListOffsets, read_committed) for the partitions of these
   * subjects, waits until the tail has reached it, then tells which subjects changed since `lookup`, and checks
   * freshness once more. Call it after the transaction's first acknowledgement.
   */
  fence(looked: Looked): Promise<Fence>

  /** Highest tick time seen (ms, broker's clock), for comparing with `untilMs`; 0 before the first. */
  readonly tickTimeMs: number

  /** Resolves when the tail of every named partition has passed its position; rejects when `signal` aborts. */
  reached(positions: ReadonlyMap<number, number>, signal: AbortSignal): Promise<void>

  /** Milliseconds (monotonic) since which the partition is proved fresh; Infinity before the first proof. */
  ageMs(partition: number): number

  /** Called for each state that the tail brings, in order of its partition. Returns its own removal. */
  onState(listener: (ref: string, state: ConsentState, partition: number, offset: number) => void): () => void

  /** Called for each tick that the tail brings. Returns its own removal. */
  onTick(
    listener: (tick: { incarnation: string; n: number; timeMs: number }, partition: number, offset: number) => void,
  ): () => void

  close(): Promise<void>
}

export interface InFlight {
  end(): void
}

export type HeldReason =
  /** No proof of freshness within S. */
  | 'consent-cold'
  | 'redis-away'
  /** The cache is older than the base, or of another topic: the loader brings it up to date. */
  | 'redis-behind'
  | 'consent-topic-away'
  /** A state that this needs can't be read (another version, damaged): never taken for unknown. */
  | 'consent-unreadable'

export interface Held {
  readonly kind: 'held'
  readonly reason: HeldReason
  readonly retryAfterMs: number
}

export interface Looked {
  readonly kind: 'looked'
  readonly refs: Uint8Array
  readonly count: number
  /** states[i] is the state of ref i; null: the ref is unknown (no record in the ledger that was folded). */
  readonly states: readonly (ConsentState | null)[]
  /** Tail positions per consent partition when the lookup was answered. */
  readonly positions: Float64Array
}

export type Lookup = Looked | Held

export type Fence =
  | { readonly kind: 'clear'; readonly at: ConsentAt }
  /** Indexes (into refs) of subjects whose state changed, or whose grant ran out; decide those again. */
  | { readonly kind: 'changed'; readonly subjects: readonly number[]; readonly looked: Looked; readonly at: ConsentAt }
  | Held

/**
 * Where consent stood at the moment of a fence's verdict. The states that it rests on are what the ledger's decisions
 * below each `ledgerPosition`, and no others, fold to.
 */
export interface ConsentAt {
  /** Highest tick time (ms, broker's clock): what `untilMs` was compared with. */
  readonly tickTimeMs: number
  /** The partitions that the subjects lie in, ascending. */
  readonly partitions: readonly PartitionAt[]
}

export interface PartitionAt {
  readonly partition: number
  /** Next offset of `consent.state`. */
  readonly statePosition: number
  /** Next offset of the ledger after the last record that came out below `statePosition`. */
  readonly ledgerPosition: number
}
