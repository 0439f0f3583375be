import type { Writer } from '../../../../libs/kafka/src/wire/writer.ts'
import type { Batch } from '../batch.ts'
import { Code } from '../errors.ts'
import type { AbortedTransaction } from '../log.ts'
import { lastStable, type Partition } from '../partition.ts'
import { type Answer, type Cluster, leaderEpochCode, readTopics } from './answer.ts'

interface Question {
  readonly topic: string
  readonly index: number
  readonly partition: Partition | undefined
  readonly epoch: number
  readonly offset: number
  readonly lastEpoch: number
  readonly maxBytes: number
}

interface Found {
  readonly code: number
  readonly highWatermark: number
  readonly lastStable: number
  readonly logStart: number
  readonly aborted: readonly AbortedTransaction[]
  readonly batches: readonly Buffer[]
  readonly bytes: number
  readonly diverging?: { readonly epoch: number; readonly end: number }
}

const none = { highWatermark: -1, lastStable: -1, logStart: -1, aborted: [], batches: [], bytes: 0 }

/** Fetch 12 without a session: waits until something that the reader may see is there (DelayedFetch, LocalLog.read). */
export const fetch: Answer = (cluster, broker, request, respond, body) => {
  request.int32() // replica
  const maxWaitMs = request.int32()
  const minBytes = request.int32()
  const maxBytes = request.int32()
  const readCommitted = request.int8() === 1
  request.int32() // session
  request.int32() // its epoch
  const topics = readTopics(request, (topic): Question => {
    const index = request.int32()
    const [epoch, offset, lastEpoch] = [request.int32(), request.int64Number(), request.int32()]
    request.int64Number() // log start of a follower
    const asked = { topic, index, epoch, offset, lastEpoch, maxBytes: request.int32() }
    request.tags()
    return { ...asked, partition: cluster.controller.partition(topic, index) }
  })
  const questions = topics.flatMap(({ of }) => of)

  const look = () => {
    let left = maxBytes
    return questions.map((question) => {
      const found = find(cluster, broker, question, readCommitted, left, left === maxBytes)
      left -= found.bytes
      return found
    })
  }
  const send = (found: readonly Found[]) => {
    let at = 0
    const answer = body().int32(0).int16(0).int32(0).arrayLength(topics.length)
    for (const { topic, of } of topics) {
      answer.string(topic).arrayLength(of.length)
      for (const { index } of of) writeFound(answer, index, found[at++] as Found, readCommitted)
      answer.tags()
    }
    respond(answer.tags())
  }
  const isEnough = (found: readonly Found[]) =>
    found.some(({ code, diverging }) => code !== 0 || diverging !== undefined) ||
    found.reduce((sum, { bytes }) => sum + bytes, 0) >= minBytes

  const first = look()
  if (maxWaitMs <= 0 || questions.length === 0 || isEnough(first)) return send(first)
  let isPlanned = false
  const end = (found: readonly Found[]) => {
    clearTimeout(timer)
    for (const { partition } of questions) partition?.unwatch(changed)
    send(found)
  }
  // What moves at once (a follower's fetch of many partitions) is looked at once.
  const changed = () => {
    if (isPlanned) return
    isPlanned = true
    queueMicrotask(() => {
      isPlanned = false
      if (isEnded || !cluster.controller.isUp(broker)) return
      const found = look()
      if (!isEnough(found)) return
      isEnded = true
      end(found)
    })
  }
  let isEnded = false
  const timer = cluster.controller.world.after(maxWaitMs, () => {
    if (isEnded) return
    isEnded = true
    end(look())
  })
  for (const { partition } of questions) partition?.watch(changed)
}

function find(
  { controller }: Cluster,
  broker: number,
  { topic, index, partition, epoch, offset, lastEpoch, maxBytes }: Question,
  readCommitted: boolean,
  leftBytes: number,
  isFirst: boolean,
): Found {
  if (partition === undefined || controller.viewOf(broker).topics.get(topic)?.partitions[index] === undefined) {
    return { ...none, code: Code.UNKNOWN_TOPIC_OR_PARTITION }
  }
  const led = controller.led(broker, partition)
  if (led === undefined) return { ...none, code: Code.NOT_LEADER_OR_FOLLOWER }
  const { log, highWatermark } = led
  const code = leaderEpochCode(epoch, led.epoch)
  if (code !== 0) return { ...none, code }
  const stable = lastStable(led)
  const ends = { code: 0, highWatermark, lastStable: stable, logStart: log.start, aborted: [], batches: [], bytes: 0 }
  if (lastEpoch >= 0) {
    // KIP-595: whether the log still has what the reader has read.
    const end = log.endOf(lastEpoch)
    if (end === undefined || offset < log.start) return { ...none, code: Code.OFFSET_OUT_OF_RANGE }
    if (end.epoch < lastEpoch || end.end < offset) return { ...ends, diverging: end }
  }
  if (offset < log.start || offset > log.end) return { ...none, code: Code.OFFSET_OUT_OF_RANGE }
  const upTo = readCommitted ? stable : highWatermark
  const limit = Math.min(maxBytes, leftBytes)
  const batches: Buffer[] = []
  let bytes = 0
  let next = offset
  for (let at = log.indexOf(offset); at < log.batches.length; at++) {
    const batch = log.batches[at] as Batch
    if (batch.last >= upTo) break
    // The first batch comes whole, also when it is larger (KIP-74).
    if (bytes + batch.bytes.length > limit && !(isFirst && batches.length === 0)) break
    batches.push(batch.bytes)
    bytes += batch.bytes.length
    next = batch.last + 1
  }
  const aborted = readCommitted && batches.length > 0 ? log.abortedBetween(offset, next) : []
  return { ...ends, aborted, batches, bytes }
}

function writeFound(answer: Writer, index: number, found: Found, readCommitted: boolean): void {
  answer.int32(index).int16(found.code)
  answer.int64Number(found.highWatermark).int64Number(found.lastStable).int64Number(found.logStart)
  if (readCommitted) {
    answer.arrayLength(found.aborted.length)
    for (const { producerId, first } of found.aborted) answer.int64Number(producerId).int64Number(first).tags()
  } else {
    answer.nullArray()
  }
  answer
    .int32(-1)
    .bytesByReference(found.batches.length === 1 ? (found.batches[0] as Buffer) : Buffer.concat(found.batches))
  // Tagged field 0: 13 bytes.
  if (found.diverging === undefined) answer.tags()
  else answer.uvarint(1).uvarint(0).uvarint(13).int32(found.diverging.epoch).int64Number(found.diverging.end).tags()
}
