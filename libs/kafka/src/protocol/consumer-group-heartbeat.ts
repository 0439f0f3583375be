import type { Api } from './api.ts'

export interface AssignedTopic {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export interface HeartbeatRequest {
  readonly groupId: string
  readonly memberId: string
  /** 0 joins, -1 leaves, otherwise the member's current epoch. */
  readonly memberEpoch: number
  /** null: unchanged since the last heartbeat. */
  readonly rebalanceTimeoutMs: number | null
  readonly topics: readonly string[] | null
  readonly owned: readonly AssignedTopic[] | null
}

export interface HeartbeatResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** null: unchanged. */
  readonly assignment: readonly AssignedTopic[] | null
}

/** ConsumerGroupHeartbeat 1 (KIP-848): joining, staying, owning, leaving. */
export function consumerGroupHeartbeat(request: HeartbeatRequest): Api<HeartbeatResponse> {
  return {
    name: 'ConsumerGroupHeartbeat',
    key: 68,
    version: 1,
    write: (writer) => {
      writer.string(request.groupId).string(request.memberId).int32(request.memberEpoch)
      writer
        .nullableString(null)
        .nullableString(null)
        .int32(request.rebalanceTimeoutMs ?? -1)
      if (request.topics === null) writer.nullArray()
      else {
        writer.arrayLength(request.topics.length)
        for (const topic of request.topics) writer.string(topic)
      }
      writer.nullableString(null).nullableString(null)
      if (request.owned === null) writer.nullArray()
      else {
        writer.arrayLength(request.owned.length)
        for (const { topicId, partitions } of request.owned) writer.uuid(topicId).int32Array(partitions).tags()
      }
      writer.tags()
    },
    read: (reader) => {
      reader.int32() // throttle time
      const errorCode = reader.int16()
      const errorMessage = reader.nullableString()
      reader.nullableString() // member id: ours
      const memberEpoch = reader.int32()
      const heartbeatIntervalMs = reader.int32()
      let assignment: AssignedTopic[] | null = null
      if (reader.int8() >= 0) {
        assignment = reader.array(() => {
          const topic = { topicId: reader.uuid(), partitions: reader.int32Array() }
          reader.tags()
          return topic
        })
        reader.tags()
      }
      reader.tags()
      return { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs, assignment }
    },
  }
}
