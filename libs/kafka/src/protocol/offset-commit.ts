import type { MemberIdentity, TopicPosition } from '../port.ts'
import { type Api, byTopic } from './api.ts'

/**
 * OffsetCommit 9, the first that carries the epoch of a member of the new group protocol (KIP-848): refused when it is
 * not current. Answers one error code: the first that is not NONE.
 */
export function offsetCommit(member: MemberIdentity, offsets: readonly TopicPosition[]): Api<number> {
  return {
    name: 'OffsetCommit',
    key: 8,
    version: 9,
    write: (writer) => {
      writer.string(member.groupId).int32(member.generation).string(member.memberId).nullableString(null)
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
