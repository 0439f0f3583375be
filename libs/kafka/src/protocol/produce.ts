import type { TopicPartition } from '../port.ts'
import { type Api, byTopic } from './api.ts'

export interface ProduceAnswer {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly baseOffset: number
}

/**
 * Produce 12, acknowledged by all in-sync replicas; at most one batch a partition. With a transactional id the
 * broker adds the partition to the transaction itself (KIP-890), so no AddPartitionsToTxn is needed.
 */
export function produce(
  transactionalId: string | null,
  batches: readonly (TopicPartition & { readonly bytes: Buffer })[],
  timeoutMs: number,
): Api<ProduceAnswer[]> {
  return {
    name: 'Produce',
    key: 0,
    version: 12,
    write: (writer) => {
      writer.nullableString(transactionalId).int16(-1).int32(timeoutMs)
      const topics = byTopic(batches)
      writer.arrayLength(topics.length)
      for (const [topic, of] of topics) {
        writer.string(topic).arrayLength(of.length)
        for (const batch of of) writer.int32(batch.partition).bytesByReference(batch.bytes).tags()
        writer.tags()
      }
      writer.tags()
    },
    read: (reader) => {
      const answers = reader.array(() => {
        const topic = reader.string()
        const partitions = reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          const baseOffset = reader.int64Number()
          reader.int64Number() // log append time
          reader.int64Number() // log start
          reader.array(() => {
            reader.int32()
            reader.nullableString()
            reader.tags()
          })
          const errorMessage = reader.nullableString()
          reader.tags()
          return { topic, partition, errorCode, errorMessage, baseOffset }
        })
        reader.tags()
        return partitions
      })
      reader.int32() // throttle time
      reader.tags()
      return answers.flat()
    },
  }
}
