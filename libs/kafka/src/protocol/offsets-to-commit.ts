import type { TopicPosition } from '../port.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { byTopic } from './api.ts'

/** What OffsetCommit 9 and TxnOffsetCommit 5 have in common: from the list of topics to the end of the request. */
export function writeOffsets(writer: Writer, offsets: readonly TopicPosition[]): void {
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
}

/** The whole response of both: the first error code that is not NONE. */
export function readFirstCode(reader: Reader): number {
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
}
