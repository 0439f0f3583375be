import {
  CONSENT_PARTITIONS,
  type ErasureStep,
  type ErasureStepName,
  encodeLedger,
  ledgerKey,
  type SubjectRef,
} from '@weir/consent'
import type { Row } from '@weir/consent-view'
import { BatchBuilder, type Kafka, KafkaError, type Member, type TransactionalProducer } from '@weir/kafka'
import { type Erasure, ErasureLane } from './erasure-lane.ts'
import { isEmptyBefore, lowestPositions } from './gone.ts'
import type { Lanes, Work } from './group-loop.ts'
import type { ForgetterMetrics } from './metrics.ts'
import { type KeptTopics, type Retention, readRetention } from './retention.ts'

export interface ErasingOptions {
  readonly kafka: Pick<Kafka, 'committedOffsets' | 'endOffsets' | 'fetcher' | 'offsetsForTimes' | 'topics'> & {
    readonly admin: Pick<Kafka['admin'], 'topicConfig'>
  }
  readonly producer: TransactionalProducer
  /** Full names. */
  readonly topics: KeptTopics & { readonly decisions: string; readonly state: string; readonly forget: string }
  readonly forgetPartitions: number
  /** Groups whose offsets say that the ledger is folded, and that orders are out. */
  readonly groups: { readonly projector: string; readonly forgetter: string }
  /** How long dumps of the consent cache are kept, as stated: nobody here can look at them. */
  readonly dumpsKeptMs: number
  readonly checkEveryMs: number
  readonly random16: () => Uint8Array
  readonly monotonicMs: () => number
  readonly signal: AbortSignal
  readonly metrics: Pick<ForgetterMetrics, 'checks' | 'steps'>
  readonly onEvent: (event: { readonly kind: string; readonly message: string }) => void
}

interface Due {
  readonly lane: ErasureLane
  readonly step: ErasureStep
}

/** Offsets of the ledger read since the last commit, above which the group's offset is moved without a step. */
const MAX_BEHIND = 100_000
/** Steps in one transaction at most: while it is open, readers of the ledger wait. */
const MAX_STEPS = 500
/** Looking reads whole partitions of consent.state: it rests for so many times as long as it took. */
const REST = 9

/**
 * The saga of each erasure in the ledger partitions of this process: looks at the broker now and then, and writes a step
 * into the ledger when it is so. What is open, and what time it is, is told by the ledger alone: by the clock that dates
 * what has to be gone, and that stands still while no ticks roll segments. A step and the group's offset are one
 * transaction, so a process that has lost the partition writes none.
 */
export class Erasing implements Work<ErasureLane> {
  readonly #options: ErasingOptions
  #nextCheckMs = 0
  #why = ''

  constructor(options: ErasingOptions) {
    this.#options = options
  }

  /** The end is read after the committed offset was: whatever the last owner wrote lies before it. */
  async begin(partition: number, committed: number): Promise<{ lane: ErasureLane; position: number }> {
    const { kafka, topics } = this.#options
    const places = [{ topic: topics.decisions, partition }]
    const [end = 0] = await kafka.endOffsets(places, 'high-watermark')
    const [start = 0] = committed >= 0 ? [committed] : await kafka.endOffsets(places, 'earliest')
    return { lane: new ErasureLane(partition, committed, start, end), position: start }
  }

  take(lane: ErasureLane, rows: readonly Row[], next: number): void {
    const before = lane.unreadable
    lane.take(rows, next)
    if (before !== null || lane.unreadable === null) return
    const message = `ledger partition ${lane.partition}, offset ${lane.unreadable}: a record that this version can’t read; erasures there wait`
    this.#options.onEvent({ kind: 'ledger-unreadable', message })
  }

  isFull(): boolean {
    return false
  }

