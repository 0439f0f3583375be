import { type Append, build, isDoubt, MAX_BATCH_BYTES, nothingOf, settle } from './append-group.ts'
import { Sequences } from './batch/sequences.ts'
import { BrokerError, Closed, RecordTooLarge, RequestTimedOut } from './errors.ts'
import type { Cluster } from './net/cluster.ts'
import { retrying } from './net/retry.ts'
import type { Appender, AppenderOptions, RecordToAppend } from './port.ts'
import { initProducerId } from './protocol/init-producer-id.ts'
import { BatchSender } from './send-batches.ts'
import { Unacknowledged } from './unacknowledged.ts'

/** What a batch, a record and each header may add to keys, values and header texts. */
const FRAMING_BYTES = 128
const HEADER_FRAMING_BYTES = 10
const MAX_UNACKNOWLEDGED_BYTES = 32 * 1024 * 1024
/** The highest epoch of a producer id: an int16. */
const LAST_EPOCH = 0x7fff
/** InitProducerId wants a transaction timeout also from a producer that has no transactions. */
const NO_TRANSACTION_TIMEOUT = 0x7fffffff

/**
 * Plain appends by an idempotent producer. What is appended while a request is out waits and goes together in the next
 * one, so many small appends cost few requests and their order holds.
 *
 * After a failure the next batches have the next epoch of the producer id (KIP-360): sequence numbers of the one before
 * can't be trusted any more, and a request of it that is still under way somewhere is refused by a partition as soon as
 * that has a record of the new one.
 */
export class BatchingAppender implements Appender {
  readonly #cluster: Cluster
  readonly #lane: string
  readonly #withinMs: number
  readonly #onClose: () => void
  readonly #sender: BatchSender
  readonly #stop = new AbortController()
  readonly #unacknowledged = new Unacknowledged('The appender', MAX_UNACKNOWLEDGED_BYTES)
  readonly #queued: Append[] = []
  #running: Promise<void> | undefined
  #sequences: Sequences | undefined

  /** `lane` must be this appender's alone. */
  constructor(cluster: Cluster, { compression = 'none' }: AppenderOptions, lane: string, onClose: () => void) {
    this.#cluster = cluster
    this.#lane = lane
    this.#withinMs = cluster.requestTimeoutMs * 2
    this.#onClose = onClose
    this.#sender = new BatchSender(cluster, { lane, transactionalId: null, compression })
  }

  async append(topic: string, records: readonly RecordToAppend[]): Promise<number[]> {
    if (this.#stop.signal.aborted) throw new Closed('The appender')
    if (records.length === 0) return []
    let bytes = 0
    for (const record of records) bytes += sizeOf(topic, record)
    const release = this.#unacknowledged.take(bytes)
    const { promise, resolve, reject } = Promise.withResolvers<number[]>()
    const untilMs = performance.now() + this.#withinMs
    const append: Append = { topic, records, untilMs, isOut: false, isExpired: false, resolve, reject, release }
    const timer = setTimeout(() => this.#expire(append), this.#withinMs)
    this.#queued.push(append)
    this.#running ??= this.#run()
    return promise.finally(() => clearTimeout(timer))
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    // What was accepted is still sent; a broker that is away can't hold this up beyond the appends' own limit.
    await this.#running
    this.#stop.abort()
    this.#cluster.connections.closeLane(this.#lane)
    this.#onClose()
  }

  #expire(append: Append): void {
    append.isExpired = true
    const why = new RequestTimedOut(`Appending to ${append.topic}`, this.#withinMs)
    append.reject(nothingOf(append, why))
    const at = this.#queued.indexOf(append)
    if (at < 0) return
    this.#queued.splice(at, 1)
    append.release()
  }

  async #run(): Promise<void> {
    // Whatever is appended in the same turn goes together.
    await Promise.resolve()
    while (this.#queued.length > 0) await this.#send(this.#queued.splice(0))
    this.#running = undefined
  }

  async #send(appends: readonly Append[]): Promise<void> {
    // The last of them has the most time; the others hear when theirs is over.
    const notAfterMs = appends.at(-1)?.untilMs ?? 0
    try {
      const sequences = await this.#identified(notAfterMs)
      const inTime = appends.filter((append) => !append.isExpired)
      const lines = build(inTime)
      const batches = [...lines.values()].flatMap((line) => line.batches)
      const onSending = () => {
        for (const append of inTime) append.isOut = true
      }
      const limits = { notAfterMs, signal: this.#stop.signal, onSending }
      const sent = await this.#sender.send(batches, sequences, limits)
      const failures = sent.flat().flatMap(({ failure }) => (failure === undefined ? [] : [failure.error]))
      if (sequences.hasGap) this.#sequences = nextEpoch(sequences, failures)
      const outcomes = new Map(batches.map((batch, i) => [batch, sent[i]]))
      for (const append of inTime) settle(append, lines, (batch) => outcomes.get(batch))
    } catch (error) {
      this.#sequences = undefined
      for (const append of appends) append.reject(nothingOf(append, error))
    } finally {
      for (const append of appends) append.release()
    }
  }

  async #identified(untilMs: number): Promise<Sequences> {
    if (this.#sequences !== undefined) return this.#sequences
    const ask = async () => {
      const answer = await this.#cluster.callAny(initProducerId(null, NO_TRANSACTION_TIMEOUT))
      if (answer.errorCode !== 0) throw new BrokerError(answer.errorCode, 'InitProducerId for appends')
      return { producerId: answer.producerId, epoch: answer.epoch }
    }
    const options = { untilMs, signal: this.#stop.signal, what: 'The appender' }
    this.#sequences = new Sequences(await retrying(ask, options))
    return this.#sequences
  }
}

/** Who appends after these failures; undefined: somebody whom the broker does not know yet. */
function nextEpoch({ producer }: Sequences, failures: readonly unknown[]): Sequences | undefined {
  if (failures.some(isDoubt) || producer.epoch >= LAST_EPOCH) return undefined
  return new Sequences({ producerId: producer.producerId, epoch: producer.epoch + 1 })
}

/** @throws RecordTooLarge */
function sizeOf(topic: string, { partition, key, value, headers }: RecordToAppend): number {
  let bytes = FRAMING_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, text] of Object.entries(headers ?? {})) {
    bytes += HEADER_FRAMING_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text)
  }
  if (bytes > MAX_BATCH_BYTES) throw new RecordTooLarge(topic, partition, bytes, MAX_BATCH_BYTES)
  return bytes
}
