import { BrokerError } from './errors.ts'
import { type Cluster, CONTROL_LANE } from './net/cluster.ts'
import { retrying } from './net/retry.ts'
import type { EndOf, TopicPartition, TopicTime } from './port.ts'
import { isStaleMetadata } from './protocol/error-codes.ts'
import { EARLIEST, LATEST, listOffsets, type OffsetQuestion } from './protocol/list-offsets.ts'
import { offsetFetch } from './protocol/offset-fetch.ts'

/** How long offsetsForTimes tries, e.g. while a leader moves. */
const TIMES_WITHIN_MS = 30_000
/** How long committedOffsets waits for transactions to end: beyond any transaction timeout plus the broker's sweep. */
const STABLE_WITHIN_MS = 60_000

/**
 * Ends of partitions in the order given. Each answer comes from the leader whose epoch we know; any error rejects, and
 * what it says of moved partitions is remembered for the next call.
 */
export async function endOffsets(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  end: EndOf,
): Promise<number[]> {
  const offsets = await list(cluster, partitions, end === 'earliest' ? EARLIEST : LATEST, end === 'stable')
  return offsets.map((offset, i) => {
    if (offset < 0) throw notAnswered(partitions[i])
    return offset
  })
}

/**
 * The first offset of each whose timestamp is at or after its time, in the order given; null: none that a read_committed
 * reader can see.
 * @throws Closed when `signal` aborts
 */
export async function offsetsForTimes(
  cluster: Cluster,
  times: readonly TopicTime[],
  signal: AbortSignal,
): Promise<(number | null)[]> {
  const unlike = times.find(({ timeMs }) => !Number.isSafeInteger(timeMs) || timeMs < 0)
  // Below 0 a time would mean something else to the broker.
  if (unlike !== undefined)
    throw new RangeError(`${unlike.timeMs} is no time: whole milliseconds since 1970 are wanted`)
  const found: (number | null)[] = times.map(() => null)
  const untilMs = performance.now() + TIMES_WITHIN_MS
  const options = { untilMs, signal, what: 'The Kafka client' }
  for (const timeMs of new Set(times.map((time) => time.timeMs))) {
    const at = times.flatMap((time, i) => (time.timeMs === timeMs ? [i] : []))
    const asked = times.filter((time) => time.timeMs === timeMs)
    const offsets = await retrying(() => list(cluster, asked, timeMs, true), options)
    for (const [n, i] of at.entries()) found[i] = (offsets[n] ?? -1) < 0 ? null : (offsets[n] ?? null)
  }
  return found
}

/** One ListOffsets a leader; -1: the broker knows none. */
async function list(
  cluster: Cluster,
  partitions: readonly TopicPartition[],
  timestamp: number,
  readCommitted: boolean,
): Promise<number[]> {
  const questions = new Map<number, OffsetQuestion[]>()
  for (const { topic, partition } of partitions) {
    const { nodeId, leaderEpoch } = cluster.knownLeader(topic, partition) ?? (await cluster.leader(topic, partition))
    const of = questions.get(nodeId)
    const question = { topic, partition, leaderEpoch }
    if (of === undefined) questions.set(nodeId, [question])
    else of.push(question)
  }
  const found = new Map<string, number>()
  await Promise.all(
    [...questions].map(async ([nodeId, of]) => {
      const api = listOffsets(of, timestamp, readCommitted)
      const answers = await cluster.call(nodeId, CONTROL_LANE, api).catch((error: unknown) => {
        for (const { topic } of of) cluster.stale(topic)
        throw error
      })
      for (const { topic, partition, errorCode, offset } of answers) {
        if (isStaleMetadata(errorCode)) cluster.stale(topic)
        if (errorCode !== 0) throw new BrokerError(errorCode, `ListOffsets of partition ${partition} of ${topic}`)
        found.set(`${topic}/${partition}`, offset)
      }
    }),
  )
  return partitions.map((asked) => {
    const offset = found.get(`${asked.topic}/${asked.partition}`)
    if (offset === undefined) throw notAnswered(asked)
    return offset
  })
}

function notAnswered(of: TopicPartition | undefined): BrokerError {
  return new BrokerError(-1, `ListOffsets of partition ${of?.partition} of ${of?.topic}`, 'no answer for it')
}

/**
 * Committed offsets of a group in the order given (-1: none), once no transaction on them is pending.
 * @throws Closed when `signal` aborts, at once
 */
export async function committedOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  signal: AbortSignal,
): Promise<number[]> {
  if (partitions.length === 0) return []
  const ask = async () => {
    const api = offsetFetch(groupId, partitions)
    const codeOf = (response: { errorCode: number; offsets: readonly { errorCode: number }[] }) =>
      response.errorCode || (response.offsets.find((o) => o.errorCode !== 0)?.errorCode ?? 0)
    const nodeId = await cluster.coordinator('group', groupId)
    const teller = cluster.toldOffsets.teller(groupId, nodeId)
    const response = await cluster.callAsCoordinator(nodeId, 'group', groupId, CONTROL_LANE, api, codeOf)
    const code = codeOf(response)
    if (code !== 0) throw new BrokerError(code, `OffsetFetch of group ${groupId}`)
    cluster.toldOffsets.told(groupId, partitions, teller)
    const found = new Map(response.offsets.map((o) => [`${o.topic}/${o.partition}`, o.offset]))
    return partitions.map(({ topic, partition }) => {
      const offset = found.get(`${topic}/${partition}`)
      if (offset === undefined) throw new BrokerError(-1, `OffsetFetch of group ${groupId}`, 'a partition is missing')
      return offset
    })
  }
  const untilMs = performance.now() + STABLE_WITHIN_MS
  return retrying(ask, { untilMs, signal, firstMs: 5, maxMs: 200, what: 'The Kafka client' })
}
