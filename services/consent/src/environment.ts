import type { Decision, SubjectKind, SubjectRef } from '@weir/consent'
import type { ConsentView } from '@weir/consent-view'
import type { Contracts } from '@weir/contracts'
import type { Logger } from '@weir/service'
import type { DecisionIndex } from './decision-index.ts'
import type { LedgerIndex } from './ledger-index/ledger-index.ts'
import type { Looker } from './looker.ts'
import type { ConsentMetrics } from './metrics.ts'

/** Everything the routes work with, gathered once by main.ts. Tests put fakes here. */
export interface Environment {
  readonly contracts: Contracts
  readonly view: Pick<ConsentView, 'begin' | 'lookup' | 'tickTimeMs'>
  readonly ledger: Ledger
  readonly refOf: (kind: SubjectKind, id: string) => Ref
  readonly linkSeal: Sealer
  readonly formSeal: Sealer
  readonly index: DecisionIndex
  /** What the ledger holds, also of before this process started; may be behind. */
  readonly ledgerIndex: Pick<LedgerIndex, 'erasure' | 'find' | 'history'>
  readonly looker: Pick<Looker, 'look'>
  /** Within what time a decision that is effective is obeyed by all. */
  readonly bound: Bound
  readonly metrics: ConsentMetrics
  readonly isCaller: (authorization: string | undefined) => boolean
  readonly clock: Clock
  readonly randomUuid: () => string
  readonly log: Logger
  /** Address under which people reach the form, without a slash at the end. */
  readonly publicUrl: () => string
}

/** What @weir/preflight states of the broker's real settings and ours. */
export interface Bound {
  /** From `effective` until nothing that was decided before can be committed any more. */
  readonly commitsWithinMs: number
  /** Until read_committed readers have seen the last of it, while the broker runs well. */
  readonly visibleWithinMs: number
}

/** A subject as the consent topics know it. */
export interface Ref {
  /** 32 hex digits. */
  readonly ref: SubjectRef
  /** The same as 16 bytes. */
  readonly bytes: Uint8Array
}

/** Writing end of `consent.decisions`. */
export interface Ledger {
  /** Resolves with the record's place once all in-sync replicas have it; rejects when that is not sure. */
  append(decision: Decision, refBytes: Uint8Array, traceparent: string | null): Promise<LedgerPlace>
}

export interface LedgerPlace {
  readonly partition: number
  readonly offset: number
}

/** Authenticated encryption of small texts that travel through people's browsers. */
export interface Sealer {
  seal(plaintext: Uint8Array): Uint8Array
  /** null: not sealed by this key, or changed on the way. */
  open(sealed: Uint8Array): Uint8Array | null
}

export interface Clock {
  /** Unix milliseconds. */
  nowMs(): number
  /** Milliseconds that never jump. */
  monotonicMs(): number
}
