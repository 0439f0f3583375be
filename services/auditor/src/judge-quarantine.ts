import type { Finding, Report } from './findings.ts'
import { rawRecordIn } from './keys.ts'
import type { RawRecord } from './rows.ts'
import { quarantineOf } from './topics.ts'
import type { Audited, Workshop } from './workshop.ts'

/** Rows that can't be processed: each has one quarantine record in the chunk's transaction. A replay only counts them. */
export function judgeQuarantine(
  shop: Workshop,
  audited: Audited,
  bad: readonly RawRecord[],
  missingRows: number,
  report: Report,
): void {
  const { chunk, transaction } = audited
  const topic = quarantineOf(chunk.source)
  const log = shop.evidence.topics.get(topic)
  const isCountRight = judgeCount(shop, audited, bad.length, missingRows, report)
  if (chunk.kind === 'replay') {
    report.raw[isCountRight ? 'proved' : 'violated'] += bad.length
    return
  }
  if (log === undefined) return report.raw.cannot('topic gone', bad.length)

  const wanted = new Map<string, RawRecord[]>()
  for (const raw of bad) {
    const name = nameOf(raw)
    wanted.set(name, [...(wanted.get(name) ?? []), raw])
  }
  const isExpired = log.partitions.some(
    ({ start, batches }) => start > 0 && (batches[0] === undefined || batches[0].committedMs > audited.appendMs),
  )
  let excused = missingRows
  for (const { partition, batch } of shop.batchesOf(topic, transaction)) {
    for (const { offset, key, value } of batch.records()) {
      const content = shop.keys.open(topic, value)
      if (key !== null) report.findings.push({ ...at(topic, partition, offset), ...KEYED })
      const list = Buffer.isBuffer(content) ? wanted.get(nameOf(rawRecordIn(content))) : undefined
      if (list?.shift() !== undefined) report.raw.proved++
      else if (content === 'no-key') report.raw.cannot('key gone')
      else if (excused-- <= 0) report.findings.push({ ...at(topic, partition, offset), ...WRONGLY })
    }
  }
  for (const raw of [...wanted.values()].flat()) {
    if (isExpired) {
      report.raw.cannot('clean record expired')
      continue
    }
    report.raw.violated++
    report.findings.push({
      ...at(chunk.source, raw.partition, raw.offset),
      promise: 5,
      what: 'not-quarantined',
      raw: { topic: chunk.source, partition: raw.partition, offset: raw.offset },
      expected: `a record in ${topic}`,
      found: 'none in its transaction',
    })
  }
}

const WRONGLY = {
  promise: 5,
  what: 'wrongly-quarantined',
  raw: null,
  expected: 'no record: all of its rows can be processed',
  found: 'a quarantine record',
} as const

const KEYED = {
  promise: 1,
  what: 'leaked-leaf',
  raw: null,
  expected: 'a quarantine record without a key',
  found: 'one with a key',
} as const

function at(
  topic: string,
  partition: number,
  offset: number,
): Pick<Finding, 'purpose' | 'topic' | 'partition' | 'offset' | 'leaves'> {
  return { purpose: null, topic, partition, offset, leaves: [] }
}

/** Whether the audit record counts what could not be processed. */
function judgeCount(
  { evidence }: Workshop,
  { chunk, partition, offset }: Audited,
  bad: number,
  missingRows: number,
  report: Report,
): boolean {
  const { quarantined } = chunk
  if (quarantined >= bad && quarantined <= bad + missingRows) return true
  report.findings.push({
    ...at(evidence.audit.topic, partition, offset),
    promise: 8,
    what: 'wrong-audit-record',
    raw: null,
    expected: `${bad} rows that can't be processed`,
    found: `${quarantined}`,
  })
  return false
}

function nameOf({ key, value, appendTimeMs }: Pick<RawRecord, 'key' | 'value' | 'appendTimeMs'>): string {
  return `${appendTimeMs}|${key?.toString('latin1') ?? '-'}|${value?.toString('latin1') ?? '-'}`
}
