import type { TopicPartition } from '../port.ts'
import { type Api, byTopic } from './api.ts'

export interface CommittedOffset extends TopicPartition {
  readonly errorCode: number
  /** -1: none committed. */
  readonly offset: number
}

/** OffsetFetch 9 with require_stable: UNSTABLE_OFFSET_COMMIT while a transaction on a partition is pending (KIP-447). */
export function offsetFetch(
  groupId: string,
  partitions: readonly TopicPartition[],
): Api<{ readonly errorCode: number; readonly offsets: readonly CommittedOffset[] }> {
  return {
    name: 'OffsetFetch',
    key: 9,
    version: 9,
    write: (writer) => {
      writer.arrayLength(1).string(groupId).nullableString(null).int32(-1)
      const topics = byTopic(partitions)
      writer.arrayLength(topics.length)
      for (const [topic, of] of topics) {
        writer
          .string(topic)
          .int32Array(of.map((p) => p.partition))
          .tags()
      }
      writer.tags().bool(true).tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const groups = reader.array(() => {
        reader.string() // group
        const offsets = reader.array(() => {
          const topic = reader.string()
          const of = reader.array(() => {
            const partition = reader.int32()
            const offset = reader.int64Number()
            reader.int32() // leader epoch
            reader.nullableString() // metadata
            const errorCode = reader.int16()
            reader.tags()
            return { topic, partition, offset, errorCode }
          })
          reader.tags()
          return of
        })
        const errorCode = reader.int16()
        reader.tags()
        return { errorCode, offsets: offsets.flat() }
      })
      reader.tags()
      return groups[0] ?? { errorCode: 0, offsets: [] }
    },
  }
}
