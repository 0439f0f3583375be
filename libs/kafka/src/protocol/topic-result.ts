import type { Reader } from '../wire/reader.ts'

export interface TopicResult {
  readonly topic: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** The answers to a request about topics: throttle time, then one a topic. */
export function readTopicResults(reader: Reader, result: () => TopicResult): TopicResult[] {
  reader.int32() // throttle time
  const results = reader.array(() => {
    const read = result()
    reader.tags()
    return read
  })
  reader.tags()
  return results
}
