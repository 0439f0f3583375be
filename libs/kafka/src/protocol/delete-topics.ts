import type { Api } from './api.ts'
import { readTopicResults, type TopicResult } from './topic-result.ts'

/** DeleteTopics 6, by name. Any broker hands it on to the controller. */
export function deleteTopics(topics: readonly string[], timeoutMs: number): Api<TopicResult[]> {
  return {
    name: 'DeleteTopics',
    key: 20,
    version: 6,
    write: (writer) => {
      writer.arrayLength(topics.length)
      for (const topic of topics) writer.nullableString(topic).uuid('0'.repeat(32)).tags()
      writer.int32(timeoutMs).tags()
    },
    read: (reader) =>
      readTopicResults(reader, () => {
        const topic = reader.nullableString() ?? ''
        reader.uuid()
        return { topic, errorCode: reader.int16(), errorMessage: reader.nullableString() }
      }),
  }
}
