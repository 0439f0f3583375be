import { setTimeout as sleep } from 'node:timers/promises'
import fetchRequest from 'kafkajs/src/protocol/requests/fetch/v11/request.js'
import { type Batch, EvidenceError, type PartitionLog, type TopicLog } from '../evidence.ts'
import type { Cluster, Exchange } from './cluster.ts'
import { asBatch, batchesIn, type RawBatch } from './record-batches.ts'

const FETCH_BYTES = 8 * 1024 * 1024
/** A transaction ends within its timeout and the broker's sweep. Longer than this it is no matter of waiting. */
const OPEN_AT_MOST_MS = 90_000
const RETRY_MS = 200

/** From where and up to where a partition is read; left out: from its start, up to its end as it is when asked. */
export interface Extent {
  readonly from: number
  readonly to: number
}

/** Called while a topic is read: offsets behind, and how many there are. */
export type OnRead = (topic: string, done: number, total: number) => void

type Leaders = Pick<Cluster, 'extents' | 'toLeader' | 'refresh'>

/** Reads committed records, telling committed from aborted by the markers in the log itself. */
export class LogReader {
  readonly #cluster: Leaders
  readonly #onRead: OnRead

  constructor(cluster: Leaders, onRead: OnRead) {
    this.#cluster = cluster
    this.#onRead = onRead
  }

  /** Null: no such topic. @param wanted by partition; those not named are not read. Null: all of it */
  async read(topic: string, wanted: ReadonlyMap<number, Extent> | null = null): Promise<TopicLog | null> {
    const there = await this.#cluster.extents(topic)
    if (there === null) return null
    const extents = there.map((extent, partition) => {
      const asked = wanted === null ? { from: extent.from, to: Number.POSITIVE_INFINITY } : wanted.get(partition)
      return asked === undefined ? null : { from: Math.max(asked.from, extent.from), to: asked.to }
    })
    const total = extents.reduce(
      (sum, extent, partition) =>
        sum + Math.max(0, Math.min(extent?.to ?? 0, there[partition]?.to ?? 0) - (extent?.from ?? 0)),
      0,
    )
    let behind = 0
    const partitions: PartitionLog[] = []
    for (const [partition, extent] of extents.entries()) {
      const start = there[partition]?.from ?? 0
      if (extent === null) partitions.push({ start, end: start, batches: [] })
      else {
        const onRead = (done: number) => this.#onRead(topic, behind + done, total)
        const log = await this.#partition(topic, partition, start, extent, onRead)
        behind += Math.max(0, log.end - extent.from)
        partitions.push(log)
      }
    }
    return { topic, partitions }
  }

  async #partition(
    topic: string,
    partition: number,
    start: number,
    { from, to }: Extent,
    onRead: (done: number) => void,
  ): Promise<PartitionLog> {
    const committed = new Committed()
    let position = from
    let end = to
    let lastMoveMs = performance.now()
    for (;;) {
      const answer = await this.#fetch(topic, partition, position)
      end = Math.min(end, answer.highWatermark)
      if (position >= end && !committed.isOpenBelow(end)) break
      for (const raw of batchesIn(answer.records)) {
        // The first one may begin before what was asked for.
        if (raw.lastOffset < position) continue
        committed.take(raw)
        position = raw.lastOffset + 1
        lastMoveMs = performance.now()
      }
      onRead(position - from)
      if (answer.records.length === 0) {
        if (performance.now() - lastMoveMs > OPEN_AT_MOST_MS)
          throw new EvidenceError(`partition ${partition} of ${topic} has a transaction that does not end`)
        await sleep(RETRY_MS)
      }
    }
    return { start, end, batches: committed.below(end) }
  }

  async #fetch(topic: string, partition: number, offset: number): Promise<Fetched> {
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await this.#cluster.toLeader(topic, partition, fetchOf(topic, partition, offset))
        if (answer.errorCode === 0) return answer
        if (attempt >= 20)
          throw new EvidenceError(`partition ${partition} of ${topic} can't be read: error ${answer.errorCode}`)
      } catch (error) {
        if (error instanceof EvidenceError || attempt >= 20) throw error
      }
      await sleep(RETRY_MS)
      await this.#cluster.refresh()
    }
  }
}

/** Batches in the order of the log, and which of them are committed by the markers behind them. */
class Committed {
  readonly #batches: { readonly raw: RawBatch; committedMs: number | null }[] = []
  readonly #open = new Map<number, { readonly raw: RawBatch; committedMs: number | null }[]>()

  take(raw: RawBatch): void {
    if (raw.marker !== null) {
      if (raw.marker === 'commit') for (const one of this.#open.get(raw.producerId) ?? []) one.committedMs = raw.maxMs
      if (raw.marker !== 'other') this.#open.delete(raw.producerId)
      return
    }
    // The cleaner keeps the header of a producer's last batch, and then the marker may be gone: nothing is open there.
    if (raw.records === 0) return
    const one = { raw, committedMs: raw.isTransactional ? null : raw.maxMs }
    this.#batches.push(one)
    if (!raw.isTransactional) return
    const open = this.#open.get(raw.producerId)
    if (open === undefined) this.#open.set(raw.producerId, [one])
    else open.push(one)
  }

  isOpenBelow(offset: number): boolean {
    return [...this.#open.values()].some((list) => list.some(({ raw }) => raw.baseOffset < offset))
  }

  below(offset: number): Batch[] {
    return this.#batches.flatMap(({ raw, committedMs }) =>
      committedMs === null || raw.baseOffset >= offset ? [] : [asBatch(raw, committedMs)],
    )
  }
}

interface Fetched {
  readonly errorCode: number
  readonly highWatermark: number
  readonly records: Buffer
}

/** Fetch version 11 of one partition, uncommitted records too. */
function fetchOf(topic: string, partition: number, offset: number): Exchange<Fetched> {
  return {
    request: fetchRequest({
      replicaId: -1,
      // At the end there is nothing to wait for but the end of a transaction, and that we do ourselves.
      maxWaitTime: 0,
      minBytes: 0,
      maxBytes: FETCH_BYTES,
      isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }] }],
    }),
    response: {
      decode: (payload) => Promise.resolve({ clientSideThrottleTime: 0, payload }),
      parse: (decoded) => Promise.resolve(readFetch(Reflect.get(decoded, 'payload') as Buffer)),
    },
  }
}

function readFetch(payload: Buffer): Fetched {
  const topError = payload.readInt16BE(4)
  if (topError !== 0 || payload.readInt32BE(10) === 0)
    return { errorCode: topError || -1, highWatermark: 0, records: Buffer.alloc(0) }
  let at = 14
  at += 2 + payload.readInt16BE(at)
  at += 4 // one partition
  const errorCode = payload.readInt16BE(at + 4)
  const highWatermark = Number(payload.readBigInt64BE(at + 6))
  at += 30
  const aborted = payload.readInt32BE(at)
  at += 4 + 16 * Math.max(0, aborted) + 4
  const length = payload.readInt32BE(at)
  return {
    errorCode,
    highWatermark,
    records: length <= 0 ? Buffer.alloc(0) : payload.subarray(at + 4, at + 4 + length),
  }
}
