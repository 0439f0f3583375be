import { BrokerError, KafkaError, TooLate } from './errors.ts'
import type { Cluster } from './net/cluster.ts'
import { Backoff } from './net/retry.ts'
import type { FinishedBatch } from './port.ts'
import { Code, isRetriable, isStaleMetadata } from './protocol/error-codes.ts'
import { type ProduceAnswer, produce } from './protocol/produce.ts'

export interface SendOptions {
  readonly lane: string
  readonly transactionalId: string | null
  /** Monotonic time after which nothing is sent any more. */
  readonly notAfterMs: number
  readonly signal: AbortSignal
}

/** What became of one batch: where its first record lies, or why it failed. */
export type Sent = { readonly baseOffset: number } | { readonly error: unknown }

interface Pending {
  readonly batch: FinishedBatch
  readonly index: number
}

/**
 * Sends sealed batches to the leaders of their partitions and tries again what can be mended, within a time. Batches of
 * one partition go one after the other in the order given (a Produce request takes one batch a partition), so a batch
 * sent again keeps its sequence number and the broker knows it. After a failure the rest of that partition is not sent.
 */
export async function sendBatches(
  cluster: Cluster,
  batches: readonly FinishedBatch[],
  options: SendOptions,
): Promise<Sent[]> {
  const sent: Sent[] = []
  const lines = new Map<string, Pending[]>()
  for (const [index, batch] of batches.entries()) {
    const key = `${batch.topic}/${batch.partition}`
    const line = lines.get(key)
    if (line === undefined) lines.set(key, [{ batch, index }])
    else line.push({ batch, index })
  }
  const backoff = new Backoff(2, 500)
  while (lines.size > 0) {
    let retry = false
    const round = [...lines.values()].flatMap((line) => line[0] ?? [])
    for (const [pending, result] of await sendRound(cluster, round, options)) {
      const key = `${pending.batch.topic}/${pending.batch.partition}`
      const line = lines.get(key)
      if (line === undefined) continue
      const late = performance.now() >= options.notAfterMs || options.signal.aborted
      if ('error' in result && result.error instanceof KafkaError && result.error.retriable && !late) {
        retry = true
        continue
      }
      if ('error' in result) {
        for (const { index } of line) sent[index] = result
        lines.delete(key)
        continue
      }
      sent[pending.index] = result
      line.shift()
      if (line.length === 0) lines.delete(key)
    }
    if (retry) await backoff.wait(options.signal)
  }
  return sent
}

/** One Produce to each leader, side by side. */
async function sendRound(
  cluster: Cluster,
  round: readonly Pending[],
  options: SendOptions,
): Promise<(readonly [Pending, Sent])[]> {
  const results: (readonly [Pending, Sent])[] = []
  const byLeader = new Map<number, Pending[]>()
  for (const pending of round) {
    const { topic, partition } = pending.batch
    try {
      const { nodeId } = cluster.knownLeader(topic, partition) ?? (await cluster.leader(topic, partition))
      const of = byLeader.get(nodeId)
      if (of === undefined) byLeader.set(nodeId, [pending])
      else of.push(pending)
    } catch (error) {
      results.push([pending, { error }])
    }
  }
  await Promise.all(
    [...byLeader].map(async ([nodeId, of]) => {
      for (const result of await sendToLeader(cluster, nodeId, of, options)) results.push(result)
    }),
  )
  return results
}

async function sendToLeader(
  cluster: Cluster,
  nodeId: number,
  of: readonly Pending[],
  options: SendOptions,
): Promise<(readonly [Pending, Sent])[]> {
  const leftMs = options.notAfterMs - performance.now()
  const timeoutMs = Math.max(1, Math.min(cluster.requestTimeoutMs, leftMs))
  const api = produce(
    options.transactionalId,
    of.map((p) => p.batch),
    Math.ceil(timeoutMs),
  )
  try {
    const answers = await cluster.call(nodeId, options.lane, api, { timeoutMs, notAfterMs: options.notAfterMs })
    return of.map((pending) => [pending, judge(cluster, pending.batch, answers)] as const)
  } catch (error) {
    if (!(error instanceof TooLate)) for (const { batch } of of) cluster.stale(batch.topic)
    return of.map((pending) => [pending, { error }] as const)
  }
}

function judge(cluster: Cluster, batch: FinishedBatch, answers: readonly ProduceAnswer[]): Sent {
  const answer = answers.find((a) => a.topic === batch.topic && a.partition === batch.partition)
  const doing = `Produce to partition ${batch.partition} of ${batch.topic}`
  if (answer === undefined) return { error: new BrokerError(-1, doing, 'no answer for it') }
  // A repeat that the broker knows: it was written before.
  if (answer.errorCode === Code.NONE || answer.errorCode === Code.DUPLICATE_SEQUENCE_NUMBER) {
    return { baseOffset: answer.baseOffset }
  }
  if (isStaleMetadata(answer.errorCode)) cluster.stale(batch.topic)
  // The broker's own words are kept for what no retry mends; they name limits and never contents.
  const detail = isRetriable(answer.errorCode) ? null : answer.errorMessage
  return { error: new BrokerError(answer.errorCode, doing, detail) }
}
