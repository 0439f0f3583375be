import { pause, rowsOf } from '@weir/consent-view'
import { type Fetcher, type Member, TransactionError } from '@weir/kafka'
import type { Environment } from './environment.ts'
import { finalError, isFinal, type LedgerRecordError, ProjectorStopped } from './errors.ts'
import { Lane } from './lane.ts'
import { planUnlessOvertaken } from './overtaken.ts'
import type { Plan } from './plan.ts'
import { publish } from './publish.ts'
import { startPosition } from './start-position.ts'

/** Who has to know which partitions are folded here: ticker and loader. */
export interface Followers {
  started(partition: number): void
  ended(partition: number): void
}

const POLL_MS = 50
const RETRY_MS = 100
const MAX_RETRY_MS = 2_000
/** Rows read and not folded, all lanes together, above which no more are taken from the fetcher. */
const MAX_WAITING = 10_000

/**
 * The ledger, folded exactly once: fetch, fold over what holds, publish in one transaction, again. Everything runs one
 * after the other, so a fold always sees all earlier writes. On any error but an abort: initialise the producer again,
 * only then read the committed offsets, go on from there.
 */
export class Loop {
  readonly #env: Environment
  readonly #followers: Followers
  readonly #fetcher: Fetcher
  readonly #lanes = new Map<number, Lane>()
  readonly #close = new AbortController()
  #member: Member | null = null
  /** The step that is under way; who gives a partition up waits for it. */
  #step: Promise<void> = Promise.resolve()
  #starting: Promise<void> = Promise.resolve()
  #running: Promise<void> = Promise.resolve()
  readonly #stopListening: () => void
  #recover = false
  #stateTopicId: string | null = null
  #failures = 0

