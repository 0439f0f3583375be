import { randomUUID } from 'node:crypto'
import { commitOffsets } from './commit-offsets.ts'
import { BrokerError, Closed, KafkaError, messageOf, NotAMember } from './errors.ts'
import { Mutex } from './mutex.ts'
import type { Cluster } from './net/cluster.ts'
import { Backoff, eitherAborts, pause, retrying, unlessAborted } from './net/retry.ts'
import { Sleeper } from './net/sleeper.ts'
import { Ownership } from './ownership.ts'
import type { Member, MemberIdentity, MemberOptions, TopicPosition } from './port.ts'
import { consumerGroupHeartbeat, type HeartbeatResponse } from './protocol/consumer-group-heartbeat.ts'
import { classOf } from './protocol/error-codes.ts'

interface Confirming {
  resolve(): void
  reject(error: NotAMember): void
}

type OnEvent = (event: { readonly kind: string; readonly message: string }) => void

const JOIN = 0
const LEAVE = -1
/** A heartbeat holds the member's lock: an offset commit must not wait longer behind it. */
const HEARTBEAT_LIMIT_MS = 2_000
/** For the whole goodbye, its connection included: without one the group notices by itself. */
const LEAVE_WITHIN_MS = 1_000

/**
 * A member of a consumer group of the new protocol (KIP-848): one loop of heartbeats. What the broker assigns is taken
 * over by `Ownership`, which calls the user; the loop tells the broker what is owned. The generation moves only in the
 * answer to a heartbeat, and heartbeats and `withIdentity` exclude each other.
 */
export class GroupMember implements Member {
  readonly groupId: string
  readonly #cluster: Cluster
  readonly #options: MemberOptions
  readonly #lane: string
  readonly #onEvent: OnEvent
  readonly #onStop: () => void
  readonly #stop = new AbortController()
  readonly #lock = new Mutex()
  readonly #sleeper = new Sleeper()
  readonly #ownership: Ownership
  #memberId = randomUUID()
  /** 0: not joined. */
  #epoch = JOIN
  /** The next heartbeat says everything: after joining anew, and after one whose answer did not come. */
  #sayAll = true
  /** What the broker heard last of what we own. */
  #reported = ''
  /** Who waits for a heartbeat that is sent from now on. */
  readonly #confirming: Confirming[] = []
  #running: Promise<void> = Promise.resolve()

