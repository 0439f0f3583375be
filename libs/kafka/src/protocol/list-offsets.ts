import { type Api, byTopic } from './api.ts'

/** The latest offset: high watermark, or last stable offset for read_committed. */
export const LATEST = -1
export const EARLIEST = -2

export interface OffsetQuestion {
  readonly topic: string
  readonly partition: number
  readonly leaderEpoch: number
}

export interface OffsetAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly offset: number
}

/** ListOffsets 7 with the leader epoch that we know, so that an old leader refuses (KIP-320). */
export function listOffsets(
  questions: readonly OffsetQuestion[],
  timestamp: number,
  readCommitted: boolean,
): Api<OffsetAnswer[]> {
  return {
    name: 'ListOffsets',
    key: 2,
    version: 7,
    write: (writer) => {
      writer.int32(-1).int8(readCommitted ? 1 : 0)
      const topics = byTopic(questions)
      writer.arrayLength(topics.length)
      for (const [topic, partitions] of topics) {
        writer.string(topic).arrayLength(partitions.length)
        for (const { partition, leaderEpoch } of partitions) {
          writer.int32(partition).int32(leaderEpoch).int64Number(timestamp).tags()
        }
        writer.tags()
      }
      writer.tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const answers = reader.array(() => {
        const topic = reader.string()
        const partitions = reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          reader.int64Number() // timestamp
          const offset = reader.int64Number()
          reader.int32() // leader epoch
          reader.tags()
          return { topic, partition, errorCode, offset }
        })
        reader.tags()
        return partitions
      })
      reader.tags()
      return answers.flat()
    },
  }
}
