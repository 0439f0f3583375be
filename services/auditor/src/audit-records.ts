import { readChunk } from './chunk.ts'
import { type Evidence, EvidenceError, type TopicLog } from './evidence.ts'
import type { Keys } from './keys.ts'
import { type Audited, transactionOf } from './workshop.ts'

/** One record of the audit topic. */
export type ReadAudit =
  | { readonly audited: Audited }
  | { readonly audited: null; readonly partition: number; readonly offset: number; readonly why: string }

/** @throws EvidenceError without the root key that they are sealed with */
export function* auditRecords(log: TopicLog, keys: Keys): Generator<ReadAudit> {
  for (const [partition, { batches }] of log.partitions.entries()) {
    for (const batch of batches) {
      for (const { offset, value, timestampMs } of batch.records()) {
        const content = keys.open(log.topic, value)
        if (content === 'no-key')
          throw new EvidenceError(`the root key that a record of ${log.topic} is sealed with is not given`)
        const chunk = content === null ? null : readChunk(content)
        if (chunk !== null && batch.producerId >= 0) {
          yield { audited: { chunk, transaction: transactionOf(batch), appendMs: timestampMs, partition, offset } }
        } else {
          const why =
            content === null
              ? 'one that does not open'
              : chunk === null
                ? 'one that can not be read'
                : 'one outside of a transaction'
          yield { audited: null, partition, offset, why }
        }
      }
    }
  }
}

/** Whether a chunk lies in the range that is audited. */
export function isJudged(
  { appendMs, partition, offset }: Audited,
  { fromMs, toMs, auditEnds }: Pick<Evidence, 'fromMs' | 'toMs' | 'auditEnds'>,
): boolean {
  return appendMs >= fromMs && appendMs < toMs && offset < (auditEnds[partition] ?? Number.POSITIVE_INFINITY)
}
