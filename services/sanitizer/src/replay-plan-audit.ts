import { AuditRecordError, type ChunkAudit, decodeChunk } from '@weir/audit'
import type { Kafka } from '@weir/kafka'
import { KeyEpochMissingError, SealError, unpadded } from '@weir/pseudonym'
import type { DecidedCounts, ReplayPlan } from '@weir/replay'
import type { Environment } from './environment.ts'
import { readRanges } from './read-ranges.ts'

/** Brokers' clocks may differ: an audit record is stamped by another one than the raw records it tells of. */
const CLOCKS_DIFFER_MS = 3_600_000

/** What live runs made of the plan's ranges, by their audit records. */
export interface CountedBefore {
  /** Of the plan's offsets, those that a counted record tells of. */
  readonly offsets: number
  readonly byPurpose: ReadonlyMap<string, DecidedCounts>
}

/**
 * Sums audit records of live runs that lie wholly in the plan's ranges; of one that lies in it in part nobody can tell
 * which counts are whose. Records that can't be opened (another key) are passed over, like those that are no longer there.
 *
 * @param sinceMs append time of the first raw record of the ranges
 */
export async function countBefore(
  env: Environment,
  kafka: Kafka,
  plan: ReplayPlan,
  sinceMs: number,
): Promise<CountedBefore> {
  const { topic } = env.audit
  let offsets = 0
  const byPurpose = new Map<string, { granted: number; stripped: number; withheld: number }>()
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: 250,
    maxPartitionBytes: 1024 * 1024,
    maxBytes: 4 * 1024 * 1024,
    readAheadBytes: 4 * 1024 * 1024,
  })
  try {
    for await (const { rows } of readRanges(fetcher, topic, await auditRanges(env, kafka, sinceMs))) {
      for (let row = 0; row < rows.count; row++) {
        const value = (rows.source[row] as Buffer).subarray(rows.valueStart[row], rows.valueEnd[row])
        const chunk = opened(env, value)
        if (chunk === null || !isOfRange(chunk, plan)) continue
        offsets += chunk.ranges.reduce((sum, { from, to }) => sum + to - from, 0)
        for (const { purpose, granted, stripped, withheld } of chunk.outputs) {
          const sum = byPurpose.get(purpose) ?? { granted: 0, stripped: 0, withheld: 0 }
          sum.granted += granted
          sum.stripped += stripped
          sum.withheld += withheld
          byPurpose.set(purpose, sum)
        }
      }
    }
  } finally {
    await fetcher.close()
  }
  return { offsets, byPurpose }
}

async function auditRanges(env: Environment, kafka: Kafka, sinceMs: number) {
  const { topic, partitions } = env.audit
  const at = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const timeMs = Math.max(0, sinceMs - CLOCKS_DIFFER_MS)
  const begins = await kafka.offsetsForTimes(at.map((one) => ({ ...one, timeMs })))
  const ends = await kafka.endOffsets(at, 'stable')
  return at
    .map(({ partition }, i) => ({ partition, from: begins[i] ?? Number.POSITIVE_INFINITY, to: ends[i] ?? 0 }))
    .filter(({ from, to }) => from < to)
}

function opened(env: Environment, sealed: Uint8Array): ChunkAudit | null {
  try {
    return decodeChunk(unpadded(env.sealer.open(env.audit.topic, sealed)))
  } catch (error) {
    const isForeign =
      error instanceof SealError || error instanceof KeyEpochMissingError || error instanceof AuditRecordError
    if (!isForeign) throw error
    return null
  }
}

function isOfRange({ kind, source, ranges }: ChunkAudit, plan: ReplayPlan): boolean {
  const isInside = ({ partition, from, to }: ChunkAudit['ranges'][number]) =>
    plan.ranges.some((range) => range.partition === partition && range.from <= from && to <= range.to)
  return kind === 'live' && source === plan.rawTopic && ranges.every(isInside)
}
