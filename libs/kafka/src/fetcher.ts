import { type Asked, type Assigned, assignedAt, divergenceOf, isWanted } from './assigned.ts'
import { wholeBatches } from './batch/layout.ts'
import { BrokerError, KafkaError, LogTruncated, NoSuchPartition, OffsetOutOfRange } from './errors.ts'
import { FetchQueue } from './fetch-queue.ts'
import type { Cluster } from './net/cluster.ts'
import { Backoff, pause } from './net/retry.ts'
import { endOffsets } from './offsets.ts'
import type { FetchedPartition, Fetcher, FetcherOptions } from './port.ts'
import { Code, codeName, isRetriable, isStaleMetadata } from './protocol/error-codes.ts'
import { type FetchAnswer, fetch } from './protocol/fetch.ts'

type OnEvent = (event: { readonly kind: string; readonly message: string }) => void

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 1_000
const PARTITION_RETRY_MS = 100

/**
 * One loop for each leading broker: a request for all its assigned partitions, then the next, while there is room in
 * the read-ahead. Whatever the user can't mend (moves, restarts, disconnects) is tried again here.
 */
export class PartitionFetcher implements Fetcher {
  readonly #cluster: Cluster
  readonly #options: FetcherOptions
  readonly #lane: string
  readonly #onEvent: OnEvent
  readonly #onClose: () => void
  readonly #stop = new AbortController()
  readonly #assigned = new Map<number, Assigned>()
  readonly #loops = new Map<number, Promise<void>>()
  readonly #queue: FetchQueue
  #planned: NodeJS.Immediate | undefined
  #planning: Promise<void> | undefined
  #planAgain = false

  /** `lane` must be this fetcher's alone: its requests wait at the broker. */
  constructor(cluster: Cluster, options: FetcherOptions, lane: string, onEvent: OnEvent, onClose: () => void) {
    this.#cluster = cluster
    this.#options = options
    this.#lane = lane
    this.#onEvent = onEvent
    this.#onClose = onClose
    this.#queue = new FetchQueue(options.readAheadBytes)
  }

