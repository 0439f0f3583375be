import type { TopicPartition, TopicPosition } from '../port.ts'
import { type Api, byTopic } from './api.ts'

/** DeleteRecords 2: everything before each offset, of partitions that the broker leads. */
export function deleteRecords(
  before: readonly TopicPosition[],
  timeoutMs: number,
): Api<(TopicPartition & { readonly errorCode: number })[]> {
  return {
    name: 'DeleteRecords',
    key: 21,
    version: 2,
    write: (writer) => {
      const topics = byTopic(before)
      writer.arrayLength(topics.length)
      for (const [topic, partitions] of topics) {
        writer.string(topic).arrayLength(partitions.length)
        for (const { partition, offset } of partitions) writer.int32(partition).int64Number(offset).tags()
        writer.tags()
      }
      writer.int32(timeoutMs).tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const answers = reader.array(() => {
        const topic = reader.string()
        const partitions = reader.array(() => {
          const partition = reader.int32()
          reader.int64Number() // where the log begins now
          const errorCode = reader.int16()
          reader.tags()
          return { topic, partition, errorCode }
        })
        reader.tags()
        return partitions
      })
      reader.tags()
      return answers.flat()
    },
  }
}
