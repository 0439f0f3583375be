/** What an attacker has of a topic: the records, and the transaction that each stands in. */

export interface SeenRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  /** A pseudonym, as text. */
  readonly key: string
  readonly headers: readonly string[]
  /** Producer id and epoch of its batch: when it arrived, as exactly as can be told. */
  readonly transaction: string
  /** What of its value both purposes show, in one form for both. */
  readonly shown: string
  /** Other pseudonyms in it. */
  readonly leaves: readonly string[]
  readonly bytes: number
}

/** All records of one pseudonym. */
export interface Track {
  readonly key: string
  readonly records: readonly SeenRecord[]
  /** Where each record stands among those of its partition and transaction, from 0 to 1; the mean of all. */
  readonly place: number
  /** The transactions that it appears in. */
  readonly arrival: string
  /** What both purposes show of its records. */
  readonly values: string
  /** Arrival, with what both purposes show of each record. */
  readonly arrivalAndValues: string
}

export function tracksOf(records: readonly SeenRecord[]): Map<string, Track> {
  const places = placesOf(records)
  const tracks = new Map<string, Track>()
  for (const [key, own] of Map.groupBy(records, (record) => record.key)) {
    tracks.set(key, {
      key,
      records: own,
      place: mean(own.map((record) => places.get(record) as number)),
      arrival: own
        .map(({ transaction }) => transaction)
        .sort()
        .join(' '),
      values: own
        .map(({ shown }) => shown)
        .sort()
        .join('\n'),
      arrivalAndValues: own
        .map(({ transaction, shown }) => `${transaction} ${shown}`)
        .sort()
        .join('\n'),
    })
  }
  return tracks
}

function placesOf(records: readonly SeenRecord[]): Map<SeenRecord, number> {
  const places = new Map<SeenRecord, number>()
  for (const batch of Map.groupBy(records, ({ partition, transaction }) => `${partition} ${transaction}`).values()) {
    const inOrder = [...batch].sort((one, other) => one.offset - other.offset)
    for (const [at, record] of inOrder.entries()) places.set(record, (at + 0.5) / inOrder.length)
  }
  return places
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
