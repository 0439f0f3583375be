import { setTimeout as pause } from 'node:timers/promises'
import { AUDIT_TOPIC, decodeChunk } from '@weir/audit'
import { type Kafka, RecordWalk, Rows } from '@weir/kafka'
import { type Sealer, unpadded } from '@weir/pseudonym'
import { W1_PARTITIONS } from '../w1/load.ts'

const LOOK_EVERY_MS = 100
const LIMIT_MS = 600_000
const POLL_MS = 500
const MAX_BYTES = 4 * 1024 * 1024

export interface Range {
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** Whose rate is asked for, and what of `weir.audit` it has written. */
export interface Measured {
  readonly kafka: Kafka
  readonly namespace: string
  readonly sealer: Sealer
  readonly groupId: string
  readonly rawTopic: string
  readonly ranges: readonly Range[]
  /** Rejects when the process ends by itself. */
  readonly died: Promise<never>
}

interface AuditedChunk {
  readonly events: number
  readonly appendedAtMs: number
}

/**
 * Events a second of a group over these ranges, by the audit records that its transactions carry: from the first chunk's
 * append time to the last one's, so that no process's start is in it, and nothing of how often one looks. All that is
 * written to `weir.audit` meanwhile has to be this group's.
 */
export async function eventsPerSecond(measured: Measured): Promise<number> {
  const { kafka, namespace } = measured
  const audit = Array.from({ length: W1_PARTITIONS }, (_, partition) => ({ topic: namespace + AUDIT_TOPIC, partition }))
  const begins = await kafka.endOffsets(audit, 'stable')
  await committedAll(measured)
  const ends = await kafka.endOffsets(audit, 'stable')
  const chunks: AuditedChunk[] = []
  for (const [i, { partition }] of audit.entries()) {
    chunks.push(...(await chunksOf(measured, partition, begins[i] ?? 0, ends[i] ?? 0)))
  }
  chunks.sort((a, b) => a.appendedAtMs - b.appendedAtMs)
  const [first, last] = [chunks[0], chunks.at(-1)]
  if (first === undefined || last === undefined || first === last) throw new Error('too few events for a rate')
  const events = chunks.reduce((sum, chunk) => sum + chunk.events, -first.events)
  return (events * 1_000) / (last.appendedAtMs - first.appendedAtMs)
}

async function committedAll({ kafka, groupId, rawTopic, ranges, died }: Measured): Promise<void> {
  const at = ranges.map(({ partition }) => ({ topic: rawTopic, partition }))
  const limit = performance.now() + LIMIT_MS
  for (;;) {
    const committed = await Promise.race([kafka.committedOffsets(groupId, at), died])
    if (ranges.every(({ to }, i) => (committed[i] ?? -1) >= to)) return
    if (performance.now() > limit) throw new Error(`${groupId} has not done all within ${LIMIT_MS / 1_000} s`)
    await Promise.race([pause(LOOK_EVERY_MS), died])
  }
}

async function chunksOf(
  { kafka, namespace, sealer, groupId }: Measured,
  partition: number,
  begin: number,
  end: number,
): Promise<AuditedChunk[]> {
  const topic = namespace + AUDIT_TOPIC
  const limits = { maxWaitMs: POLL_MS, maxBytes: MAX_BYTES, maxPartitionBytes: MAX_BYTES, readAheadBytes: MAX_BYTES }
  const fetcher = kafka.fetcher({ topic, isolation: 'read_committed', ...limits })
  const chunks: AuditedChunk[] = []
  try {
    fetcher.assign(partition, begin)
    const rows = new Rows(1_000)
    let position = begin
    const limit = performance.now() + LIMIT_MS
    while (position < end) {
      if (performance.now() > limit) throw new Error(`the audit records of ${groupId} can’t be read`)
      for (const fetched of await fetcher.poll(POLL_MS)) {
        const walk = new RecordWalk(fetched)
        while (!walk.done) {
          rows.clear()
          walk.fill(rows, rows.capacity)
          for (let row = 0; row < rows.count; row++) chunks.push(chunkAt(rows, row, topic, sealer))
        }
        position = walk.position
      }
    }
  } finally {
    await fetcher.close()
  }
  return chunks
}

function chunkAt(rows: Rows, row: number, topic: string, sealer: Sealer): AuditedChunk {
  const sealed = (rows.source[row] as Buffer).subarray(rows.valueStart[row], rows.valueEnd[row])
  const { ranges } = decodeChunk(unpadded(sealer.open(topic, sealed)))
  return {
    events: ranges.reduce((sum, { from, to }) => sum + to - from, 0),
    appendedAtMs: rows.timestampMs[row] as number,
  }
}
