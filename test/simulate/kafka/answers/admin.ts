import { Code } from '../errors.ts'
import type { Answer } from './answer.ts'

const TOPIC = 2
const NO_ID = '0'.repeat(32)

/** CreateTopics 7. */
export const createTopics: Answer = ({ controller }, broker, request, respond, body) => {
  const specs = request.array(() => {
    const spec = { name: request.string(), partitions: request.int32() }
    request.int16() // replication factor: the cluster's own
    request.array(() => {
      request.int32()
      request.int32Array()
      request.tags()
    })
    const config: Record<string, string> = {}
    request.array(() => {
      const setting = request.string()
      config[setting] = request.nullableString() ?? ''
      request.tags()
    })
    request.tags()
    return { ...spec, config }
  })
  // Without the controller nothing is created.
  if (controller.isIsolated(broker)) return
  const answer = body().int32(0).arrayLength(specs.length)
  for (const { name, partitions, config } of specs) {
    const exists = controller.topics.has(name)
    if (!exists) controller.createTopic(name, partitions, config)
    answer.string(name).uuid(controller.topics.get(name)?.id ?? NO_ID)
    answer.int16(exists ? Code.TOPIC_ALREADY_EXISTS : 0).nullableString(null)
    answer.int32(partitions).int16(1).arrayLength(0).tags()
  }
  respond(answer.tags())
}

/** DeleteTopics 6, by name. */
export const deleteTopics: Answer = ({ controller, groups }, broker, request, respond, body) => {
  const names = request.array(() => {
    const name = request.nullableString() ?? ''
    request.uuid()
    request.tags()
    return name
  })
  if (controller.isIsolated(broker)) return
  const answer = body().int32(0).arrayLength(names.length)
  for (const name of names) {
    const id = controller.topics.get(name)?.id ?? NO_ID
    const isGone = controller.deleteTopic(name)
    if (isGone) groups.topicDeleted(name)
    answer
      .nullableString(name)
      .uuid(id)
      .int16(isGone ? 0 : Code.UNKNOWN_TOPIC_OR_PARTITION)
      .nullableString(null)
      .tags()
  }
  respond(answer.tags())
}

/** DescribeConfigs 4: of a topic what was set, of a broker what the model has settings for. */
export const describeConfigs: Answer = ({ controller }, _broker, request, respond, body) => {
  const asked = request.array(() => {
    const resource = { type: request.int8(), name: request.string() }
    request.array(() => request.string())
    request.tags()
    return resource
  })
  const { groupSessionMs, heartbeatMs, sweepMs } = controller.world.settings
  const ofBroker = {
    'group.consumer.session.timeout.ms': String(groupSessionMs),
    'group.consumer.heartbeat.interval.ms': String(heartbeatMs),
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': String(sweepMs),
    'transaction.max.timeout.ms': '900000',
  }
  const answer = body().int32(0).arrayLength(asked.length)
  for (const { type, name } of asked) {
    const config = type === TOPIC ? controller.topics.get(name)?.config : ofBroker
    answer
      .int16(config === undefined ? Code.UNKNOWN_TOPIC_OR_PARTITION : 0)
      .nullableString(null)
      .int8(type)
      .string(name)
    const settings = Object.entries(config ?? {})
    answer.arrayLength(settings.length)
    for (const [setting, value] of settings) {
      answer.string(setting).nullableString(value).bool(false).int8(1).bool(false).arrayLength(0).int8(2)
      answer.nullableString(null).tags()
    }
    answer.tags()
  }
  respond(answer.tags())
}

/** IncrementalAlterConfigs 1, of topics. */
export const setConfigs: Answer = ({ controller }, broker, request, respond, body) => {
  const asked = request.array(() => {
    const resource = { type: request.int8(), name: request.string() }
    const settings = request.array(() => {
      const setting = request.string()
      request.int8() // set
      const value = request.nullableString() ?? ''
      request.tags()
      return [setting, value] as const
    })
    request.tags()
    return { ...resource, settings }
  })
  if (controller.isIsolated(broker)) return
  const answer = body().int32(0).arrayLength(asked.length)
  for (const { type, name, settings } of asked) {
    const config = controller.topics.get(name)?.config
    if (config !== undefined) Object.assign(config, Object.fromEntries(settings))
    answer.int16(config === undefined ? Code.UNKNOWN_TOPIC_OR_PARTITION : 0).nullableString(null)
    answer.int8(type).string(name).tags()
  }
  respond(answer.tags())
}
