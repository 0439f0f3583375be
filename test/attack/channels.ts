import { mean, type SeenRecord, type Track } from './seen.ts'

/**
 * What could tell that a pseudonym of one purpose and one of another are the same person's, beside arrival time and values
 * that both show. How alike two of them are in this respect, for all of one side and all of the other: [of a][of b].
 */
export type Channel = (a: readonly Track[], b: readonly Track[]) => number[][]

export const CHANNELS = {
  'order in batches': byRank((track) => track.place),
  offsets: byShared((record) => [`${record.offset}`]),
  'order by offset': byRank((track) => mean(track.records.map(({ offset }) => offset))),
  'order by transaction': byRank((track) => mean(track.records.map(({ transaction }) => epochOf(transaction)))),
  'record timestamps': byRank((track) => mean(track.records.map(({ timestampMs }) => timestampMs))),
  partitions: byShared((record) => [`${record.partition}`]),
  headers: byShared((record) => record.headers),
  'digits of keys': pairwise((one, other) => equalDigits(one.key, other.key)),
  'order of keys': byRank((track) => Number.parseInt(digitsOf(track.key).slice(0, 12), 16)),
  'pseudonyms in values': byShared((record) => record.leaves),
  sizes: byRank((track) => mean(track.records.map(({ bytes }) => bytes))),
} as const satisfies Readonly<Record<string, Channel>>

export type ChannelName = keyof typeof CHANNELS

function pairwise(alike: (one: Track, other: Track) => number): Channel {
  return (a, b) => a.map((one) => b.map((other) => alike(one, other)))
}

/** The nearer in rank among their own, the more alike: whatever the values mean, and however they are spread. */
function byRank(value: (track: Track) => number): Channel {
  return (a, b) => {
    const [ranksA, ranksB] = [ranks(a.map(value)), ranks(b.map(value))]
    return ranksA.map((one) => ranksB.map((other) => -Math.abs(one - other)))
  }
}

/** The more of their marks they share, the more alike. */
function byShared(marks: (record: SeenRecord) => readonly string[]): Channel {
  const of = (track: Track) => new Set(track.records.flatMap(marks))
  return (a, b) => {
    const others = b.map(of)
    return a.map(of).map((own) => others.map((other) => own.intersection(other).size))
  }
}

/** Equal values share the mean of their ranks. */
function ranks(values: readonly number[]): number[] {
  const sorted = [...values].sort((one, other) => one - other)
  const sums = new Map<number, { sum: number; count: number }>()
  for (const [at, value] of sorted.entries()) {
    const { sum, count } = sums.get(value) ?? { sum: 0, count: 0 }
    sums.set(value, { sum: sum + at, count: count + 1 })
  }
  return values.map((value) => {
    const { sum, count } = sums.get(value) as { sum: number; count: number }
    return sum / count
  })
}

function equalDigits(one: string, other: string): number {
  const [a, b] = [digitsOf(one), digitsOf(other)]
  let equal = 0
  for (let at = 0; at < a.length; at++) if (a[at] === b[at]) equal++
  return equal
}

/** Without the epoch, which many share. */
function digitsOf(pseudonym: string): string {
  return pseudonym.slice(pseudonym.indexOf('.') + 1)
}

/** Transactions of one producer count up. */
function epochOf(transaction: string): number {
  return Number(transaction.split(':').at(-1))
}
