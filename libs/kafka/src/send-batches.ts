import type { Sequences } from './batch/sequences.ts'
import { BatchTooLarge, BrokerError, TooLate } from './errors.ts'
import type { Cluster } from './net/cluster.ts'
import { Backoff } from './net/retry.ts'
import { type Answer, type Outgoing, PartitionLine, type Sent } from './partition-line.ts'
import type { Compression, FinishedBatch } from './port.ts'
import { Code, isRetriable, isStaleMetadata } from './protocol/error-codes.ts'
import { type ProduceAnswer, produce } from './protocol/produce.ts'
import { inRequests } from './requests.ts'
import { mayHaveWritten } from './written.ts'

export interface SenderOptions {
  readonly lane: string
  readonly transactionalId: string | null
  readonly compression: Compression
}

export interface SendLimits {
  /** Monotonic time after which nothing is sent any more. */
  readonly notAfterMs: number
  readonly signal: AbortSignal
  /** From now on something of it may be written. */
  readonly onSending?: () => void
}

/**
 * Sends batches to the leaders of their partitions and tries again what can be mended, within a time. A Produce request
 * takes one batch a partition, and one batch of a partition is out at a time, so their order holds.
 */
export class BatchSender {
  readonly #cluster: Cluster
  readonly #options: SenderOptions
  readonly #tooLarge = new Map<string, number>()

  constructor(cluster: Cluster, options: SenderOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** What became of each batch, in the order given. A broker that refuses or is away is no rejection. */
  async send(batches: readonly FinishedBatch[], sequences: Sequences, limits: SendLimits): Promise<Sent[]> {
    const { transactionalId, compression } = this.#options
    const sealing = { sequences, compression, transactional: transactionalId !== null, tooLarge: this.#tooLarge }
    const sent: Sent[] = []
    const lines = new Map<string, PartitionLine>()
    for (const [index, batch] of batches.entries()) {
      const place = `${batch.topic}/${batch.partition}`
      const line = lines.get(place) ?? new PartitionLine(sealing, (i, result) => (sent[i] = result))
      lines.set(place, line)
      line.add(batch, index)
    }
    const backoff = new Backoff(2, 500)
    let open = [...lines.values()]
    while (open.length > 0) {
      const round = new Map(open.map((line) => [line.next(), line]))
      const answers = await this.#sendRound([...round.keys()], limits)
      const isOver = performance.now() >= limits.notAfterMs || limits.signal.aborted
      let isLater = false
      for (const [outgoing, answer] of answers) {
        if (round.get(outgoing)?.answered(answer, isOver) === 'later') isLater = true
      }
      open = open.filter((line) => !line.isDone)
      if (isLater) await backoff.wait(limits.signal)
    }
    return sent
  }

  /** The leaders side by side, the requests to one of them one after the other. */
  async #sendRound(round: readonly Outgoing[], limits: SendLimits): Promise<(readonly [Outgoing, Answer])[]> {
    const results: (readonly [Outgoing, Answer])[] = []
    const byLeader = new Map<number, Outgoing[]>()
    for (const outgoing of round) {
      const { topic, partition } = outgoing.batch
      try {
        const { nodeId } = this.#cluster.knownLeader(topic, partition) ?? (await this.#cluster.leader(topic, partition))
        const of = byLeader.get(nodeId)
        if (of === undefined) byLeader.set(nodeId, [outgoing])
        else of.push(outgoing)
      } catch (error) {
        results.push([outgoing, { error, unclear: false }])
      }
    }
    await Promise.all(
      [...byLeader].map(async ([nodeId, of]) => {
        for (const request of inRequests(of)) {
          for (const result of await this.#sendRequest(nodeId, request, limits)) results.push(result)
        }
      }),
    )
    return results
  }

  async #sendRequest(
    nodeId: number,
    request: readonly Outgoing[],
    { notAfterMs, onSending }: SendLimits,
  ): Promise<(readonly [Outgoing, Answer])[]> {
    const { lane, transactionalId } = this.#options
    const of = request.map(({ batch: { topic, partition }, bytes }) => ({ topic, partition, bytes }))
    let isSending = false
    try {
      const connection = await this.#cluster.connections.get(nodeId, lane)
      const leftMs = notAfterMs - performance.now()
      if (leftMs <= 0) throw new TooLate(`Produce to ${of.length} partitions`)
      const timeoutMs = Math.max(1, Math.min(this.#cluster.requestTimeoutMs, leftMs))
      const api = produce(transactionalId, of, Math.ceil(timeoutMs))
      isSending = true
      onSending?.()
      const answers = await connection.call(api, { timeoutMs, notAfterMs })
      return request.map((outgoing) => [outgoing, this.#judge(outgoing, answers)] as const)
    } catch (error) {
      if (!(error instanceof TooLate)) for (const { topic } of of) this.#cluster.stale(topic)
      return request.map((outgoing) => [outgoing, { error, unclear: isSending && mayHaveWritten(error) }] as const)
    }
  }

  #judge({ batch: { topic, partition }, bytes }: Outgoing, answers: readonly ProduceAnswer[]): Answer {
    const answer = answers.find((a) => a.topic === topic && a.partition === partition)
    const doing = `Produce to partition ${partition} of ${topic}`
    const request = this.#options.transactionalId === null ? 'Append' : 'Produce'
    if (answer === undefined) return { error: new BrokerError(-1, doing, 'no answer for it', request), unclear: true }
    // A repeat that the broker knows: it was written before.
    if (answer.errorCode === Code.NONE || answer.errorCode === Code.DUPLICATE_SEQUENCE_NUMBER) {
      return { baseOffset: answer.baseOffset }
    }
    if (isStaleMetadata(answer.errorCode)) this.#cluster.stale(topic)
    // The broker's own words are kept for what no retry mends; they name limits and never contents.
    const detail = isRetriable(answer.errorCode, request) ? null : answer.errorMessage
    const cause = new BrokerError(answer.errorCode, doing, detail, request)
    const isTooLarge = answer.errorCode === Code.MESSAGE_TOO_LARGE || answer.errorCode === Code.RECORD_LIST_TOO_LARGE
    const error = isTooLarge ? new BatchTooLarge(topic, partition, bytes.length, { cause }) : cause
    return { error, unclear: mayHaveWritten(error) }
  }
}
