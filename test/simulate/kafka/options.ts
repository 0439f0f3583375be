import type { PendingOffset } from './markers.ts'

/** Random numbers that a seed determines; test/workload/random.ts is one. */
export interface Random {
  /** Whole number in [0, below). */
  below(below: number): number
}

export interface ModelOptions {
  readonly brokers: number
  readonly random: Random
  /** How long one message takes, between a client and a broker or two brokers; asked for each. */
  readonly delayMs: () => number
  readonly settings: {
    /** group.consumer.session.timeout.ms */
    readonly groupSessionMs: number
    /** group.consumer.heartbeat.interval.ms */
    readonly heartbeatMs: number
    /** transaction.abort.timed.out.transaction.cleanup.interval.ms */
    readonly sweepMs: number
    /** How long the controller waits for a broker before it takes another leader and shrinks the in-sync set. */
    readonly replicaLagMs: number
  }
}

/** What the model's parts share: time, delays and randomness. */
export interface World extends ModelOptions {
  /** Runs `task` later, on the brokers' own time: not on that of the process that happens to ask. */
  after(ms: number, task: () => void): NodeJS.Timeout
}

/** A record as it lies in a partition's log, committed: of a transaction once its marker lies there too. */
export interface CommittedRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string>>
  /**
   * When (Date.now) it was decided that it stays: EndTxn(commit) reached the transaction log, or without a transaction
   * all in-sync replicas had it.
   */
  readonly committedAtMs: number
  /** When read_committed readers could see it: its marker was on all in-sync replicas. */
  readonly visibleAtMs: number
}

/** A transaction whose end was decided. */
export interface DecidedTransaction {
  readonly transactionalId: string
  readonly isCommit: boolean
  /** When (Date.now) something was first added to it: the broker's timeout runs from then. */
  readonly begunAtMs: number
  readonly decidedAtMs: number
  readonly offsets: readonly PendingOffset[]
}
