import type { Admin, Rows } from '@weir/kafka'
import { KeyEpochMissingError, SealError, type Sealer } from '@weir/pseudonym'
import { labelOf, type OffsetRange, openRawRecord } from '@weir/quarantine'
import { refusal } from '../errors.ts'
import type { Cluster } from '../replay/cluster.ts'
import { offsetsRememberedMs } from '../replay/offsets-remembered.ts'
import { rangesOf } from '../replay/ranges.ts'
import { sealedValue } from './chosen-record.ts'
import type { Quarantine } from './ground.ts'
import { readRanges } from './read-range.ts'
import type { Redriven } from './redriven.ts'

/** What one redrive would take: records of one reason that were not redriven before. */
export interface RedrivePlan {
  readonly code: string
  /** From where the reason stands to after the last record that is taken; partitions without one left out. */
  readonly ranges: readonly OffsetRange[]
  readonly records: number
  /** Records of the reason that raw took before `sinceMs`: they stay, and expire. */
  readonly tooOld: number
  readonly sinceMs: number
}

export interface RedriveWanted {
  readonly code: string
  /** As raw is called on the cluster. */
  readonly rawTopic: string
  /** See oldestToRedrive. */
  readonly sinceMs: number
  readonly limit: number
}

/**
 * Reads the quarantine topic on from where the reason stands, to its end as it is now, and opens what would be taken.
 * @throws CliError (refused) when one does not open: passed over, it could never be redriven
 */
export async function redrivePlan(
  { kafka }: Cluster,
  { topic, partitions }: Quarantine,
  redriven: Redriven,
  sealer: Sealer,
  { code, rawTopic, sinceMs, limit }: RedriveWanted,
): Promise<RedrivePlan> {
  const behind = await redriven.positions(code)
  const inLog = await rangesOf(kafka, topic, partitions, {})
  const ranges: OffsetRange[] = []
  let records = 0
  let tooOld = 0
  for (const { partition, from: first, to: end } of inLog) {
    const from = Math.max(first, behind[partition] ?? 0)
    let to = from
    const take = async (rows: Rows) => {
      for (let row = 0; row < rows.count && records < limit; row++) {
        const label = labelOf(rows, row)
        if (label?.code !== code || label.rawTopic !== rawTopic) continue
        if (appendTimeMs(sealer, topic, rows, row) < sinceMs) {
          tooOld++
          continue
        }
        records++
        to = (rows.offset[row] as number) + 1
      }
      return records < limit
    }
    if (records < limit) await readRanges(kafka, topic, [{ partition, from, to: end }], take)
    if (from < to) ranges.push({ partition, from, to })
  }
  return { code, ranges, records, tooOld, sinceMs }
}

function appendTimeMs(sealer: Sealer, topic: string, rows: Rows, row: number): number {
  try {
    return openRawRecord(sealer, topic, sealedValue(rows, row)).appendTimeMs
  } catch (error) {
    if (!(error instanceof SealError || error instanceof KeyEpochMissingError)) throw error
    const place = `${rows.partition[row]}:${rows.offset[row]}`
    throw refusal(`The record ${place} of ${topic} can’t be redriven: ${error.message}. Mend that, or expire it first.`)
  }
}

const HOUR_MS = 3_600_000

/**
 * The oldest append time (Unix ms) in raw that is redriven. Two things hang on it: a record that fails again begins another
 * retention in quarantine, so nothing may go round in there for ever; and Kafka forgets a group's offsets some time after
 * its last member left, when a record that was redriven must not be taken for one that was not. An hour is between clocks.
 * @throws CliError (refused) when the broker does not tell for how long it remembers
 */
export async function oldestToRedrive(
  { admin }: { readonly admin: Pick<Admin, 'topicConfig' | 'brokerConfigs'> },
  topic: string,
  nowMs: number,
): Promise<number> {
  const retentionMs = Number((await admin.topicConfig(topic))['retention.ms'] ?? -1)
  const rememberedMs = await offsetsRememberedMs(admin)
  return nowMs - (retentionMs > 0 ? Math.min(retentionMs, rememberedMs) : rememberedMs) + HOUR_MS
}
