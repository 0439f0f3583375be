/**
 * Consent as data: the ledger's records, the state folded from them, ticks. Times are Unix milliseconds.
 * Pure: no I/O, no clock, no randomness; salts come from a source that is passed in.
 */

/** First 16 bytes of HMAC-SHA-256(reference key, canonical id), as 32 hex digits. Never a raw id. */
export type SubjectRef = string & { readonly __brand: 'SubjectRef' }

export type SubjectKind = 'user' | 'device'

/** Kinds of the ledger. `expire` is written by the projector, `erase` begins an erasure, `link` joins device and user. */
export type DecisionKind = 'grant' | 'withdraw' | 'object' | 'notify' | 'expire' | 'erase' | 'link'

/** One decision in `consent.decisions`; maps to ISO/IEC TS 27560. */
export interface Decision {
  readonly kind: DecisionKind
  /** UUID, made by whoever decides; repeats of it are dropped by the fold. */
  readonly decisionId: string
  /** Whom it is about; for a `link` the device. */
  readonly ref: SubjectRef
  /** For a `link`, and only there: whose device `ref` is from now on. */
  readonly linkedTo?: SubjectRef
  /** Purposes it speaks of, by name. Empty means all, for kinds that take away; a `link` speaks of none. */
  readonly purposes: readonly string[]
  readonly decidedAtMs: number
  /** Where it came from: `preference-centre`, `api`, `gpc`, an adapter's name, `projector`, `link` (carried from a device). */
  readonly source: string
  /** Version of the notice that was shown, by purpose in the order of `purposes`; 0 where none is needed. */
  readonly notices: readonly number[]
  /** ISO 3166 code, or null when unknown: then consent is needed. */
  readonly jurisdiction: string | null
  /** How long a grant lasts by purpose in the order of `purposes`, as the time it ends; null for no end. */
  readonly untilMs: readonly (number | null)[]
  /** `position` of the state that the person saw when deciding; -1 when there was none. */
  readonly basedOn: number
}

/** A tick of the ledger: proves, once it came out in `consent.state`, that all before it was folded. */
export interface Tick {
  /** Random, 32 hex digits, new for each start of a projector and each assignment. */
  readonly incarnation: string
  readonly n: number
  /** In consent.state: the ledger's append time of the tick. In the ledger: 0. */
  readonly timeMs: number
}

/** A tick as it comes out in `consent.state`. */
export interface StateTick extends Tick {
  /** Next ledger offset of the tick: all decisions below it came out before. */
  readonly position: number
}

export type PurposeStatus = 'granted' | 'withdrawn' | 'objected' | 'notified' | 'expired' | 'erased'

export interface PurposeState {
  readonly status: PurposeStatus
  /** The later of decided-at and the ledger's append time of the record that began this status. */
  readonly sinceMs: number
  /** When a grant ends by itself; null for no end. */
  readonly untilMs: number | null
  /** Version of the notice that holds now: for events from `noticeSinceMs` on. */
  readonly notice: number
  /** When `notice` rose to what it is (later of decided-at and append time); `sinceMs` when it never rose. */
  readonly noticeSinceMs: number
  /** Notice for events before `noticeSinceMs`: the one this status began under, or a lower one since; else `notice`. */
  readonly noticeBefore: number
  /** 16 bytes as 32 hex digits while granted; null else: the salt ends with the grant. */
  readonly salt: string | null
  /** Key epoch, fixed when the grant begins; 0 when not granted. */
  readonly epoch: number
  readonly decisionId: string
  /** Ledger offset of the record that made this status. */
  readonly ledgerOffset: number
  /** Next offset after the last withdrawal-like record of this purpose (withdraw, object, erase); -1 when none. */
  readonly withdrawnPosition: number
}

export interface RecentDecision {
  readonly decisionId: string
  /** `refused`: a grant that knew less than a later withdrawal did, or was decided before it. */
  readonly outcome: 'applied' | 'refused'
  /** Set when it took away (withdraw, object, erase): a withdrawal is a repeat only of one that took away. */
  readonly tookAway?: true
}

/** What holds for one ref. Value of `consent.state` and of the Redis hash. */
export interface ConsentState {
  /** Next ledger offset after the last record folded in: grows with every record of this ref. */
  readonly position: number
  readonly purposes: Readonly<Record<string, PurposeState>>
  /** The last decisions folded, newest last, at most RECENT_DECISIONS: repeats are dropped by it. */
  readonly recent: readonly RecentDecision[]
  /**
   * Next ledger offset after the last record that took away everything (an `erase` of all), also purposes this state
   * has never heard of. Absent when there was none.
   */
  readonly erasedPosition?: number
  /** Later of decided-at and append time of that record; there exactly when `erasedPosition` is. */
  readonly erasedSinceMs?: number
  /** The withdrawal or objection that took away everything last, to be carried to whom is linked later; absent: none. */
  readonly refusedAll?: RefusedAll
  /** On a device: the data subjects it is linked to, newest last, at most MAX_LINKS. Absent when there are none. */
  readonly links?: readonly SubjectRef[]
}

export interface RefusedAll {
  readonly kind: 'withdraw' | 'object'
  readonly decisionId: string
}

/**
 * The pseudonym of a grant that ended, to be forgotten downstream. Value of `consent.forget`. No time: it would be the
 * same for all purposes of one decision, and that decision's in the ledger.
 */
export interface ForgetOrder {
  readonly purpose: string
  /** `<epoch>.<32 hex>` */
  readonly pseudonym: string
  readonly reason: 'withdrawn' | 'objected' | 'expired' | 'erased'
}

/**
 * Value of `<to>.forget`: under its pseudonym as the key, all that downstream may know. No reason, and no time finer than
 * a day, since what is written for one person in several purposes must not be told by it.
 */
export interface Forgotten {
  /** Days since 1970-01-01, UTC. */
  readonly day: number
}

/** How far an erasure has come, in this order. Being requested is the `erase` decision itself. */
export type ErasureStepName = 'forgotten' | 'saltsGone' | 'completed'

/** A step of an erasure, in the ledger beside its `erase`. Written by the forgetter; the fold passes over it. */
export interface ErasureStep {
  readonly ref: SubjectRef
  /** Decision id of the `erase`. */
  readonly erasureId: string
  readonly step: ErasureStepName
  /** When it was found to be so. */
  readonly atMs: number
  /** What was looked at on the broker. */
  readonly checked: readonly ErasureCheck[]
  /** How long was waited for what can't be looked at, such as dumps of the cache; 0 when for nothing. */
  readonly waitedMs: number
  /** When completion is to be expected by the settings that the broker has now; null when it never comes by them. */
  readonly completesMs: number | null
}

export interface ErasureCheck {
  /** Full name. */
  readonly topic: string
  /** Nothing from before this time was left in it; of `consent.state`: nothing of this ref. */
  readonly emptyBeforeMs: number
}

/** Keys of records that are not a ref's. */
export const TICK_KEY: Uint8Array = new Uint8Array([0x74, 0x69, 0x63, 0x6b]) // "tick"

/** Fixed by the contract: the partitions of consent.decisions and consent.state. */
export const CONSENT_PARTITIONS = 16

export const RECENT_DECISIONS = 32

/** Data subjects that a device is linked to at most: with one more, the one linked longest ago is no longer. */
export const MAX_LINKS = 8