  assign(partition: number, position: number): void {
    this.unassign(partition)
    this.#assigned.set(partition, assignedAt(partition, position))
    // Assignments usually come in one go: the first request waits for all of them.
    if (!this.#stop.signal.aborted) this.#planned ??= setImmediate(() => this.#plan())
  }

  unassign(partition: number): void {
    this.#assigned.delete(partition)
    this.#queue.drop(partition)
  }

  poll(waitMs: number): Promise<FetchedPartition[]> {
    return this.#queue.take(waitMs)
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    clearImmediate(this.#planned)
    this.#assigned.clear()
    this.#queue.close()
    this.#cluster.connections.closeLane(this.#lane)
    await Promise.all([this.#planning, ...this.#loops.values()])
    this.#onClose()
  }

  /** Sees to it that every broker that leads an assigned partition has a loop. */
  #plan(): void {
    this.#planned = undefined
    if (this.#stop.signal.aborted) return
    this.#planAgain = true
    this.#planning ??= this.#planLoops()
      .catch((error: unknown) => this.#queue.fail(error, null))
      .finally(() => {
        this.#planning = undefined
        // Asked for after the last look and before this.
        if (this.#planAgain) this.#plan()
      })
  }

  async #planLoops(): Promise<void> {
    const backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS)
    while (this.#planAgain && !this.#stop.signal.aborted) {
      this.#planAgain = false
      const leaders = await this.#leaders()
      if (this.#stop.signal.aborted) return
      for (const nodeId of leaders.found) if (!this.#loops.has(nodeId)) this.#startLoop(nodeId)
      if (!leaders.complete) {
        this.#planAgain = true
        await backoff.wait(this.#stop.signal)
      }
    }
  }

  /** Brokers that lead assigned partitions. A partition without a leader keeps none of the others waiting. */
  async #leaders(): Promise<{ found: Set<number>; complete: boolean }> {
    const found = new Set<number>()
    let complete = true
    for (const { partition, failed } of [...this.#assigned.values()]) {
      if (failed) continue
      try {
        const { nodeId } = await this.#cluster.leader(this.#options.topic, partition)
        found.add(nodeId)
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        complete = false
        // Without metadata there is nothing to ask for the others either.
        if (!(error instanceof BrokerError || error instanceof NoSuchPartition)) break
      }
    }
    return { found, complete }
  }

  #startLoop(nodeId: number): void {
    const loop = this.#runLoop(nodeId)
    this.#loops.set(nodeId, loop)
    // A bug in the loop must not leave a reader waiting for ever: it comes out of poll, and assigning begins anew.
    loop.catch((error: unknown) => {
      this.#loops.delete(nodeId)
      this.#queue.fail(error, null)
    })
  }

  async #runLoop(nodeId: number): Promise<void> {
    const { signal } = this.#stop
    const backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS)
    let turn = 0
    // All loops of one plan are there before the first of them takes its share of the read-ahead.
    await Promise.resolve()
    for (;;) {
      const maxBytes = await this.#queue.reserve(this.#options.maxBytes, this.#loops.size, signal)
      let rest: Promise<void> | undefined
      try {
        const { asked, later } = await this.#questionsFor(nodeId, turn++)
        if (signal.aborted || (asked.length === 0 && !later)) break
        if (asked.length === 0) rest = pause(FIRST_RETRY_MS, signal)
        else await this.#ask(nodeId, asked, maxBytes)
        if (asked.length > 0) backoff.reset()
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        this.#cluster.stale(this.#options.topic)
        rest = backoff.wait(signal)
      } finally {
        this.#queue.release(maxBytes)
      }
      await rest
    }
    this.#loops.delete(nodeId)
    // Whoever planned while it was about to end has counted on it.
    this.#plan()
  }

  /**
   * Partitions this broker leads, each time beginning with another one so that none starves behind maxBytes.
   * `later`: there are others, which wait for their next try.
   */
  async #questionsFor(nodeId: number, turn: number): Promise<{ asked: Asked[]; later: boolean }> {
    const { topic } = this.#options
    const questions: Asked[] = []
    let later = false
    for (const assigned of [...this.#assigned.values()]) {
      if (assigned.failed) continue
      if (assigned.notBeforeMs > performance.now()) {
        later = true
        continue
      }
      try {
        const { partition, position, lastEpoch } = assigned
        const leader = this.#cluster.knownLeader(topic, partition) ?? (await this.#cluster.leader(topic, partition))
        if (this.#madeAnew(assigned)) continue
        if (leader.nodeId !== nodeId) this.#plan()
        else if (this.#assigned.get(partition) === assigned) {
          questions.push({ partition, leaderEpoch: leader.leaderEpoch, offset: position, lastEpoch, assigned })
        } else {
          // Assigned anew while its leader was looked up: whoever planned that saw this loop and counts on it.
          later = true
        }
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        this.#plan()
        // A partition without a leader is that partition's matter; without metadata there is nothing to ask.
        if (!(error instanceof BrokerError)) break
      }
    }
    const first = questions.length === 0 ? 0 : turn % questions.length
    return { asked: [...questions.slice(first), ...questions.slice(0, first)], later }
  }

  /** One Fetch; its answers go to the queue. */
  async #ask(nodeId: number, asked: readonly Asked[], maxBytes: number): Promise<void> {
    const { topic, maxWaitMs, isolation } = this.#options
    const maxPartitionBytes = Math.min(this.#options.maxPartitionBytes, maxBytes)
    const connection = await this.#cluster.connections.get(nodeId, this.#lane)
    const bounds = { maxWaitMs, maxBytes, maxPartitionBytes, readCommitted: isolation === 'read_committed' }
    const sentAtMonotonicMs = performance.now()
    const timeoutMs = maxWaitMs + this.#cluster.requestTimeoutMs
    const response = await connection.call(fetch(topic, asked, bounds), { timeoutMs })
    if (response.errorCode !== 0) throw new BrokerError(response.errorCode, `Fetch of ${topic}`)
    const fetched: FetchedPartition[] = []
    for (const answer of response.partitions) {
      const question = asked.find((a) => a.partition === answer.partition)
      if (question === undefined || !isWanted(question, this.#assigned.get(answer.partition))) continue
      if (answer.errorCode !== 0) {
        await this.#refused(question, answer)
        continue
      }
      const { assigned, offset: fetchOffset, leaderEpoch } = question
      if (answer.diverging !== undefined) {
        this.#truncated(assigned, divergenceOf(question, answer.diverging))
        continue
      }
      assigned.trouble = 0
      const { records, next, epoch } = wholeBatches(answer.records)
      if (next !== undefined && next > fetchOffset) {
        assigned.position = next
        assigned.lastEpoch = epoch
      }
      const { partition, highWatermark, lastStableOffset, logStartOffset, aborted } = answer
      fetched.push({
        topic,
        partition,
        records,
        fetchOffset,
        highWatermark,
        lastStableOffset,
        logStartOffset,
        leaderEpoch,
        aborted,
        sentAtMonotonicMs,
      })
    }
    if (fetched.length > 0) this.#queue.put(nodeId, fetched)
  }

  /** A topic of the same name is not the same topic: a position in the one means nothing in the other. */
  #madeAnew(assigned: Assigned): boolean {
    const now = this.#cluster.topicId(this.#options.topic)
    assigned.topicId ??= now
    if (now === undefined || now === assigned.topicId) return false
    this.#truncated(assigned, 'was deleted with its topic, which was made anew')
    return true
  }

  #truncated(assigned: Assigned, what: string): void {
    const { partition, position } = assigned
    if (this.#assigned.get(partition) !== assigned) return
    assigned.failed = true
    this.#queue.fail(new LogTruncated(this.#options.topic, partition, position, what), partition)
  }

  async #refused({ assigned, offset }: Asked, { errorCode, partition }: FetchAnswer): Promise<void> {
    const { topic } = this.#options
    if (isRetriable(errorCode)) {
      if (isStaleMetadata(errorCode)) this.#cluster.stale(topic)
      assigned.notBeforeMs = performance.now() + PARTITION_RETRY_MS
      if (assigned.trouble !== errorCode) {
        assigned.trouble = errorCode
        this.#onEvent({ kind: 'fetch-retry', message: `Partition ${partition} of ${topic}: ${codeName(errorCode)}` })
      }
      return
    }
    assigned.failed = true
    if (errorCode === Code.OFFSET_OUT_OF_RANGE) return this.#outOfRange(assigned, offset)
    this.#queue.fail(new BrokerError(errorCode, `Fetch of partition ${partition} of ${topic}`), partition)
  }

  /** The broker does not say where the log starts when it refuses a position, so it is asked. */
  async #outOfRange(assigned: Assigned, asked: number): Promise<void> {
    const { topic } = this.#options
    const { partition } = assigned
    const [start = -1] = await endOffsets(this.#cluster, [{ topic, partition }], 'earliest').catch(() => [])
    if (this.#assigned.get(partition) !== assigned) return
    this.#queue.fail(new OffsetOutOfRange(topic, partition, asked, start), partition)
  }
}
