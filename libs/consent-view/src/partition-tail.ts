import { type ConsentState, decodeStateRecord, isTickKey, type StateTick } from '@weir/consent'
import { ChangedSince } from './changed.ts'
import { Freshness } from './freshness.ts'
import { Remembered } from './remembered.ts'
import type { Row } from './rows.ts'

/** What a record of `consent.state` was, for listeners and counters. */
export type Arrived =
  | { readonly kind: 'state'; readonly key: string; readonly state: ConsentState; readonly overflowed: boolean }
  | { readonly kind: 'tick'; readonly tick: StateTick }
  | { readonly kind: 'unreadable'; readonly overflowed: boolean }

const REF_BYTES = 16

/** One partition of the tail: where it stands, what changed since its base, how fresh it is. Pure. */
export class PartitionTail {
  readonly changed: ChangedSince
  readonly freshness = new Freshness()
  readonly remembered: Remembered
  #position: number
  #ledgerPosition = -1
  /** The newest that a response came from; -1 before the first. */
  #leaderEpoch = -1

  /**
   * @param base the end of the partition at the start: what lies below is Redis's to know
   * @param maxRemembered subjects whose state is kept though it did not change
   */
  constructor(base: number, maxChanged: number, maxRemembered: number) {
    this.changed = new ChangedSince(base, maxChanged)
    this.remembered = new Remembered(maxRemembered)
    this.#position = base
  }

  /** A response came from this epoch's leader. Whether it is a new one, after which nothing is proved fresh any more. */
  ledBy(leaderEpoch: number): boolean {
    if (leaderEpoch <= this.#leaderEpoch) return false
    const isFirst = this.#leaderEpoch < 0
    this.#leaderEpoch = leaderEpoch
    if (isFirst) return false
    this.freshness.discard()
    return true
  }

  get position(): number {
    return this.#position
  }

  /**
   * Next ledger offset after the last record that came out below `position`: what the ledger has below it came out, in
   * its order, and nothing else. -1 before the first; whoever is fresh has seen a tick.
   */
  get ledgerPosition(): number {
    return this.#ledgerPosition
  }

  /** Takes in one committed record. */
  take(row: Row): Arrived {
    this.#position = row.offset + 1
    const { key } = row
    if (key !== null && isTickKey(key)) return this.#takeTick(row)
    // A record that names no ref can't be counted against anyone.
    if (key === null || key.length !== REF_BYTES) return { kind: 'unreadable', overflowed: false }
    const state = readState(row.value)
    if (state !== null) this.#ledgerPosition = Math.max(this.#ledgerPosition, state.position)
    const ref = key.toString('latin1')
    const overflowed = this.changed.put(ref, { end: this.#position, state })
    this.remembered.changed(ref, state)
    return state === null ? { kind: 'unreadable', overflowed } : { kind: 'state', key: ref, state, overflowed }
  }

  /**
   * A response was taken in up to `next`, which counts control, aborted and compacted records too. When it reached the
   * end, its sending is what the next tick proves freshness by. Not so one of a former leader: its end is not the end.
   */
  reached(next: number, lastStableOffset: number, sentAtMonotonicMs: number, leaderEpoch: number): void {
    this.#position = Math.max(this.#position, next)
    if (leaderEpoch < this.#leaderEpoch) return
    if (this.#position >= lastStableOffset) this.freshness.foundEnd(sentAtMonotonicMs)
  }

  #takeTick(row: Row): Arrived {
    const tick = readTick(row.value)
    if (tick === null) return { kind: 'unreadable', overflowed: false }
    this.#ledgerPosition = Math.max(this.#ledgerPosition, tick.position)
    this.freshness.tick(tick.incarnation, tick.n)
    return { kind: 'tick', tick }
  }
}

/** The state in a value of `consent.state` or of the cache; null when it can't be read. */
export function readState(value: Buffer | null): ConsentState | null {
  if (value === null) return null
  try {
    const record = decodeStateRecord(value)
    return record.kind === 'state' ? record.state : null
  } catch {
    return null
  }
}

function readTick(value: Buffer | null): StateTick | null {
  if (value === null) return null
  try {
    const record = decodeStateRecord(value)
    return record.kind === 'tick' ? record.tick : null
  } catch {
    return null
  }
}
