import { Code } from '../errors.ts'
import { hostOf } from '../network.ts'
import type { Answer } from './answer.ts'

const PORT = 9092
const NO_ID = '0'.repeat(32)

/** Metadata 12, of named topics. */
export const metadata: Answer = ({ controller }, broker, request, respond, body) => {
  const view = controller.viewOf(broker)
  const asked = request.array(() => {
    request.uuid()
    const name = request.nullableString() ?? ''
    request.tags()
    return name
  })
  const answer = body().int32(0).arrayLength(view.brokers.length)
  for (const id of view.brokers) answer.int32(id).string(hostOf(id)).int32(PORT).nullableString(null).tags()
  answer.nullableString('model').int32(0).arrayLength(asked.length)
  for (const name of asked) {
    const topic = view.topics.get(name)
    answer.int16(topic === undefined ? Code.UNKNOWN_TOPIC_OR_PARTITION : 0).nullableString(name)
    answer
      .uuid(topic?.id ?? NO_ID)
      .bool(false)
      .arrayLength(topic?.partitions.length ?? 0)
    for (const [partition, { leader, epoch, replicas }] of (topic?.partitions ?? []).entries()) {
      answer
        .int16(leader < 0 ? Code.LEADER_NOT_AVAILABLE : 0)
        .int32(partition)
        .int32(leader)
        .int32(epoch)
      answer.int32Array(replicas).int32Array(replicas).int32Array([]).tags()
    }
    answer.int32(0).tags()
  }
  respond(answer.tags())
}

/** FindCoordinator 4. */
export const findCoordinator: Answer = ({ controller }, broker, request, respond, body) => {
  const kind = request.int8() === 0 ? 'group' : 'transaction'
  const keys = request.array(() => request.string())
  const { coordinators } = controller.viewOf(broker)
  const answer = body().int32(0).arrayLength(keys.length)
  for (const key of keys) {
    const id = controller.areCoordinatorsAway ? -1 : (coordinators[kind][controller.coordinatorIndex(key)] ?? -1)
    answer.string(key).int32(id)
    answer.string(id < 0 ? '' : hostOf(id)).int32(id < 0 ? -1 : PORT)
    answer
      .int16(id < 0 ? Code.COORDINATOR_NOT_AVAILABLE : 0)
      .nullableString(null)
      .tags()
  }
  respond(answer.tags())
}
