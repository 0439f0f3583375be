import type { Api } from './api.ts'

export type CoordinatorType = 'group' | 'transaction'

export interface FoundCoordinator {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** FindCoordinator 4: which broker looks after a group or a transactional id. */
export function findCoordinator(type: CoordinatorType, key: string): Api<FoundCoordinator | undefined> {
  return {
    name: 'FindCoordinator',
    key: 10,
    version: 4,
    write: (writer) =>
      void writer
        .int8(type === 'group' ? 0 : 1)
        .arrayLength(1)
        .string(key)
        .tags(),
    read: (reader) => {
      reader.int32() // throttle time
      const found = reader.array(() => {
        reader.string() // key
        const nodeId = reader.int32()
        const host = reader.string()
        const port = reader.int32()
        const errorCode = reader.int16()
        const errorMessage = reader.nullableString()
        reader.tags()
        return { errorCode, errorMessage, nodeId, host, port }
      })
      reader.tags()
      return found[0]
    },
  }
}
