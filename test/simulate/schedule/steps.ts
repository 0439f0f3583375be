/** What happens to a simulated Weir, moment by moment. Plain data, so that a schedule can be printed, kept and cut. */

export const PROCESSES = ['sanitizer-0', 'sanitizer-1', 'projector-0', 'projector-1', 'consent-0'] as const
export type ProcessName = (typeof PROCESSES)[number]

/** One to whom decisions belong, by its place in SETTING.users or SETTING.devices. */
export type Who = { readonly user: number } | { readonly device: number }

export interface Event {
  readonly do: 'event'
  /** Its number, which no other event has. */
  readonly row: number
  readonly user: number
  readonly device: number | null
  /** How long before its step it happened. */
  readonly ageMs: number
  /** A record that must be quarantined. */
  readonly bad: boolean
}

/**
 * A request to the consent API (POST /v1/decisions), sent until it is accepted, then asked for until it is `effective`.
 * The same id again is the same request once more: a client that did not see the answer.
 */
export interface Decide {
  readonly do: 'decide'
  /** A UUID. */
  readonly id: string
  readonly kind: 'grant' | 'withdraw' | 'object' | 'link'
  readonly who: Who
  /** Of a link: the user whose device it is. */
  readonly linkedTo?: number
  /** Empty for a link. */
  readonly purposes: readonly string[]
  /** Of a grant: the notice shown, for each purpose. */
  readonly notices: readonly number[]
  /**
   * How long the grant still lasts when it is sent, by an earlier `decidedAt`; null: as long as the contract says. Only
   * for purposes that were never refused: a decision made before a refusal is stale.
   */
  readonly lastsMs: number | null
  /** `now`: left out, so the API looks it up; `nothing`: -1; `before`: what an earlier answer for this ref was based on. */
  readonly basedOn: 'now' | 'nothing' | 'before'
}

export type ProcessFault = {
  readonly do: 'pause' | 'resume' | 'kill' | 'stop' | 'start'
  readonly process: ProcessName
}

/** Single messages that are lost or late: Kafka's API keys. */
export const API = {
  produce: 0,
  fetch: 1,
  listOffsets: 2,
  offsetFetch: 9,
  initProducerId: 22,
  endTxn: 26,
  txnOffsetCommit: 28,
  heartbeat: 68,
} as const
export type ApiName = keyof typeof API

export type KafkaFault = { readonly do: 'kafka' } & (
  | { readonly fault: 'kill' | 'start' | 'isolate' | 'rejoin'; readonly broker: number }
  | { readonly fault: 'cut'; readonly process: ProcessName }
  | {
      readonly fault: 'next'
      readonly api: ApiName
      readonly fate: { readonly lose: 'request' | 'answer' } | { readonly delayMs: number }
      readonly process: ProcessName
    }
  | { readonly fault: 'pauseMarkers'; readonly forMs: number; readonly of?: 'topics' | 'groups' }
  | { readonly fault: 'coordinatorAway'; readonly forMs: number }
  | { readonly fault: 'compact'; readonly topic: 'consent.state' | 'consent.decisions' }
  /** Without members for long: it stops a sanitizer and says so, by design; only in directed schedules. */
  | { readonly fault: 'loseOffsets'; readonly group: 'sanitizer' | 'projector' }
  /** Retention: all that a raw partition holds is gone. Only where nothing else is tried, as before. */
  | { readonly fault: 'trim'; readonly partition: number }
)

export type RedisFault = {
  readonly do: 'redis'
  /**
   * `save` keeps a dump, `oldDump` replaces everything by it (by nothing, if none was kept); `down` until `up`;
   * `failover`: a replica that lacks the last writes is the master from now on; `split`: writers of before go on writing to
   * the old master, which nobody reads, until `join`; `evict`: one key, one partition's hash, is gone.
   */
  readonly fault: 'flush' | 'save' | 'oldDump' | 'down' | 'up' | 'failover' | 'split' | 'join' | 'evict'
}

/** Every fault ends: brokers start and rejoin, processes resume or start, Redis is up and whole. */
export interface Heal {
  readonly do: 'heal'
}

/** The world stops here at the latest, and may as soon as everything is processed. */
export interface End {
  readonly do: 'end'
}

/** `atMs` counts from the moment when all processes run for the first time. Ascending. */
export type Step = { readonly atMs: number } & (Event | Decide | ProcessFault | KafkaFault | RedisFault | Heal | End)

export interface Schedule {
  /** `seed 17` or the name of a directed one. */
  readonly name: string
  readonly brokers: 1 | 3
  /** After so long (ms) a broker that is gone or cut off has a successor; left out: the run draws it. */
  readonly replicaLagMs?: number
  /** Processes that run from the start; the others only by `start`. */
  readonly running: readonly ProcessName[]
  /** A process may stop by itself in it, and then the stream rightly stands still. */
  readonly mayStop: boolean
  readonly steps: readonly Step[]
}
