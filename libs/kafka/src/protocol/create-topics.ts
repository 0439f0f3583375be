import type { TopicSpec } from '../port.ts'
import type { Api } from './api.ts'
import { readTopicResults, type TopicResult } from './topic-result.ts'

/** CreateTopics 7, with the cluster's own replication factor. Any broker hands it on to the controller. */
export function createTopics(specs: readonly TopicSpec[], timeoutMs: number): Api<TopicResult[]> {
  return {
    name: 'CreateTopics',
    key: 19,
    version: 7,
    write: (writer) => {
      writer.arrayLength(specs.length)
      for (const { topic, partitions, config } of specs) {
        writer.string(topic).int32(partitions).int16(-1).arrayLength(0)
        const settings = Object.entries(config)
        writer.arrayLength(settings.length)
        for (const [name, value] of settings) writer.string(name).nullableString(value).tags()
        writer.tags()
      }
      writer.int32(timeoutMs).bool(false).tags()
    },
    read: (reader) =>
      readTopicResults(reader, () => {
        const topic = reader.string()
        reader.uuid()
        const result = { topic, errorCode: reader.int16(), errorMessage: reader.nullableString() }
        reader.int32() // partitions
        reader.int16() // replication factor
        reader.array(() => {
          reader.string()
          reader.nullableString()
          reader.bool()
          reader.int8()
          reader.bool()
          reader.tags()
        })
        return result
      }),
  }
}
