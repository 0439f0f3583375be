import type { Api } from './api.ts'

export interface FetchQuestion {
  readonly partition: number
  /** Of the leader as we know it: another one refuses. */
  readonly leaderEpoch: number
  readonly offset: number
  /** Under which leader epoch the record before `offset` was written; -1 when not known. */
  readonly lastEpoch: number
}

export interface FetchBounds {
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxPartitionBytes: number
  readonly readCommitted: boolean
}

export interface FetchAnswer {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly aborted: { readonly producerId: bigint; readonly firstOffset: number }[]
  /** Set when the log does not have `lastEpoch` up to the offset asked for: how far it has it (KIP-595). */
  readonly diverging: { readonly epoch: number; readonly endOffset: number } | undefined
  /** A view on the response. The last batch may be cut short. */
  readonly records: Buffer
}

export interface FetchResponse {
  readonly errorCode: number
  readonly partitions: readonly FetchAnswer[]
}

/** Fetch 12 without a fetch session, for partitions of one topic. Waits at the broker until there is one byte. */
export function fetch(topic: string, questions: readonly FetchQuestion[], bounds: FetchBounds): Api<FetchResponse> {
  return {
    name: 'Fetch',
    key: 1,
    version: 12,
    write: (writer) => {
      writer.int32(-1).int32(bounds.maxWaitMs).int32(1).int32(bounds.maxBytes)
      writer.int8(bounds.readCommitted ? 1 : 0)
      writer.int32(0).int32(-1) // no session
      writer.arrayLength(1).string(topic).arrayLength(questions.length)
      for (const { partition, leaderEpoch, offset, lastEpoch } of questions) {
        writer.int32(partition).int32(leaderEpoch).int64Number(offset)
        writer.int32(lastEpoch).int64Number(-1).int32(bounds.maxPartitionBytes).tags()
      }
      writer.tags().arrayLength(0).string('').tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const errorCode = reader.int16()
      reader.int32() // session
      const partitions = reader.array(() => {
        reader.string() // topic
        const answers = reader.array(() => {
          const partition = reader.int32()
          const partitionError = reader.int16()
          const highWatermark = reader.int64Number()
          const lastStableOffset = reader.int64Number()
          const logStartOffset = reader.int64Number()
          const aborted = reader.array(() => {
            const transaction = { producerId: reader.int64(), firstOffset: reader.int64Number() }
            reader.tags()
            return transaction
          })
          reader.int32() // preferred read replica
          const records = reader.bytes()
          let diverging: FetchAnswer['diverging']
          reader.tags((tag, field) => {
            if (tag === 0) diverging = { epoch: field.int32(), endOffset: field.int64Number() }
          })
          return {
            partition,
            errorCode: partitionError,
            highWatermark,
            lastStableOffset,
            logStartOffset,
            aborted,
            diverging,
            records,
          }
        })
        reader.tags()
        return answers
      })
      reader.tags()
      return { errorCode, partitions: partitions.flat() }
    },
  }
}
