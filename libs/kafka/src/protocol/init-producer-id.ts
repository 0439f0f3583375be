import type { Api } from './api.ts'

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
}

/** InitProducerId 5: fences whoever had the transactional id; without one, an id for idempotent appends. */
export function initProducerId(
  transactionalId: string | null,
  transactionTimeoutMs: number,
): Api<ProducerIdentity & { readonly errorCode: number }> {
  return {
    name: 'InitProducerId',
    key: 22,
    version: 5,
    write: (writer) =>
      void writer.nullableString(transactionalId).int32(transactionTimeoutMs).int64(-1n).int16(-1).tags(),
    read: (reader) => {
      reader.int32() // throttle time
      const answer = { errorCode: reader.int16(), producerId: reader.int64(), epoch: reader.int16() }
      reader.tags()
      return answer
    },
  }
}