  constructor(env: Environment, followers: Followers) {
    this.#env = env
    this.#followers = followers
    this.#fetcher = env.kafka.fetcher({
      topic: env.topics.decisions,
      isolation: 'read_committed',
      maxWaitMs: 500,
      maxPartitionBytes: 1 << 20,
      maxBytes: 8 << 20,
      readAheadBytes: 8 << 20,
    })
    this.#stopListening = env.view.onState((ref, state, partition) =>
      this.#lanes.get(partition)?.overlay.passed(ref, state.position),
    )
  }

  get lanes(): ReadonlyMap<number, Lane> {
    return this.#lanes
  }

  /** Why not every lane is folded; empty while all are. */
  get why(): string {
    if (this.#member === null) return 'not in the group yet'
    if (this.#recover) return 'recovering after a transaction with an unknown outcome'
    for (const lane of this.#lanes.values()) {
      if (lane.state !== 'running') return `ledger partition ${lane.partition} is ${lane.state}`
    }
    return ''
  }

  /** Ends what an earlier process of this slot left open, joins the group, folds until closed. */
  start(): void {
    this.#starting = this.#start()
  }

  async #start(): Promise<void> {
    const { signal } = this.#close
    await this.#retried(() => this.#env.producer.init(signal), signal)
    if (signal.aborted) return
    const member = await this.#retried(() => this.#join(), signal)
    if (member === undefined) return
    this.#member = member
    this.#running = this.#run(member)
  }

  #join(): Promise<Member> {
    return this.#env.kafka.join({
      groupId: this.#env.groupId,
      topic: this.#env.topics.decisions,
      rebalanceTimeoutMs: 10_000,
      signal: this.#close.signal,
      // Without heartbeats nothing here goes on, and nobody else would say so.
      onStopped: (error) => this.#env.fail(error),
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: async (partitions) => this.#lost(partitions),
    })
  }

  async close(): Promise<void> {
    this.#close.abort(new Error('the projector is closing'))
    for (const lane of this.#lanes.values()) if (lane.state === 'starting') lane.give()
    await this.#starting
    await this.#running
    this.#stopListening()
    await this.#member?.leave()
    for (const lane of [...this.#lanes.values()]) this.#remove(lane)
    await this.#fetcher.close()
    await this.#env.producer.close()
  }

  async #run(member: Member): Promise<void> {
    const { signal } = this.#close
    while (!signal.aborted) {
      try {
        await this.#fetch()
        this.#step = this.#recover ? this.#recovery(member) : this.#fold(member)
        await this.#step
        if (!this.#recover) this.#failures = 0
      } catch (error) {
        if (signal.aborted) return
        this.#failed(error)
        await pause(Math.min(RETRY_MS * 2 ** Math.min(this.#failures++, 6), MAX_RETRY_MS), signal)
      }
    }
  }

  /** Takes what has been read ahead; waits for something only when there is nothing to fold. */
  async #fetch(): Promise<void> {
    let waiting = this.#waiting()
    let waitMs = waiting === 0 && !this.#recover ? POLL_MS : 0
    while (waiting < MAX_WAITING) {
      const responses = await this.#fetcher.poll(waitMs)
      if (responses.length === 0) return
      for (const fetched of responses) {
        const lane = this.#lanes.get(fetched.partition)
        if (lane === undefined || lane.state !== 'running') continue
        const { rows, next } = rowsOf(fetched)
        lane.add(rows, next)
        waiting += rows.length
      }
      if (waiting > 0) waitMs = 0
    }
  }

  #waiting(): number {
    let rows = 0
    for (const lane of this.#lanes.values()) if (lane.state === 'running') rows += lane.waiting
    return rows
  }

  async #fold(member: Member): Promise<void> {
    const env = this.#env
    const lanes = [...this.#lanes.values()].filter((lane) => lane.state === 'running')
    const plan = await planUnlessOvertaken(env, member, lanes)
    if (plan === null) return
    // After the lookups, so that they were answered under this topic and no other.
    if (!this.#isSameStateTopic()) return pause(RETRY_MS, this.#close.signal)
    if (plan.held !== null) env.metrics.held.inc({ reason: plan.held.reason })
    if (plan.shares.length > 0) await this.#publish(member, plan)
    else if (plan.held !== null) await pause(plan.held.retryAfterMs, this.#close.signal)
    for (const { lane, error } of plan.stopped) this.#stop(lane, error)
  }

  /**
   * Whether consent.state is still the one that was folded into. False while the tail is away.
   * @throws ProjectorStopped when it was made anew: in the new one everybody would look as if they never decided
   */
  #isSameStateTopic(): boolean {
    const { topicId } = this.#env.view
    if (topicId === null) return false
    this.#stateTopicId ??= topicId
    if (topicId === this.#stateTopicId) return true
    throw new ProjectorStopped(
      'WEIR_CONSENT_STATE_REPLACED',
      `${this.#env.topics.state} was deleted and made anew while it was folded into. To fold the whole ledger again, stop ` +
        'all projectors, make consent.state anew, delete the group’s offsets, and start them',
    )
  }

  async #publish(member: Member, plan: Plan): Promise<void> {
    const { metrics, monotonicMs } = this.#env
    const beganMs = monotonicMs()
    const published = await publish(this.#env, member, plan)
    metrics.transactions.inc({ outcome: published })
    metrics.transactionSeconds.observe((monotonicMs() - beganMs) / 1_000)
    if (published === 'aborted') return
    for (const [outcome, count] of Object.entries(plan.counts)) metrics.folded.inc({ outcome }, count)
    metrics.forgetOrders.inc(plan.ended.length)
    metrics.carried.inc(plan.carried.length)
  }

  /** Only after the producer is initialised can no commit of ours come any more; only then the offsets tell the truth. */
  async #recovery(member: Member): Promise<void> {
    const { signal } = this.#close
    // Only whom the group has now may initialise: a process that was frozen past its session would else fence the one
    // that has taken its slot, and two processes of one slot each other for ever.
    await member.confirmed(signal)
    await this.#env.producer.init(signal)
    const lanes = [...this.#lanes.values()].filter((lane) => lane.state === 'running')
    await Promise.all(lanes.map((lane) => this.#startLane(lane)))
    this.#recover = false
    this.#env.log.info({ event: 'recovered', partitions: lanes.length })
  }

  async #startLane(lane: Lane): Promise<void> {
    const signal = AbortSignal.any([lane.gone, this.#close.signal])
    try {
      const position = await startPosition(this.#env, lane.partition, signal)
      if (lane.gone.aborted || lane.state === 'leaving') return
      lane.startAt(position)
      this.#fetcher.assign(lane.partition, position)
    } catch (error) {
      if (!lane.gone.aborted) throw error
    }
  }

  async #assigned(partitions: readonly number[]): Promise<void> {
    await Promise.all(
      partitions.map(async (partition) => {
        const lane = new Lane(partition)
        this.#lanes.set(partition, lane)
        // The loader may be what the fold waits for, so it comes first.
        this.#followers.started(partition)
        await this.#retried(() => this.#startLane(lane), AbortSignal.any([lane.gone, this.#close.signal]))
      }),
    )
  }

  async #revoked(partitions: readonly number[]): Promise<void> {
    const lanes = this.#take(partitions)
    for (const lane of lanes) {
      if (lane.state !== 'running' || this.#recover) lane.give()
      lane.state = 'leaving'
    }
    // An open transaction may hold their rows: let it end first, so that nothing has to be folded twice.
    await this.#step.catch(() => {})
    for (const lane of lanes) this.#remove(lane)
  }

  #lost(partitions: readonly number[]): void {
    for (const lane of this.#take(partitions)) {
      lane.give()
      this.#remove(lane)
    }
  }

  #take(partitions: readonly number[]): Lane[] {
    return partitions.flatMap((partition) => this.#lanes.get(partition) ?? [])
  }

  #remove(lane: Lane): void {
    lane.give()
    this.#fetcher.unassign(lane.partition)
    this.#followers.ended(lane.partition)
    if (this.#lanes.get(lane.partition) === lane) this.#lanes.delete(lane.partition)
  }

  #stop(lane: Lane, error: LedgerRecordError): void {
    lane.state = 'stopped'
    this.#fetcher.unassign(lane.partition)
    this.#env.log.error({ event: 'ledger-partition-stopped', partition: lane.partition, err: error })
  }

  #failed(error: unknown): void {
    const { metrics, log, fail } = this.#env
    if (isFinal(error)) {
      fail(finalError(error))
      this.#close.abort(error)
      return
    }
    this.#recover = true
    const outcome = error instanceof TransactionError ? error.outcome : 'unknown'
    metrics.transactions.inc({ outcome })
    const hint = outcome === 'fenced' ? 'another process has this WEIR_SLOT, or our partitions' : undefined
    log.warn({ event: 'recovering', outcome, hint, err: error })
  }

  /** Tries until it works; a final error ends the process. */
  async #retried<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        return await work()
      } catch (error) {
        if (isFinal(error)) {
          this.#env.fail(finalError(error))
          return undefined
        }
        if (signal.aborted) return undefined
        this.#env.log.warn({ event: 'retrying', err: error })
        await pause(Math.min(RETRY_MS * 2 ** Math.min(tries, 6), MAX_RETRY_MS), signal)
      }
    }
    return undefined
  }
}
