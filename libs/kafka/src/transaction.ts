import { Sequences } from './batch/sequences.ts'
import { BrokerError, Closed, KafkaError, messageOf, TransactionError } from './errors.ts'
import { Mutex } from './mutex.ts'
import type { Cluster } from './net/cluster.ts'
import { Backoff } from './net/retry.ts'
import type { FinishedBatch, Transaction, TransactionalProducerOptions, TransactionFailure } from './port.ts'
import { endTxn } from './protocol/end-txn.ts'
import { Code } from './protocol/error-codes.ts'
import type { ProducerIdentity } from './protocol/init-producer-id.ts'
import type { BatchSender } from './send-batches.ts'
import { ATTEMPT_LIMIT_MS, failureOf } from './transaction-failure.ts'
import { Unacknowledged } from './unacknowledged.ts'

/** How long an abort is tried. If it does not succeed, the next init ends the transaction. */
const ABORT_WITHIN_MS = 2_000
const MAX_UNACKNOWLEDGED_BYTES = 64 * 1024 * 1024

/** How an EndTxn went: the identity for the next transaction, or why there is none. */
type Ended = { readonly next: ProducerIdentity } | { readonly error: unknown }

/**
 * One open transaction. `begun` is taken before its opener is sent, so it is earlier than the broker's own clock for
 * the transaction's timeout: nothing that must come before the timeout is sent after it.
 */
export class OpenTransaction implements Transaction {
  readonly #cluster: Cluster
  readonly #options: TransactionalProducerOptions
  readonly #lane: string
  readonly #identity: ProducerIdentity
  readonly #signal: AbortSignal
  readonly #onEnd: (next: ProducerIdentity | undefined) => void
  readonly #inTurn = new Mutex()
  readonly #sender: BatchSender
  /** From 0 in every transaction: its epoch is new (KIP-890). */
  readonly #sequences: Sequences
  readonly #unacknowledged = new Unacknowledged('The transaction', MAX_UNACKNOWLEDGED_BYTES)
  #begunMs: number | undefined
  #ended = false

  constructor(
    cluster: Cluster,
    options: TransactionalProducerOptions,
    lane: string,
    sender: BatchSender,
    identity: ProducerIdentity,
    signal: AbortSignal,
    onEnd: (next: ProducerIdentity | undefined) => void,
  ) {
    this.#cluster = cluster
    this.#options = options
    this.#lane = lane
    this.#sender = sender
    this.#identity = identity
    this.#sequences = new Sequences(identity)
    this.#signal = signal
    this.#onEnd = onEnd
  }

  /** An opener is about to be sent: the broker's clock may run from here. */
  maybeBegun(): void {
    this.#begunMs ??= performance.now()
  }

  /** The broker said that the opener has opened nothing. */
  notBegun(): void {
    this.#begunMs = undefined
  }

  /** Another init has taken its place: nothing more is sent for it. */
  forsake(): void {
    this.#ended = true
  }

  async produce(batches: readonly FinishedBatch[]): Promise<void> {
    const release = this.#unacknowledged.take(batches.reduce((sum, batch) => sum + batch.bytes.length, 0))
    try {
      // In turn, since a batch sent again must still come before the next of its partition.
      await this.#inTurn.run(async () => {
        this.#refuseIfEnded()
        const limits = { notAfterMs: this.#deadlineMs(), signal: this.#signal }
        const sent = await this.#sender.send(batches, this.#sequences, limits)
        const failure = sent.flat().find((fate) => fate.failure !== undefined)?.failure
        if (failure !== undefined) throw await this.giveUp(failure.error, 'Producing')
      })
    } finally {
      release()
    }
  }

  commit(): Promise<void> {
    return this.#inTurn.run(async () => {
      this.#refuseIfEnded()
      const ended = await this.#sendEnd(true, this.#deadlineMs())
      if ('next' in ended) return this.#end(ended.next)
      // An abort that succeeds settles also a commit whose answer did not come: the broker takes only one of them.
      throw await this.giveUp(ended.error, 'Committing')
    })
  }

  abort(): Promise<void> {
    return this.#inTurn.run(async () => {
      this.#refuseIfEnded()
      const ended = await this.#sendEnd(false, performance.now() + ABORT_WITHIN_MS)
      if ('next' in ended) return this.#end(ended.next)
      throw this.#fail(this.#outcomeOf(ended.error), 'Aborting', ended.error)
    })
  }

  /**
   * Ends the transaction after `error`, by an abort where that can still be had, and gives the error that says how it
   * ended. Not for use while `produce` or `commit` runs, except by them.
   */
  async giveUp(error: unknown, doing: string): Promise<TransactionError> {
    const { kind } = failureOf(error)
    if (kind === 'newer-producer' || kind === 'unclear') return this.#fail(this.#outcomeOf(error), doing, error)
    const ended = await this.#sendEnd(false, performance.now() + ABORT_WITHIN_MS)
    if ('next' in ended && kind !== 'not-the-member') {
      this.#end(ended.next)
      return new TransactionError('aborted', `${doing} failed: ${messageOf(error)}`, { cause: error })
    }
    if (kind === 'not-the-member') return this.#fail('fenced', doing, error)
    return this.#fail('error' in ended ? this.#outcomeOf(ended.error) : 'unknown', doing, error)
  }

  async #sendEnd(commit: boolean, untilMs: number): Promise<Ended> {
    const { transactionalId } = this.#options
    const api = endTxn(transactionalId, this.#identity, commit)
    const backoff = new Backoff(2, 200)
    for (;;) {
      let failure: unknown
      try {
        const leftMs = Math.max(1, untilMs - performance.now())
        const timeoutMs = Math.min(this.#cluster.requestTimeoutMs, ATTEMPT_LIMIT_MS, leftMs)
        const limits = { timeoutMs, notAfterMs: untilMs }
        const answer = await this.#cluster.callCoordinator(
          'transaction',
          transactionalId,
          this.#lane,
          api,
          (r) => r.errorCode,
          limits,
        )
        if (answer.errorCode === Code.NONE) return { next: { producerId: answer.producerId, epoch: answer.epoch } }
        failure = new BrokerError(answer.errorCode, `${api.name} of ${transactionalId}`, null, 'EndTxn')
      } catch (error) {
        if (!(error instanceof KafkaError)) throw error
        failure = error
      }
      if (!failureOf(failure).canTryAgain || performance.now() >= untilMs || this.#signal.aborted) {
        return { error: failure }
      }
      await backoff.wait(this.#signal)
    }
  }

  #deadlineMs(): number {
    return (this.#begunMs ?? performance.now()) + this.#options.transactionTimeoutMs
  }

  /** A newer producer before our time is up is another process; afterwards it may be the broker's own timeout. */
  #outcomeOf(error: unknown): TransactionFailure {
    if (failureOf(error).kind !== 'newer-producer') return 'unknown'
    return performance.now() < this.#deadlineMs() ? 'fenced' : 'unknown'
  }

  #fail(outcome: TransactionFailure, doing: string, error: unknown): TransactionError {
    this.#end(undefined)
    return new TransactionError(outcome, `${doing} failed: ${messageOf(error)}`, { cause: error })
  }

  #end(next: ProducerIdentity | undefined): void {
    this.#ended = true
    this.#onEnd(next)
  }

  #refuseIfEnded(): void {
    if (this.#signal.aborted) throw new Closed('The producer')
    if (this.#ended) throw new Error('This transaction has ended')
  }
}
