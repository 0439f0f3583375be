import type { Decision, SubjectRef } from '@weir/consent'
import { type ConsentView, pause } from '@weir/consent-view'
import type { Appender, Kafka } from '@weir/kafka'
import { decisionRecord } from './decision-record.ts'
import { type DueGrants, EndingGrants } from './ending-grants.ts'
import { scanStates } from './expiry-scan.ts'

export interface ExpiryOptions {
  readonly kafka: Pick<Kafka, 'endOffsets' | 'fetcher'>
  readonly appender: Pick<Appender, 'append'>
  readonly topics: { readonly decisions: string; readonly state: string }
  readonly view: Pick<ConsentView, 'onState' | 'tickTimeMs'>
  /** How often it is looked whether a grant is over. */
  readonly everyMs: number
  /** A scan finds what ends within this; the next scan comes when seven eighths of it are over. */
  readonly horizonMs: number
  /** Refs whose grants end within the horizon, by partition, that are remembered at most. */
  readonly maxRefs: number
  readonly randomUuid: () => string
  readonly randomHex16: () => string
  /** Records were appended. */
  readonly onExpired: (records: number) => void
  readonly onError: (error: unknown) => void
}

/** `expire` records appended in one go: decisions of people must not queue behind a million grants of one midnight. */
const MAX_AT_ONCE = 500
/** Between two scans of a partition, by the ledger's time: what was appended last is folded by then. */
const SCAN_REST_MS = 10_000

interface Watched {
  readonly grants: EndingGrants
  readonly gone: AbortController
  /** By the ledger's time, as all here; 0: at once. */
  scanAtMs: number
  /** No scan before this. */
  restUntilMs: number
}

/**
 * Ends grants that run out: appends an `expire` record for each whose `until` has passed by the ledger's own clock, the
 * highest tick time; so its salt goes and its pseudonym is ordered forgotten. That a grant has ended never rests on it:
 * whoever decides compares `until` with the ticks. At least once: two projectors at once, a repeat after a lost answer,
 * an `expire` for what was renewed meanwhile, all are refused by the fold.
 *
 * It knows of grants from a scan of each partition's states, one partition after the other, beside everything else.
 */
export class Expiry {
  readonly #options: ExpiryOptions
  readonly #watched = new Map<number, Watched>()
  readonly #close = new AbortController()
  readonly #stopListening: () => void
  readonly #running: Promise<unknown>

  constructor(options: ExpiryOptions) {
    this.#options = options
    this.#stopListening = options.view.onState((ref, state, partition) =>
      this.#watched.get(partition)?.grants.saw(ref as SubjectRef, state),
    )
    this.#running = Promise.all([this.#run(() => this.#expire()), this.#run(() => this.#scan())])
  }

  add(partition: number): void {
    this.remove(partition)
    const grants = new EndingGrants(this.#options.maxRefs)
    this.#watched.set(partition, { grants, gone: new AbortController(), scanAtMs: 0, restUntilMs: 0 })
  }

  remove(partition: number): void {
    this.#watched.get(partition)?.gone.abort(new Error('the partition was given up'))
    this.#watched.delete(partition)
  }

  async close(): Promise<void> {
    this.#close.abort(new Error('the projector is closing'))
    this.#stopListening()
    for (const partition of [...this.#watched.keys()]) this.remove(partition)
    await this.#running
  }

  async #run(step: () => Promise<void>): Promise<void> {
    const { signal } = this.#close
    while (!signal.aborted) {
      await pause(this.#options.everyMs, signal)
      if (!signal.aborted) await step()
    }
  }

  async #expire(): Promise<void> {
    const { view, onError } = this.#options
    let left = MAX_AT_ONCE
    for (const { grants } of this.#watched.values()) {
      const due = grants.due(view.tickTimeMs, left)
      left -= due.length
      if (due.length === 0) continue
      try {
        await this.#append(due)
        grants.sent(due)
      } catch (error) {
        // They stay due.
        onError(error)
        return
      }
      if (left <= 0) return
    }
  }

  async #append(due: readonly DueGrants[]): Promise<void> {
    const { appender, topics, randomHex16, onExpired } = this.#options
    const records = due.map((one) =>
      decisionRecord(topics.decisions, this.#expireOf(one), Buffer.from(randomHex16(), 'hex')),
    )
    await appender.append(topics.decisions, records)
    onExpired(records.length)
  }

  #expireOf({ ref, purposes, untilMs }: DueGrants): Decision {
    return {
      kind: 'expire',
      decisionId: this.#options.randomUuid(),
      ref,
      purposes,
      decidedAtMs: untilMs,
      source: 'projector',
      notices: purposes.map(() => 0),
      jurisdiction: null,
      untilMs: purposes.map(() => null),
      basedOn: -1,
    }
  }

  /** Partitions whose horizon is near. Before the first tick nothing tells where the horizon lies. */
  async #scan(): Promise<void> {
    const { kafka, topics, view, horizonMs, onError } = this.#options
    for (const [partition, watched] of this.#watched) {
      const nowMs = view.tickTimeMs
      const { grants, gone } = watched
      if (nowMs === 0 || nowMs < watched.restUntilMs) continue
      if (nowMs < watched.scanAtMs && !grants.isUsedUp(nowMs)) continue
      grants.scanTo(nowMs + horizonMs)
      try {
        await scanStates(kafka, topics.state, partition, (ref, state) => grants.saw(ref, state), gone.signal)
        watched.scanAtMs = nowMs + (horizonMs * 7) / 8
      } catch (error) {
        if (!gone.signal.aborted) onError(error)
      }
      watched.restUntilMs = view.tickTimeMs + SCAN_REST_MS
    }
  }
}