  async step(member: Member, lanes: Lanes<ErasureLane>): Promise<void> {
    const { monotonicMs, checkEveryMs, metrics, onEvent } = this.#options
    const beganMs = monotonicMs()
    if (beganMs < this.#nextCheckMs) return
    const ready = [...lanes.values()].filter((lane) => lane.isReady)
    let due: readonly Due[]
    try {
      due = await this.#due(ready)
      metrics.checks.inc()
      this.#why = ''
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      // Nothing was written: it is looked at again.
      if (error.message !== this.#why) onEvent({ kind: 'erasures-wait', message: error.message })
      this.#why = error.message
      return
    } finally {
      this.#nextCheckMs = monotonicMs() + Math.max(checkEveryMs, REST * (monotonicMs() - beganMs))
    }
    // Without steps too: the group's offset may be far behind.
    for (let from = 0; from === 0 || from < due.length; from += MAX_STEPS) {
      await this.#write(member, ready, due.slice(from, from + MAX_STEPS))
    }
  }

  async #due(lanes: readonly ErasureLane[]): Promise<readonly Due[]> {
    const { kafka, topics } = this.#options
    if (lanes.every((lane) => lane.open.length === 0)) return []
    const retention = await readRetention(kafka.admin, topics.state, topics)
    const due: Due[] = []
    for (const { lane, erasure } of await this.#forgotten(lanes)) {
      due.push({ lane, step: this.#step(erasure, 'forgotten', lane.timeMs, retention) })
    }
    for (const lane of lanes) {
      for (const erasure of await this.#saltsGone(lane, retention)) {
        due.push({ lane, step: this.#step(erasure, 'saltsGone', lane.timeMs, retention) })
      }
      for (const erasure of await this.#completed(lane, retention)) {
        due.push({ lane, step: this.#step(erasure, 'completed', lane.timeMs, retention) })
      }
    }
    return due
  }

  /**
   * The erase is folded, so its orders lie before what is then the end of `consent.forget` (the high watermark, since the
   * markers of one transaction become visible one by one), and the forgetters' offsets have passed that.
   */
  async #forgotten(lanes: readonly ErasureLane[]): Promise<{ lane: ErasureLane; erasure: Erasure }[]> {
    const { kafka, topics, groups, forgetPartitions, signal } = this.#options
    const open = lanes.flatMap((lane) =>
      lane.open.filter(({ forgottenMs }) => forgottenMs === null).map((erasure) => ({ lane, erasure })),
    )
    if (open.length === 0) return []
    const folded = await kafka.committedOffsets(groups.projector, places(topics.decisions, CONSENT_PARTITIONS), signal)
    const forget = places(topics.forget, forgetPartitions)
    const ends = await kafka.endOffsets(forget, 'high-watermark')
    for (const { lane, erasure } of open) {
      if ((folded[lane.partition] ?? -1) > erasure.offset) erasure.forgetEnds ??= ends
    }
    const out = await kafka.committedOffsets(groups.forgetter, forget, signal)
    return open.filter(({ erasure }) => erasure.forgetEnds?.every((end, i) => Math.max(0, out[i] ?? -1) >= end))
  }

  /**
   * No record of the ref from before the erasure is left in the leader's log, and for as long as the other replicas need
   * by the same settings nobody can look at theirs. That counts from the fold, which may come long after the request.
   */
  async #saltsGone(lane: ErasureLane, retention: Retention): Promise<Erasure[]> {
    const { kafka, topics, signal } = this.#options
    const open = lane.open.filter(
      ({ reached, forgottenMs }) =>
        reached === 'forgotten' && lane.timeMs >= (forgottenMs ?? Number.POSITIVE_INFINITY) + retention.saltsWithinMs,
    )
    if (open.length === 0) return []
    const refs = new Set<SubjectRef>(open.map(({ ref }) => ref))
    const lowest = await lowestPositions(kafka, topics.state, lane.partition, refs, signal)
    return open.filter((erasure) =>
      this.#stayedGone(erasure, (lowest.get(erasure.ref) ?? -1) > erasure.offset, retention.saltFilesMs),
    )
  }

  /**
   * What was written before the salts were gone is gone, and so are all dumps of the cache from before. Copies are made of
   * raw events as long as there are any: those go by the time at which, by the settings, the last raw event went. What is
   * not so for one is not so for those whose salts went later.
   */
  async #completed(lane: ErasureLane, retention: Retention): Promise<Erasure[]> {
    const { kafka, topics, dumpsKeptMs } = this.#options
    const { sourceKeptMs } = retention
    if (sourceKeptMs === null) return []
    const open = lane.open.filter(({ saltsGoneMs }) => saltsGoneMs !== null)
    const bySaltsGone = Map.groupBy(open, ({ saltsGoneMs }) => saltsGoneMs ?? 0)
    const done: Erasure[] = []
    let isGone = true
    for (const [saltsGoneMs, erasures] of [...bySaltsGone].sort(([a], [b]) => a - b)) {
      isGone =
        isGone &&
        lane.timeMs >= saltsGoneMs + Math.max(dumpsKeptMs, sourceKeptMs) &&
        (await isEmptyBefore(kafka, topics.source, saltsGoneMs)) &&
        (await isEmptyBefore(kafka, topics.derived, saltsGoneMs + sourceKeptMs))
      for (const erasure of erasures) if (this.#stayedGone(erasure, isGone, retention.keptFilesMs)) done.push(erasure)
    }
    return done
  }

  /** Gone from the log is not gone from the disk: the broker deletes files a while later. */
  #stayedGone(erasure: Erasure, isGone: boolean, filesGoneWithinMs: number): boolean {
    const now = this.#options.monotonicMs()
    erasure.goneSinceMs = isGone ? (erasure.goneSinceMs ?? now) : null
    return erasure.goneSinceMs !== null && now - erasure.goneSinceMs >= filesGoneWithinMs
  }

  #step(erasure: Erasure, step: ErasureStepName, atMs: number, retention: Retention): ErasureStep {
    const { topics, dumpsKeptMs } = this.#options
    const { id: erasureId, ref } = erasure
    const common = { ref, erasureId, step, atMs }
    switch (step) {
      case 'forgotten': {
        const completesMs = expected(atMs + retention.saltsWithinMs, retention, dumpsKeptMs)
        return { ...common, checked: [], waitedMs: 0, completesMs }
      }
      case 'saltsGone': {
        const checked = [{ topic: topics.state, emptyBeforeMs: erasure.requestedMs }]
        const completesMs = expected(atMs, retention, dumpsKeptMs)
        return { ...common, checked, waitedMs: retention.saltsWithinMs, completesMs }
      }
      case 'completed': {
        const saltsGoneMs = erasure.saltsGoneMs ?? atMs
        const derivedMs = saltsGoneMs + (retention.sourceKeptMs ?? 0)
        const checked = [
          ...topics.source.map((topic) => ({ topic, emptyBeforeMs: saltsGoneMs })),
          ...topics.derived.map((topic) => ({ topic, emptyBeforeMs: derivedMs })),
        ]
        return { ...common, checked, waitedMs: dumpsKeptMs, completesMs: atMs }
      }
    }
  }

  async #write(member: Member, lanes: readonly ErasureLane[], due: readonly Due[]): Promise<void> {
    const { producer, topics, random16, metrics } = this.#options
    const moved = lanes.filter(
      (lane) => due.some((one) => one.lane === lane) || lane.position - lane.committed > MAX_BEHIND,
    )
    if (moved.length === 0) return
    const offsets = moved.map((lane) => ({ topic: topics.decisions, partition: lane.partition, offset: lane.position }))
    const builders = new Map<ErasureLane, BatchBuilder>()
    for (const { lane, step } of due) {
      const builder = builders.get(lane) ?? new BatchBuilder(topics.decisions, lane.partition)
      builders.set(lane, builder)
      builder.append(step.atMs, ledgerKey(step.ref, random16()), encodeLedger({ kind: 'step', step }))
    }
    const transaction = await producer.begin(member, offsets)
    if (builders.size > 0) await transaction.produce([...builders.values()].flatMap((builder) => builder.finish()))
    await transaction.commit()
    for (const [i, lane] of moved.entries()) lane.committed = offsets[i]?.offset ?? lane.committed
    for (const { lane, step } of due) {
      lane.done(step)
      metrics.steps.inc({ step: step.step })
    }
  }
}

/** Null: by these settings it never comes. */
function expected(saltsGoneMs: number, retention: Retention, dumpsKeptMs: number): number | null {
  const { sourceKeptMs, derivedKeptMs, keptFilesMs } = retention
  if (sourceKeptMs === null || derivedKeptMs === null) return null
  const atMs = saltsGoneMs + Math.max(sourceKeptMs + derivedKeptMs, dumpsKeptMs) + keptFilesMs
  return Number.isSafeInteger(atMs) ? atMs : null
}

function places(topic: string, partitions: number) {
  return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
}
