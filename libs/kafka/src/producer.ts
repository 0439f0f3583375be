import { BrokerError, Closed, OffsetsInDoubt } from './errors.ts'
import { Mutex } from './mutex.ts'
import type { Cluster } from './net/cluster.ts'
import { Backoff, eitherAborts, pause, retrying } from './net/retry.ts'
import type { Member, TopicPosition, TransactionalProducer, TransactionalProducerOptions } from './port.ts'
import { Code, isRetriable } from './protocol/error-codes.ts'
import { initProducerId, type ProducerIdentity } from './protocol/init-producer-id.ts'
import { txnOffsetCommit } from './protocol/txn-offset-commit.ts'
import { BatchSender } from './send-batches.ts'
import { OpenTransaction } from './transaction.ts'
import { ATTEMPT_LIMIT_MS, failureOf } from './transaction-failure.ts'

/** Init waits while the broker ends what the last holder left open. */
const INIT_WITHIN_MS = 30_000
/** The markers of the last transaction take a few ms to be written; until then the broker refuses to open the next. */
const OPENER_RETRY_MS = 1

/** The transactional producer of a process slot. */
export class SlotProducer implements TransactionalProducer {
  readonly #cluster: Cluster
  readonly #options: TransactionalProducerOptions
  readonly #lane: string
  readonly #onClose: () => void
  readonly #sender: BatchSender
  readonly #stop = new AbortController()
  /** An InitProducerId that nobody waits for any more must not come after a later one: it would fence that one. */
  readonly #inTurn = new Mutex()
  /** Who we are for the next transaction; undefined until initialised, and while one runs. */
  #identity: ProducerIdentity | undefined
  #open: OpenTransaction | undefined

  constructor(cluster: Cluster, options: TransactionalProducerOptions, lane: string, onClose: () => void) {
    this.#cluster = cluster
    this.#options = options
    this.#lane = lane
    this.#onClose = onClose
    const { transactionalId, compression = 'none' } = options
    this.#sender = new BatchSender(cluster, { lane, transactionalId, compression })
  }

  async init(signal?: AbortSignal): Promise<void> {
    this.#open?.forsake()
    this.#open = undefined
    this.#identity = undefined
    const { transactionalId, transactionTimeoutMs } = this.#options
    const ask = async () => {
      const api = initProducerId(transactionalId, transactionTimeoutMs)
      const answer = await this.#cluster.callCoordinator(
        'transaction',
        transactionalId,
        this.#lane,
        api,
        (r) => r.errorCode,
      )
      if (answer.errorCode !== 0) {
        throw new BrokerError(answer.errorCode, `InitProducerId of ${transactionalId}`, null, 'InitProducerId')
      }
      return { producerId: answer.producerId, epoch: answer.epoch }
    }
    const untilMs = performance.now() + INIT_WITHIN_MS
    const options = { untilMs, signal: eitherAborts(this.#stop.signal, signal), what: 'The producer' }
    this.#identity = await retrying(() => this.#inTurn.run(ask), options)
  }

  async begin(member: Member, offsets: readonly TopicPosition[]): Promise<OpenTransaction> {
    if (offsets.length === 0) throw new RangeError('A transaction is opened by its offsets: there must be some')
    if (this.#open !== undefined) throw new Error('The last transaction of this producer has not ended')
    const identity = this.#identity
    if (identity === undefined) throw new Error('The producer must be initialised before a transaction')
    this.#identity = undefined
    const transaction = new OpenTransaction(
      this.#cluster,
      this.#options,
      this.#lane,
      this.#sender,
      identity,
      this.#stop.signal,
      (next) => {
        if (this.#open !== transaction) return
        this.#open = undefined
        this.#identity = next
      },
    )
    this.#open = transaction
    const failure = await this.#commitOffsets(transaction, identity, member, offsets)
    if (failure !== undefined) throw await transaction.giveUp(failure, 'Opening the transaction')
    return transaction
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    await this.#open?.abort().catch(() => undefined)
    this.#stop.abort()
    this.#identity = undefined
    this.#cluster.connections.closeLane(this.#lane)
    this.#onClose()
  }

  /** The opener. Each try takes the member's lock anew, so that heartbeats come in between. */
  async #commitOffsets(
    transaction: OpenTransaction,
    identity: ProducerIdentity,
    member: Member,
    offsets: readonly TopicPosition[],
  ): Promise<unknown> {
    const { transactionalId, transactionTimeoutMs } = this.#options
    const { signal } = this.#stop
    const notAfterMs = performance.now() + transactionTimeoutMs
    const timeoutMs = Math.min(this.#cluster.requestTimeoutMs, ATTEMPT_LIMIT_MS)
    const backoff = new Backoff(5, 200)
    let mayHaveBegun = false
    for (;;) {
      let failure: unknown
      let code = -1
      try {
        let nodeId = -1
        code = await member.withIdentity(async (memberIdentity) => {
          const { groupId } = memberIdentity
          nodeId = await this.#cluster.coordinator('group', groupId)
          transaction.maybeBegun()
          const api = txnOffsetCommit(transactionalId, identity, memberIdentity, offsets)
          const limits = { timeoutMs, notAfterMs }
          return this.#cluster.callAsCoordinator(nodeId, 'group', groupId, this.#lane, api, (r) => r, limits)
        })
        if (code === Code.NONE) {
          const isProved = this.#cluster.toldOffsets.proves(member.groupId, offsets, nodeId)
          return isProved ? undefined : new OffsetsInDoubt(member.groupId)
        }
        // After a try whose answer did not come it may be that try which is still being written.
        if (code !== Code.CONCURRENT_TRANSACTIONS) mayHaveBegun = true
        else if (!mayHaveBegun) transaction.notBegun()
        failure = new BrokerError(code, `TxnOffsetCommit of ${transactionalId}`, null, 'TxnOffsetCommit')
        if (!isRetriable(code, 'TxnOffsetCommit')) return failure
      } catch (error) {
        if (!failureOf(error).canTryAgain) return error
        mayHaveBegun = true
        failure = error
      }
      if (signal.aborted) return new Closed('The producer')
      if (performance.now() >= notAfterMs) return failure
      if (code === Code.CONCURRENT_TRANSACTIONS) await pause(OPENER_RETRY_MS, signal)
      else await backoff.wait(signal)
    }
  }
}
