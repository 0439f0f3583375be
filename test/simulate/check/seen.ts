/**
 * What a run left behind, by the model of Kafka and by the clients of the API: all that the checks judge by. Times are the
 * world's Date.now in ms.
 */
export interface Seen {
  /** Everything that was ever committed to the topic, compacted away or not. By partition and offset ascending. */
  readonly raw: readonly SeenRecord[]
  /** By purpose. */
  readonly clean: Readonly<Record<string, readonly SeenRecord[]>>
  readonly quarantine: readonly SeenRecord[]
  readonly ledger: readonly SeenRecord[]
  readonly state: readonly SeenRecord[]
  readonly forget: readonly SeenRecord[]
  readonly audit: readonly SeenRecord[]
  /** Committed transactions of the sanitizers, in the order in which their commits were decided. */
  readonly transactions: readonly SeenTransaction[]
  /** One for each decision id. */
  readonly decisions: readonly SeenDecision[]
  /** Processes that ended by themselves, by `fail` or an error that nobody caught. */
  readonly stopped: readonly { readonly process: string; readonly atMs: number; readonly why: string }[]
  /** Whether the schedule makes a process stop by design. */
  readonly mayStop: boolean
  /** Whether a broker was cut off from the others and went on answering: what it tells of an end may be long past. */
  readonly cutOff: boolean
  readonly healedAtMs: number
  readonly endedAtMs: number
  /** commitsWithinMs of the stated bound. */
  readonly boundMs: number
  /** S: how old the proof may be by which a sanitizer takes its view for fresh. */
  readonly freshnessMs: number
}

/** A committed record as a reader sees it. */
export interface SeenRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
  /** When it was decided that it stays. */
  readonly committedAtMs: number
  /** When read_committed readers could see it; Infinity: not yet. */
  readonly visibleAtMs: number
}

export interface SeenTransaction {
  /** Transactional id. */
  readonly id: string
  /** When the coordinator took the first participant in: from then on the broker's timeout runs. */
  readonly begunAtMs: number
  readonly decidedAtMs: number
  /** Next raw offsets that it commits for the sanitizers' group. */
  readonly offsets: readonly { readonly partition: number; readonly offset: number }[]
}

export interface SeenDecision {
  /** UUID in small letters. */
  readonly id: string
  readonly sentAtMs: number
  /** A grant that may have run out before it was accepted: then it is rejected. */
  readonly short: boolean
  /** When the API first accepted it; null: never. */
  readonly acceptedAtMs: number | null
  /** When the API first called it `effective`; null: never. */
  readonly effectiveAtMs: number | null
}

const VIOLATIONS = [
  'lost',
  'repeated',
  'disorder',
  'leak',
  'bound',
  'stale',
  'expired',
  'revived',
  'salt reused',
  'wrong output',
  'wrong state',
  'wrong carried',
  'wrong forget',
  'wrong quarantine',
  'wrong audit',
  'grant not ended',
  'not effective',
  'offsets back',
  'stall',
  'stopped',
] as const
export type ViolationKind = (typeof VIOLATIONS)[number]

export interface Violation {
  readonly kind: ViolationKind
  /** Who, which row, what was expected and what was found. */
  readonly words: string
}
