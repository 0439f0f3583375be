import type { Api } from './api.ts'

export interface MetadataResponse {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
  readonly topics: readonly TopicMetadata[]
}

export interface TopicMetadata {
  readonly errorCode: number
  readonly topic: string
  readonly topicId: string
  readonly partitions: readonly {
    readonly errorCode: number
    readonly partition: number
    readonly leader: number
    readonly leaderEpoch: number
  }[]
}

/** Metadata 12: brokers, and the leaders of these topics. Never creates a topic. */
export function metadata(topics: readonly string[]): Api<MetadataResponse> {
  return {
    name: 'Metadata',
    key: 3,
    version: 12,
    write: (writer) => {
      writer.arrayLength(topics.length)
      for (const topic of topics) writer.uuid('0'.repeat(32)).string(topic).tags()
      writer.bool(false).bool(false).tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const brokers = reader.array(() => {
        const broker = { nodeId: reader.int32(), host: reader.string(), port: reader.int32() }
        reader.nullableString() // rack
        reader.tags()
        return broker
      })
      reader.nullableString() // cluster id
      reader.int32() // controller
      const topicsRead = reader.array(() => {
        const errorCode = reader.int16()
        const topic = reader.nullableString() ?? ''
        const topicId = reader.uuid()
        reader.bool() // internal
        const partitions = reader.array(() => {
          const partition = {
            errorCode: reader.int16(),
            partition: reader.int32(),
            leader: reader.int32(),
            leaderEpoch: reader.int32(),
          }
          reader.int32Array() // replicas
          reader.int32Array() // in sync
          reader.int32Array() // offline
          reader.tags()
          return partition
        })
        reader.int32() // authorized operations
        reader.tags()
        return { errorCode, topic, topicId, partitions }
      })
      reader.tags()
      return { brokers, topics: topicsRead }
    },
  }
}
