import type { ForeignRecord } from '../support/foreign/foreign.ts'
import type { CleanRecord } from '../support/weir.ts'
import type { SeenRecord } from './seen.ts'
import type { Transactions } from './transactions.ts'

/** A clean topic as an attacker has it. */
export interface CleanTopic {
  readonly records: readonly CleanRecord[]
  readonly transactions: Transactions
  /** How fine the purpose may see the event's time. */
  readonly timeMs: number
}

const PSEUDONYM = /^\d+\.[0-9a-f]{32}$/

/** Two clean topics, each record with what both show of it. Records without a key belong to nobody and are left out. */
export function seenInBoth(one: CleanTopic, other: CleanTopic): { a: SeenRecord[]; b: SeenRecord[] } {
  const paths = pathsOf(one).intersection(pathsOf(other))
  const timeMs = Math.max(one.timeMs, other.timeMs)
  return { a: seen(one, paths, timeMs), b: seen(other, paths, timeMs) }
}

/**
 * Records without a key, as if each were a person's, named by whoever knows better than its reader; and what it shows left
 * out, since that is how it is known.
 */
export function seenStripped(
  { records, transactions }: CleanTopic,
  nameOf: (record: CleanRecord) => string | null,
): SeenRecord[] {
  return records
    .filter(({ key }) => key === null)
    .flatMap((record) => {
      const name = nameOf(record)
      return name === null ? [] : [{ ...seenOf(record, transactions), key: name, shown: '', leaves: [] }]
    })
}

/** A forget topic. What is open of a record is when its order was given, since withdrawals are no secret in time. */
export function seenForgotten(
  records: readonly ForeignRecord[],
  transactions: Transactions,
  orderedAt: (pseudonym: string) => string,
): SeenRecord[] {
  return records
    .map((record) => seenOf(record, transactions))
    .map((record) => ({ ...record, shown: orderedAt(record.key), leaves: [] }))
}

function seen({ records, transactions }: CleanTopic, paths: ReadonlySet<string>, timeMs: number): SeenRecord[] {
  return records
    .filter(({ key }) => key !== null)
    .map((record): SeenRecord => {
      const leaves = leavesOf(record.event)
      const shown = leaves
        .filter(([path]) => paths.has(path))
        .map(([path, value]) => {
          return `${path}=${path === 'occurredAt' ? Math.floor(Number(value) / timeMs) : value}`
        })
      return {
        ...seenOf(record, transactions),
        shown: shown.sort().join('\n'),
        leaves: leaves.map(([, value]) => value).filter((value) => PSEUDONYM.test(value)),
      }
    })
}

function seenOf(record: ForeignRecord, transactions: Transactions): Omit<SeenRecord, 'shown' | 'leaves'> {
  return {
    partition: record.partition,
    offset: record.offset,
    timestampMs: record.timestamp,
    key: record.key?.toString() ?? '',
    headers: record.headers.map(([name, value]) => `${name} ${value?.toString('hex')}`),
    transaction: transactions(record.partition, record.offset),
    bytes: record.value?.length ?? 0,
  }
}

/** Paths of what a topic shows; pseudonyms show nothing to hold against another topic. */
function pathsOf({ records }: CleanTopic): Set<string> {
  const leaves = records.flatMap(({ event }) => leavesOf(event))
  return new Set(leaves.filter(([, value]) => !PSEUDONYM.test(value)).map(([path]) => path))
}

function leavesOf(value: unknown, path = ''): [path: string, value: string][] {
  if (value === null || value === undefined) return []
  if (typeof value !== 'object') return [[path, String(value)]]
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, path === '' ? name : `${path}.${name}`))
}
