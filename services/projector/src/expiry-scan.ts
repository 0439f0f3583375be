import { type ConsentState, decodeStateRecord, isTickKey, refFromBytes, type SubjectRef } from '@weir/consent'
import { type Row, rowsOf } from '@weir/consent-view'
import type { Kafka } from '@weir/kafka'

/** Rows read without letting anything else run: less than a millisecond or two of ticks and folding. */
const ROWS_AT_ONCE = 200

/**
 * Reads one partition of `consent.state` from its start to what is committed now, in small pieces. What comes later the
 * tail brings. A state that can't be read is left out: whoever needs it is held anyway.
 *
 * @throws the signal's reason when it aborts; otherwise what a fetcher rejects with
 */
export async function scanStates(
  kafka: Pick<Kafka, 'endOffsets' | 'fetcher'>,
  topic: string,
  partition: number,
  onState: (ref: SubjectRef, state: ConsentState) => void,
  signal: AbortSignal,
): Promise<void> {
  const [start = 0] = await kafka.endOffsets([{ topic, partition }], 'earliest')
  const [end = 0] = await kafka.endOffsets([{ topic, partition }], 'stable')
  const fetcher = kafka.fetcher({
    topic,
    isolation: 'read_committed',
    maxWaitMs: 200,
    maxPartitionBytes: 256 << 10,
    maxBytes: 256 << 10,
    readAheadBytes: 512 << 10,
  })
  try {
    let position = start
    fetcher.assign(partition, position)
    while (position < end) {
      signal.throwIfAborted()
      for (const fetched of await fetcher.poll(500)) {
        const { rows, next } = rowsOf(fetched)
        for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
          for (const row of rows.slice(at, at + ROWS_AT_ONCE)) read(row, onState)
          await othersRun()
          signal.throwIfAborted()
        }
        position = Math.max(position, next)
      }
    }
  } finally {
    await fetcher.close()
  }
}

function othersRun(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function read({ key, value }: Row, onState: (ref: SubjectRef, state: ConsentState) => void): void {
  if (key === null || value === null || isTickKey(key)) return
  try {
    const record = decodeStateRecord(value)
    if (record.kind === 'state') onState(refFromBytes(key), record.state)
  } catch {
    // Left out.
  }
}