  /** `lane` must be this member's alone. */
  constructor(cluster: Cluster, options: MemberOptions, lane: string, onEvent: OnEvent, onStop: () => void) {
    this.#cluster = cluster
    this.#options = options
    this.groupId = options.groupId
    this.#lane = lane
    this.#onEvent = onEvent
    this.#onStop = onStop
    this.#ownership = new Ownership(options, {
      changed: () => this.#sleeper.wake(),
      failed: (what, error) => {
        const why = error instanceof Error ? error.message : String(error)
        onEvent({ kind: 'member-callback-failed', message: `Group ${options.groupId}: ${what} failed: ${why}` })
      },
      signal: this.#stop.signal,
    })
  }

  get assigned(): readonly number[] {
    return this.#ownership.confirmed()
  }

  /** Joins: resolves after the first heartbeat that the broker accepted. */
  async start(): Promise<void> {
    const signal = eitherAborts(this.#stop.signal, this.#options.signal)
    const options = { untilMs: Number.POSITIVE_INFINITY, signal, maxMs: 1_000, what: 'The member' }
    const join = async () => {
      const intervalMs = await this.#beat()
      if (this.#epoch <= JOIN) throw new NotAMember(this.groupId)
      return intervalMs
    }
    const intervalMs = await retrying(join, options)
    this.#running = this.#run(intervalMs)
    this.#running.catch((error: unknown) => this.#died(error))
  }

  withIdentity<T>(use: (identity: MemberIdentity) => Promise<T>): Promise<T> {
    return this.#lock.run(async () => {
      if (this.#epoch <= JOIN) throw new NotAMember(this.groupId)
      return use({ groupId: this.groupId, memberId: this.#memberId, generation: this.#epoch })
    })
  }

  async commit(positions: readonly TopicPosition[]): Promise<void> {
    if (positions.length === 0) return
    await commitOffsets(this.#cluster, this.#lane, this, positions, this.#stop.signal)
  }

  async confirmed(signal?: AbortSignal): Promise<void> {
    if (this.#epoch <= JOIN) throw new NotAMember(this.groupId)
    const accepted = new Promise<void>((resolve, reject) => this.#confirming.push({ resolve, reject }))
    this.#sleeper.wake()
    await (signal === undefined ? accepted : unlessAborted(accepted, signal, 'The member'))
  }

  async leave(): Promise<void> {
    if (this.#stop.signal.aborted) return
    await this.#ownership.releaseAll(this.#options.rebalanceTimeoutMs)
    const goodbye = this.#lock.run(async () => {
      const joined = this.#epoch > JOIN
      this.#epoch = JOIN
      this.#stop.abort()
      this.#sleeper.wake()
      if (joined) await this.#send(LEAVE, LEAVE_WITHIN_MS).catch(() => undefined)
    })
    const limit = new AbortController()
    await Promise.race([goodbye, pause(LEAVE_WITHIN_MS, limit.signal)])
    limit.abort()
    await this.stop()
  }

  /** Stops without a word to the broker, as a crash would. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#sleeper.wake()
    this.#cluster.connections.closeLane(this.#lane)
    await this.#running.catch(() => undefined)
    this.#epoch = JOIN
    this.#refuseAll(this.#confirming.splice(0))
    this.#onStop()
  }

  /** The loop of heartbeats has ended by a bug. */
  #died(error: unknown): void {
    this.#epoch = JOIN
    this.#refuseAll(this.#confirming.splice(0))
    this.#options.onStopped?.(error)
    this.#onEvent({ kind: 'member-stopped', message: `Group ${this.groupId}: ${messageOf(error)}` })
  }

  #refuseAll(confirming: readonly Confirming[]): void {
    for (const { reject } of confirming) reject(new NotAMember(this.groupId))
  }

  async #run(firstIntervalMs: number): Promise<void> {
    const { signal } = this.#stop
    const backoff = new Backoff(50, 1_000)
    let intervalMs = firstIntervalMs
    while (!signal.aborted) {
      if (this.#reported === this.#ownership.describe()) await this.#sleeper.sleep(intervalMs)
      if (signal.aborted) return
      try {
        intervalMs = await this.#beat()
        backoff.reset()
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        if (!error.retriable) this.#onEvent({ kind: 'heartbeat-refused', message: error.message })
        await backoff.wait(signal)
      }
    }
  }

  /** One heartbeat; answers the broker's interval. */
  async #beat(): Promise<number> {
    const lost = await this.#lock.run(async () => {
      if (this.#stop.signal.aborted) throw new Closed('The member')
      const owned = this.#ownership.describe()
      const confirming = this.#confirming.splice(0)
      let response: HeartbeatResponse
      try {
        response = await this.#send(this.#epoch, HEARTBEAT_LIMIT_MS)
      } catch (error) {
        this.#sayAll = true
        this.#confirming.unshift(...confirming)
        throw error
      }
      // The partitions are somebody else's already.
      if (classOf(response.errorCode, 'Heartbeat') === 'fenced') {
        this.#forgetMembership()
        this.#refuseAll([...confirming, ...this.#confirming.splice(0)])
        return true
      }
      if (response.errorCode !== 0) {
        this.#sayAll = true
        this.#confirming.unshift(...confirming)
        throw new BrokerError(
          response.errorCode,
          `Heartbeat of group ${this.groupId}`,
          response.errorMessage,
          'Heartbeat',
        )
      }
      this.#sayAll = false
      this.#reported = owned
      this.#epoch = response.memberEpoch
      for (const { resolve } of confirming) resolve()
      if (response.assignment !== null) this.#ownership.target(response.assignment)
      return response.heartbeatIntervalMs
    })
    if (typeof lost === 'number') return lost
    this.#onEvent({
      kind: 'member-fenced',
      message: `Group ${this.groupId} has given our partitions away; joining anew`,
    })
    await this.#ownership.lose()
    return 0
  }

  #forgetMembership(): void {
    this.#epoch = JOIN
    this.#memberId = randomUUID()
    this.#sayAll = true
    this.#reported = ''
  }

  #send(memberEpoch: number, timeoutMs: number): Promise<HeartbeatResponse> {
    const all = this.#sayAll || memberEpoch === JOIN
    const says = memberEpoch === LEAVE ? 'nothing' : all ? 'everything' : 'changes'
    const tellOwned = says === 'everything' || (says === 'changes' && this.#reported !== this.#ownership.describe())
    const api = consumerGroupHeartbeat({
      groupId: this.groupId,
      memberId: this.#memberId,
      memberEpoch,
      rebalanceTimeoutMs: says === 'everything' ? this.#options.rebalanceTimeoutMs : null,
      topics: says === 'everything' ? [this.#options.topic] : null,
      owned: tellOwned ? this.#ownership.owned() : null,
    })
    const limits = { timeoutMs: Math.min(timeoutMs, this.#cluster.requestTimeoutMs) }
    return this.#cluster.callCoordinator('group', this.groupId, this.#lane, api, (r) => r.errorCode, limits)
  }
}
