import { BatchBuilder } from './batch/batch-builder.ts'
import { AppendFailed, BrokerError, canRetry, TooLate } from './errors.ts'
import type { Failure, Sent } from './partition-line.ts'
import type { AppendOutcome, FinishedBatch, RecordToAppend } from './port.ts'

/** What a batch of an append may have: below the default of a topic's max.message.bytes (1 MiB). */
export const MAX_BATCH_BYTES = 900_000

/** One call of `append` that has no answer yet. */
export interface Append {
  readonly topic: string
  readonly records: readonly RecordToAppend[]
  readonly untilMs: number
  /** Something of it may be written. */
  isOut: boolean
  /** Its time is over, and it was told so: what comes now nobody hears. */
  isExpired: boolean
  resolve(offsets: number[]): void
  reject(error: unknown): void
  /** Its records are no longer held here. */
  release(): void
}

/** Batches of one partition, and how many of its records have been handed back to their appends. */
export interface Line {
  readonly builder: BatchBuilder
  batches: FinishedBatch[]
  taken: number
}

/** The appends' records as batches, in their order within each partition. */
export function build(appends: readonly Append[]): Map<string, Line> {
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

/** Answers an append, in the order in which all appends were built. */
export function settle(
  append: Append,
  lines: ReadonlyMap<string, Line>,
  sentOf: (batch: FinishedBatch) => Sent | undefined,
): void {
  const offsets: (number | null)[] = []
  let failure: Failure | undefined
  for (const { partition } of append.records) {
    const line = lines.get(`${append.topic}/${partition}`)
    const found = line && fateOf(line, line.taken++, sentOf)
    if (found !== undefined && found.failure === undefined && found.offset >= 0) {
      offsets.push(found.offset)
      continue
    }
    offsets.push(null)
    const doing = `Produce to partition ${partition} of ${append.topic}`
    const why = found?.failure ?? {
      error: new BrokerError(DUPLICATE, doing, 'written before, and it no longer knows where'),
      mayBeWritten: true,
    }
    failure = { error: failure?.error ?? why.error, mayBeWritten: failure?.mayBeWritten || why.mayBeWritten }
  }
  if (failure === undefined) append.resolve(offsets.map(Number))
  else append.reject(failed(append, failure.mayBeWritten ? 'unknown' : 'not-written', offsets, failure.error))
}

const DUPLICATE = 46

/** What became of record `index` of the line; undefined: nothing is known of it. */
function fateOf(
  line: Line,
  index: number,
  sentOf: (batch: FinishedBatch) => Sent | undefined,
): { readonly offset: number; readonly failure: Failure | undefined } | undefined {
  let at = index
  for (const batch of line.batches) {
    if (at >= batch.recordCount) {
      at -= batch.recordCount
      continue
    }
    for (const { recordCount, baseOffset, failure } of sentOf(batch) ?? []) {
      if (at < recordCount) return { offset: baseOffset < 0 ? -1 : baseOffset + at, failure }
      at -= recordCount
    }
    break
  }
  return undefined
}

/** The broker's and our own view of the producer differ. */
export function isDoubt(error: unknown): boolean {
  return error instanceof BrokerError && doubts.has(error.codeName)
}

const doubts: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'UNKNOWN_PRODUCER_ID',
  'PRODUCER_FENCED',
])

function failed(
  append: Append,
  outcome: AppendOutcome,
  offsets: readonly (number | null)[],
  cause: unknown,
): AppendFailed {
  // Appending anew is another attempt: with more time, and after a doubt with another producer.
  const retriable = canRetry(cause) || cause instanceof TooLate || isDoubt(cause)
  return new AppendFailed(append.topic, outcome, offsets, retriable, cause)
}

/** The failure of an append of which no record is acknowledged. */
export function nothingOf(append: Append, cause: unknown): AppendFailed {
  const offsets = append.records.map(() => null)
  return failed(append, append.isOut ? 'unknown' : 'not-written', offsets, cause)
}
