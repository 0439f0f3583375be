import type { Api } from './api.ts'
import type { ProducerIdentity } from './init-producer-id.ts'

/**
 * EndTxn 5: commits or aborts, and answers the identity for the next transaction (KIP-890). Sending it again with the
 * same verb, before the next transaction began, answers the same.
 */
export function endTxn(
  transactionalId: string,
  producer: ProducerIdentity,
  commit: boolean,
): Api<ProducerIdentity & { readonly errorCode: number }> {
  return {
    name: commit ? 'EndTxn(commit)' : 'EndTxn(abort)',
    key: 26,
    version: 5,
    write: (writer) =>
      void writer.string(transactionalId).int64(producer.producerId).int16(producer.epoch).bool(commit).tags(),
    read: (reader) => {
      reader.int32() // throttle time
      const answer = { errorCode: reader.int16(), producerId: reader.int64(), epoch: reader.int16() }
      reader.tags()
      return answer
    },
  }
}
