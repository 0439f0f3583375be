import type { MemberIdentity, TopicPosition } from '../port.ts'
import type { Api } from './api.ts'
import type { ProducerIdentity } from './init-producer-id.ts'
import { readFirstCode, writeOffsets } from './offsets-to-commit.ts'

/**
 * TxnOffsetCommit 5: offsets as part of a transaction, refused when the member's generation is not current (KIP-447);
 * the broker adds the group's partition to the transaction itself (KIP-890). Answers one error code: the first that
 * is not NONE.
 */
export function txnOffsetCommit(
  transactionalId: string,
  producer: ProducerIdentity,
  member: MemberIdentity,
  offsets: readonly TopicPosition[],
): Api<number> {
  return {
    name: 'TxnOffsetCommit',
    key: 28,
    version: 5,
    write: (writer) => {
      writer.string(transactionalId).string(member.groupId).int64(producer.producerId).int16(producer.epoch)
      writer.int32(member.generation).string(member.memberId).nullableString(null)
      writeOffsets(writer, offsets)
    },
    read: readFirstCode,
  }
}
