import { type Rows, recordHeaders } from '@weir/kafka'

/** What stands outside of a sealed quarantine record. Holds nothing of the event. */
export interface Label {
  /** The raw topic as it is called on the cluster. */
  readonly rawTopic: string
  readonly rawPartition: number
  readonly rawOffset: number
  /** Stable code of the reason, such as WEIR_EVENT_SCHEMA_UNKNOWN. */
  readonly code: string
  /** The reason in plain words. */
  readonly words: string
}

const PREFIX = '__connect.errors.'
const STAGE = 'TRANSFORMATION'

/** Headers of a quarantine record, in the names that Kafka Connect uses. */
export function labelHeaders(label: Label): (readonly [name: string, value: Buffer])[] {
  const headers = [
    ['topic', label.rawTopic],
    ['partition', String(label.rawPartition)],
    ['offset', String(label.rawOffset)],
    ['stage', STAGE],
    ['exception.class.name', label.code],
    ['exception.message', label.words],
  ] as const
  return headers.map(([name, text]) => [PREFIX + name, Buffer.from(text)])
}

/** Null when the record has no such headers: nothing of Weir's wrote it. */
export function labelOf(rows: Rows, row: number): Label | null {
  // Without a value it is none of ours, and where its headers lie is not known.
  if ((rows.valueStart[row] as number) < 0) return null
  const texts = new Map(recordHeaders(rows, row).map(([name, value]) => [name, value?.toString('utf8') ?? '']))
  const text = (name: string) => texts.get(PREFIX + name) ?? ''
  const label = {
    rawTopic: text('topic'),
    rawPartition: wholeNumber(text('partition')),
    rawOffset: wholeNumber(text('offset')),
    code: text('exception.class.name'),
    words: text('exception.message'),
  }
  const isWhole = label.rawTopic !== '' && label.code !== '' && label.rawPartition >= 0 && label.rawOffset >= 0
  return isWhole ? label : null
}

/** -1: it is none. */
function wholeNumber(text: string): number {
  const number = /^[0-9]{1,16}$/.test(text) ? Number(text) : -1
  return Number.isSafeInteger(number) ? number : -1
}
