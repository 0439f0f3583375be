import type { Writer } from '../../../../libs/kafka/src/wire/writer.ts'
import { Code } from '../errors.ts'
import type { HeartbeatAnswer } from '../group.ts'
import { type Answer, coordinatorCode } from './answer.ts'

/** ConsumerGroupHeartbeat 1. */
export const heartbeat: Answer = (cluster, broker, request, respond, body) => {
  const { controller, groups } = cluster
  const groupId = request.string()
  const [memberId, memberEpoch] = [request.string(), request.int32()]
  request.nullableString() // instance
  request.nullableString() // rack
  const rebalanceTimeoutMs = request.int32()
  const topics = nullable(request.uvarint(), () => request.string())
  request.nullableString() // topics by expression
  request.nullableString() // assignor
  const owned = nullable(request.uvarint(), () => {
    const topic = { topicId: request.uuid(), partitions: request.int32Array() }
    request.tags()
    return topic
  })
  const beat = { memberId, memberEpoch, rebalanceTimeoutMs, topics, owned }
  const answer = (of: HeartbeatAnswer) => respond(write(body(), of, memberId, controller.world.settings.heartbeatMs))
  const code = coordinatorCode(cluster, broker, 'group', groupId)
  if (code !== 0) return answer({ code, memberEpoch: 0, assignment: null })
  if (controller.isIsolated(broker)) {
    const unchanged = groups.knownBy(broker, groupId)?.group.answerUnchanged(beat)
    if (unchanged !== undefined) answer(unchanged)
    return
  }
  if (memberEpoch !== 0 && groups.get(groupId) === undefined) {
    return answer({ code: Code.GROUP_ID_NOT_FOUND, memberEpoch: 0, assignment: null })
  }
  answer(groups.made(groupId).group.heartbeat(beat, controller.viewOf(broker)))
}

function nullable<T>(length: number, element: () => T): T[] | null {
  return length === 0 ? null : Array.from({ length: length - 1 }, element)
}

function write(answer: Writer, of: HeartbeatAnswer, memberId: string, heartbeatMs: number): Writer {
  answer.int32(0).int16(of.code).nullableString(null).nullableString(memberId).int32(of.memberEpoch).int32(heartbeatMs)
  if (of.assignment === null) return answer.int8(-1).tags()
  answer.int8(1).arrayLength(of.assignment.length)
  for (const { topicId, partitions } of of.assignment) answer.uuid(topicId).int32Array(partitions).tags()
  return answer.tags().tags()
}

/** OffsetFetch 9. */
export const offsetFetch: Answer = (cluster, broker, request, respond, body) => {
  const { controller, groups } = cluster
  const asked = request.array(() => {
    const groupId = request.string()
    request.nullableString() // member
    request.int32() // its epoch
    const topics = request.array(() => {
      const topic = { topic: request.string(), partitions: request.int32Array() }
      request.tags()
      return topic
    })
    request.tags()
    return { groupId, topics }
  })
  const requireStable = request.bool()
  const answer = body().int32(0).arrayLength(asked.length)
  for (const { groupId, topics } of asked) {
    const code = coordinatorCode(cluster, broker, 'group', groupId)
    const known = controller.isIsolated(broker) ? groups.knownBy(broker, groupId) : groups.get(groupId)
    answer.string(groupId).arrayLength(code === 0 ? topics.length : 0)
    for (const { topic, partitions } of code === 0 ? topics : []) {
      answer.string(topic).arrayLength(partitions.length)
      for (const partition of partitions) {
        const place = `${topic}/${partition}`
        const isUnstable = requireStable && known?.offsets.isPending(place) === true
        const offset = isUnstable ? -1 : (known?.offsets.committed(place) ?? -1)
        answer.int32(partition).int64Number(offset).int32(-1).nullableString('')
        answer.int16(isUnstable ? Code.UNSTABLE_OFFSET_COMMIT : 0).tags()
      }
      answer.tags()
    }
    answer.int16(code).tags()
  }
  respond(answer.tags())
}
