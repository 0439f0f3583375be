import { BatchBuilder } from './batch/batch-builder.ts'
import { nextSequence, seal } from './batch/seal.ts'
import { BrokerError, Closed, RecordTooLarge } from './errors.ts'
import type { Cluster } from './net/cluster.ts'
import { retrying } from './net/retry.ts'
import type { Appender, FinishedBatch, RecordToAppend } from './port.ts'
import { initProducerId, type ProducerIdentity } from './protocol/init-producer-id.ts'
import { sendBatches } from './send-batches.ts'

const MAX_BATCH_BYTES = 900_000
/** What a batch, a record and each header may add to keys, values and header texts. */
const FRAMING_BYTES = 128
const HEADER_FRAMING_BYTES = 10

interface Append {
  readonly topic: string
  readonly records: readonly RecordToAppend[]
  readonly untilMs: number
  resolve(offsets: number[]): void
  reject(error: unknown): void
}

/**
 * Plain appends by an idempotent producer. What is appended while a request is out waits and goes together in the next
 * one, so many small appends cost few requests. After any failure a new producer id is taken: sequence numbers of the
 * old one can't be trusted any more.
 */
export class BatchingAppender implements Appender {
  readonly #cluster: Cluster
  readonly #lane: string
  readonly #withinMs: number
  readonly #onClose: () => void
  readonly #stop = new AbortController()
  readonly #queued: Append[] = []
  #running: Promise<void> | undefined
  #producer: ProducerIdentity | undefined
  readonly #sequences = new Map<string, number>()

  /** `withinMs` bounds each append from call to answer; `lane` must be this appender's alone. */
  constructor(cluster: Cluster, lane: string, withinMs: number, onClose: () => void) {
    this.#cluster = cluster
    this.#lane = lane
    this.#withinMs = withinMs
    this.#onClose = onClose
  }

  append(topic: string, records: readonly RecordToAppend[]): Promise<number[]> {
    if (this.#stop.signal.aborted) return Promise.reject(new Closed('The appender'))
    if (records.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      for (const record of records) refuseTooLarge(topic, record)
      this.#queued.push({ topic, records, untilMs: performance.now() + this.#withinMs, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    // What was accepted is still sent; a broker that is away can't hold this up beyond the appends' own limit.
    await this.#running
    this.#stop.abort()
    for (const append of this.#queued.splice(0)) append.reject(new Closed('The appender'))
    this.#cluster.connections.closeLane(this.#lane)
    this.#onClose()
  }

  async #run(): Promise<void> {
    // Whatever is appended in the same turn goes together.
    await Promise.resolve()
    while (this.#queued.length > 0) await this.#send(this.#queued.splice(0))
    this.#running = undefined
  }

  async #send(appends: readonly Append[]): Promise<void> {
    try {
      const untilMs = Math.min(...appends.map((a) => a.untilMs))
      const producer = await this.#identity(untilMs)
      const lines = build(appends)
      const batches = [...lines.values()].flatMap((line) => line.batches)
      for (const batch of batches) this.#seal(batch, producer)
      const options = { lane: this.#lane, transactionalId: null, notAfterMs: untilMs, signal: this.#stop.signal }
      const sent = await sendBatches(this.#cluster, batches, options)
      if (sent.some((result) => 'error' in result)) this.#producer = undefined
      const bases = new Map(batches.map((batch, i) => [batch, sent[i]]))
      for (const append of appends) settle(append, lines, (batch) => bases.get(batch))
    } catch (error) {
      this.#producer = undefined
      for (const append of appends) append.reject(error)
    }
  }

  async #identity(untilMs: number): Promise<ProducerIdentity> {
    if (this.#producer !== undefined) return this.#producer
    this.#sequences.clear()
    const ask = async () => {
      const answer = await this.#cluster.callAny(initProducerId(null, 0x7fffffff))
      if (answer.errorCode !== 0) throw new BrokerError(answer.errorCode, 'InitProducerId for appends')
      return { producerId: answer.producerId, epoch: answer.epoch }
    }
    const options = { untilMs, signal: this.#stop.signal, what: 'The appender' }
    this.#producer = await retrying(ask, options)
    return this.#producer
  }

  #seal(batch: FinishedBatch, producer: ProducerIdentity): void {
    const key = `${batch.topic}/${batch.partition}`
    const sequence = this.#sequences.get(key) ?? 0
    seal(batch, producer, sequence, false)
    this.#sequences.set(key, nextSequence(sequence, batch.recordCount))
  }
}

/** Batches of one partition, and how many of its records have been handed back to their appends. */
interface Line {
  readonly builder: BatchBuilder
  batches: FinishedBatch[]
  taken: number
}

function build(appends: readonly Append[]): Map<string, Line> {
  const lines = new Map<string, Line>()
  const now = Date.now()
  for (const { topic, records } of appends) {
    for (const { partition, key, value, headers } of records) {
      const name = `${topic}/${partition}`
      let line = lines.get(name)
      if (line === undefined) {
        line = { builder: new BatchBuilder(topic, partition, MAX_BATCH_BYTES), batches: [], taken: 0 }
        lines.set(name, line)
      }
      const pairs = Object.entries(headers ?? {}).map(([n, text]) => [n, Buffer.from(text)] as const)
      line.builder.append(now, key, value, pairs)
    }
  }
  for (const line of lines.values()) line.batches = line.builder.finish()
  return lines
}

type Outcome = { readonly baseOffset: number } | { readonly error: unknown } | undefined

/** Gives an append its offsets, in the order in which all appends were built. */
function settle(append: Append, lines: ReadonlyMap<string, Line>, outcomeOf: (batch: FinishedBatch) => Outcome): void {
  const offsets: number[] = []
  let failure: { error: unknown } | undefined
  for (const { partition } of append.records) {
    const line = lines.get(`${append.topic}/${partition}`)
    if (line === undefined) continue
    let index = line.taken++
    const batch = line.batches.find((b) => {
      if (index < b.recordCount) return true
      index -= b.recordCount
      return false
    })
    const outcome = batch && outcomeOf(batch)
    if (outcome !== undefined && 'baseOffset' in outcome && outcome.baseOffset >= 0) {
      offsets.push(outcome.baseOffset + index)
    } else {
      failure ??= {
        error:
          outcome !== undefined && 'error' in outcome
            ? outcome.error
            : new BrokerError(-1, `Produce to partition ${partition} of ${append.topic}`, 'offset not known'),
      }
    }
  }
  if (failure !== undefined) append.reject(failure.error)
  else append.resolve(offsets)
}

function refuseTooLarge(topic: string, { partition, key, value, headers }: RecordToAppend): void {
  let bytes = FRAMING_BYTES + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, text] of Object.entries(headers ?? {})) {
    bytes += HEADER_FRAMING_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text)
  }
  if (bytes > MAX_BATCH_BYTES) throw new RecordTooLarge(topic, partition, bytes, MAX_BATCH_BYTES)
}
