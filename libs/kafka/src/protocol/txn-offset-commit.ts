import type { MemberIdentity, TopicPosition } from '../port.ts'
import { type Api, byTopic } from './api.ts'
import type { ProducerIdentity } from './init-producer-id.ts'

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
      const topics = byTopic(offsets)
      writer.arrayLength(topics.length)
      for (const [topic, partitions] of topics) {
        writer.string(topic).arrayLength(partitions.length)
        for (const { partition, offset } of partitions) {
          writer.int32(partition).int64Number(offset).int32(-1).nullableString(null).tags()
        }
        writer.tags()
      }
      writer.tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const codes = reader.array(() => {
        reader.string()
        const of = reader.array(() => {
          reader.int32()
          const code = reader.int16()
          reader.tags()
          return code
        })
        reader.tags()
        return of
      })
      reader.tags()
      return codes.flat().find((code) => code !== 0) ?? 0
    },
  }
}
