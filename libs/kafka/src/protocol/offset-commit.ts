import type { MemberIdentity, TopicPosition } from '../port.ts'
import type { Api } from './api.ts'
import { readFirstCode, writeOffsets } from './offsets-to-commit.ts'

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
      writeOffsets(writer, offsets)
    },
    read: readFirstCode,
  }
}
