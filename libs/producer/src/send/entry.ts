/** Where an event lies now: in the raw topic, on all in-sync replicas. */
export interface Recorded {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** A record to be sent. */
export interface OutgoingRecord {
  readonly key: Buffer
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** A record on its way, from track() to the answer. */
export interface Entry extends OutgoingRecord {
  /** What it may take of a batch. */
  readonly bytes: number
  /** Monotonic time after which it is given up. */
  readonly untilMs: number
  /** Entries are numbered in the order of track(). */
  readonly number: number
  /** Fixed when it gets room in the queue; -1 before. */
  partition: number
  /** An attempt to write it ended without a clear answer. */
  unclear: boolean
  readonly resolve: (recorded: Recorded) => void
  readonly reject: (error: Error) => void
}

/** What a record and each of its headers may add to key, value and header texts: lengths, attributes, deltas. */
const FRAMING_BYTES = 128
const HEADER_FRAMING_BYTES = 10

/** An upper bound of what a record takes of a batch. */
export function recordBytes({ key, value, headers }: OutgoingRecord): number {
  let bytes = FRAMING_BYTES + key.length + value.length
  for (const [name, text] of Object.entries(headers)) {
    bytes += HEADER_FRAMING_BYTES + Buffer.byteLength(name) + Buffer.byteLength(text)
  }
  return bytes
}
