import type { HeldReason } from '@weir/consent-view'
import type { Tally } from './tally.ts'

export type Held = {
  readonly kind: 'held'
  readonly reason: HeldReason | 'registry-away' | 'key-missing'
  readonly retryAfterMs: number
  /** What to do about it, where waiting alone mends nothing. */
  readonly why?: string
}

/** What became of a chunk. The loop acts on it; nothing else is thrown but bugs. */
export type Outcome =
  | { readonly kind: 'committed'; readonly tally: Tally }
  /** Aborted, nothing visible: decide the same chunk again. */
  | { readonly kind: 'stale'; readonly why: string }
  /** Nothing was published and nothing can be for now: the whole chunk waits. */
  | Held
  /** It may have committed: initialise the producer again, only then read the committed offsets. */
  | { readonly kind: 'unknown'; readonly why: string }
  /** Another process has our slot or our partitions. */
  | { readonly kind: 'fenced'; readonly why: string }
