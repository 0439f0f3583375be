import type { FetchAnswer, FetchQuestion } from './protocol/fetch.ts'

/** One assigned partition. A new object for each `assign`, so that a late response for an old one is recognised. */
export interface Assigned {
  readonly partition: number
  position: number
  /** Leader epoch of the last batch before `position`; -1 until one was read. */
  lastEpoch: number
  /** Of the topic that `position` is a position of; undefined until its leader is known. */
  topicId: string | undefined
  /** Set after an error that is the user's: not asked again until assigned anew. */
  failed: boolean
  /** Not asked again before this (monotonic), after an error that time mends. */
  notBeforeMs: number
  /** The error it waits for; told once. */
  trouble: number
}

/** A question that is out, and the assignment it was asked for. */
export interface Asked extends FetchQuestion {
  readonly assigned: Assigned
}

export function assignedAt(partition: number, position: number): Assigned {
  return { partition, position, lastEpoch: -1, topicId: undefined, failed: false, notBeforeMs: 0, trouble: 0 }
}

/**
 * Whether the answer to a question still counts, `now` being what its partition is assigned as. While a partition moves it
 * may be asked for at two brokers at once. Whichever answers first moves the position; the other would repeat the records.
 */
export function isWanted({ assigned, offset }: Asked, now: Assigned | undefined): boolean {
  return now === assigned && !assigned.failed && assigned.position === offset
}

/** How the log differs from what was read, for LogTruncated. */
export function divergenceOf(
  { offset, lastEpoch }: Asked,
  { epoch, endOffset }: NonNullable<FetchAnswer['diverging']>,
): string {
  const has = endOffset < 0 || epoch < 0 ? '' : `; of what came before, epoch ${epoch} ends at ${endOffset}`
  return `no longer has what was read up to offset ${offset}, written under leader epoch ${lastEpoch}${has}`
}
