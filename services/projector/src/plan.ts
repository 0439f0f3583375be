import {
  type ConsentState,
  type Decision,
  type EndedGrant,
  encodeState,
  encodeStateTick,
  fold,
  type SaltSource,
  type SubjectRef,
} from '@weir/consent'
import type { ConsentView, Held } from '@weir/consent-view'
import { LedgerRecordError } from './errors.ts'
import type { Lane, Share } from './lane.ts'
import { type LedgerRow, readLedgerRow } from './ledger-row.ts'

/** A record of `consent.state` to be written: ref null for a tick. */
export interface StateWrite {
  readonly partition: number
  readonly ref: SubjectRef | null
  readonly value: Buffer
}

/** What one transaction is to do. */
export interface Plan {
  /** Lanes with at least one row folded. */
  readonly shares: readonly Share[]
  readonly states: readonly StateWrite[]
  readonly ended: readonly { readonly ref: SubjectRef; readonly grant: EndedGrant }[]
  /** Refusals of devices, for the ledger of the subjects they are linked to. */
  readonly carried: readonly Decision[]
  /** Newest state of each ref written, by lane. */
  readonly writes: ReadonlyMap<Lane, ReadonlyMap<SubjectRef, ConsentState>>
  readonly counts: Readonly<Record<'applied' | 'refused' | 'repeated' | 'tick', number>>
  /** Why some lane has to wait; null when none has. */
  readonly held: Held | null
  /** Lanes whose next record can't be folded. */
  readonly stopped: readonly { readonly lane: Lane; readonly error: LedgerRecordError }[]
}

/** Rows in one transaction at most; a lane gets a fair part of them. */
const MAX_ROWS = 2_000
/** Bytes of state records a lane and transaction at most, well below what one batch may have. */
const MAX_LANE_BYTES = 400_000
/** Carried decisions a lane and transaction at most: all lanes may carry to one partition. */
const MAX_LANE_CARRIED = 200

interface Part {
  readonly lane: Lane
  readonly rows: readonly LedgerRow[]
  readonly error: LedgerRecordError | null
}

/**
 * Folds what the lanes have read over what holds, as far as that can be told: own writes first, else the view. When
 * the view can't tell (Redis away or behind), lanes that need it wait, and those that don't go on: ticks above all.
 */
export async function planTransaction(
  lanes: readonly Lane[],
  view: Pick<ConsentView, 'lookup'>,
  salts: SaltSource,
): Promise<Plan> {
  const max = Math.max(100, Math.floor(MAX_ROWS / Math.max(1, lanes.length)))
  const parts = lanes.filter((lane) => lane.waiting > 0).map((lane) => read(lane, max))
  const { known, held } = await whatHolds(parts, view)

  const plan = new Draft()
  for (const part of parts) plan.fold(part, known, salts)
  return plan.finish(held)
}

function read(lane: Lane, max: number): Part {
  const rows: LedgerRow[] = []
  for (const row of lane.peek(max)) {
    try {
      rows.push(readLedgerRow(lane.partition, row))
    } catch (error) {
      if (error instanceof LedgerRecordError) return { lane, rows, error }
      throw error
    }
  }
  return { lane, rows, error: null }
}

type Known = Map<SubjectRef, ConsentState | null>

/** States of the refs that own writes don't tell; those that can't be told are absent. */
async function whatHolds(
  parts: readonly Part[],
  view: Pick<ConsentView, 'lookup'>,
): Promise<{ known: Known; held: Held | null }> {
  const known: Known = new Map()
  const needs = parts.map(needed).filter((refs) => refs.length > 0)
  if (needs.length === 0) return { known, held: null }
  let held = await lookUp(needs.flat(), view, known)
  if (held === null || needs.length === 1) return { known, held }
  // One of them can't be told: see which, so that the others go on.
  held = null
  for (const refs of needs) held = (await lookUp(refs, view, known)) ?? held
  return { known, held }
}

function needed(part: Part): SubjectRef[] {
  const refs = new Set<SubjectRef>()
  for (const row of part.rows) {
    if (row.kind === 'decision' && part.lane.overlay.get(row.decision.ref) === undefined) refs.add(row.decision.ref)
  }
  return [...refs]
}

async function lookUp(
  refs: readonly SubjectRef[],
  view: Pick<ConsentView, 'lookup'>,
  known: Known,
): Promise<Held | null> {
  const looked = await view.lookup(Buffer.from(refs.join(''), 'hex'), refs.length)
  if (looked.kind === 'held') return looked
  for (const [i, ref] of refs.entries()) known.set(ref, looked.states[i] ?? null)
  return null
}

class Draft {
  readonly #shares: Share[] = []
  readonly #states: StateWrite[] = []
  readonly #ended: { ref: SubjectRef; grant: EndedGrant }[] = []
  readonly #carried: Decision[] = []
  readonly #writes = new Map<Lane, Map<SubjectRef, ConsentState>>()
  readonly #counts = { applied: 0, refused: 0, repeated: 0, tick: 0 }
  readonly #stopped: { lane: Lane; error: LedgerRecordError }[] = []

  /** Folds the rows of a part up to the first that has to wait. */
  fold(part: Part, known: Known, salts: SaltSource): void {
    const { lane } = part
    const writes = new Map<SubjectRef, ConsentState>()
    let bytes = 0
    let folded = 0
    const maxCarried = this.#carried.length + MAX_LANE_CARRIED
    for (const row of part.rows) {
      if (bytes > MAX_LANE_BYTES || this.#carried.length >= maxCarried) break
      if (row.kind === 'step') {
        folded += 1
        continue
      }
      const value = row.kind === 'tick' ? this.#tick(row) : this.#decision(row, lane, writes, known, salts)
      if (value === null) break
      this.#states.push({ partition: lane.partition, ref: row.kind === 'tick' ? null : row.decision.ref, value })
      bytes += value.length
      folded += 1
    }
    if (folded > 0) {
      this.#shares.push(lane.share(folded))
      this.#writes.set(lane, writes)
    }
    // Only once all before it was committed.
    if (part.error !== null && part.rows.length === 0) this.#stopped.push({ lane, error: part.error })
  }

  #tick(row: LedgerRow & { kind: 'tick' }): Buffer {
    this.#counts.tick += 1
    return encodeStateTick({ ...row.tick, timeMs: row.appendTimeMs, position: row.offset + 1 })
  }

  #decision(
    row: LedgerRow & { kind: 'decision' },
    lane: Lane,
    writes: Map<SubjectRef, ConsentState>,
    known: Known,
    salts: SaltSource,
  ): Buffer | null {
    const { decision } = row
    const { ref } = decision
    const before = writes.get(ref) ?? lane.overlay.get(ref) ?? known.get(ref)
    if (before === undefined) return null
    const result = fold(before, decision, { offset: row.offset, appendTimeMs: row.appendTimeMs }, salts)
    writes.set(ref, result.state)
    this.#counts[result.outcome] += 1
    for (const grant of result.ended) this.#ended.push({ ref, grant })
    this.#carried.push(...result.carried)
    return encodeState(result.state)
  }

  finish(held: Held | null): Plan {
    return {
      shares: this.#shares,
      states: this.#states,
      ended: this.#ended,
      carried: this.#carried,
      writes: this.#writes,
      counts: this.#counts,
      held,
      stopped: this.#stopped,
    }
  }
}
