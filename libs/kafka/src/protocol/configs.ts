import type { Api } from './api.ts'

/** What a config belongs to, as the protocol numbers it. */
export const Resource = { topic: 2, broker: 4 } as const

const SET = 0

export interface DescribedConfig {
  readonly errorCode: number
  readonly errorMessage: string | null
  /** Values that the broker does not tell (secrets) are absent. */
  readonly config: Readonly<Record<string, string>>
}

/** DescribeConfigs 4: all settings of one topic or broker. A broker answers for itself only. */
export function describeConfigs(type: number, name: string): Api<DescribedConfig | undefined> {
  return {
    name: 'DescribeConfigs',
    key: 32,
    version: 4,
    write: (writer) =>
      void writer.arrayLength(1).int8(type).string(name).nullArray().tags().bool(false).bool(false).tags(),
    read: (reader) => {
      reader.int32() // throttle time
      const results = reader.array(() => {
        const [errorCode, errorMessage] = [reader.int16(), reader.nullableString()]
        reader.int8() // resource type
        reader.string() // resource name
        const config: Record<string, string> = {}
        reader.array(() => {
          const setting = reader.string()
          const value = reader.nullableString()
          if (value !== null) config[setting] = value
          reader.bool() // read only
          reader.int8() // source
          reader.bool() // sensitive
          reader.array(() => {
            reader.string()
            reader.nullableString()
            reader.int8()
            reader.tags()
          })
          reader.int8() // type
          reader.nullableString() // documentation
          reader.tags()
        })
        reader.tags()
        return { errorCode, errorMessage, config }
      })
      reader.tags()
      return results[0]
    },
  }
}

/** IncrementalAlterConfigs 1: sets these of a topic and leaves the others as they are (KIP-339). */
export function setTopicConfig(
  topic: string,
  config: Readonly<Record<string, string>>,
): Api<{ readonly errorCode: number; readonly errorMessage: string | null } | undefined> {
  const settings = Object.entries(config)
  return {
    name: 'IncrementalAlterConfigs',
    key: 44,
    version: 1,
    write: (writer) => {
      writer.arrayLength(1).int8(Resource.topic).string(topic).arrayLength(settings.length)
      for (const [name, value] of settings) writer.string(name).int8(SET).nullableString(value).tags()
      writer.tags().bool(false).tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const results = reader.array(() => {
        const result = { errorCode: reader.int16(), errorMessage: reader.nullableString() }
        reader.int8()
        reader.string()
        reader.tags()
        return result
      })
      reader.tags()
      return results[0]
    },
  }
}
