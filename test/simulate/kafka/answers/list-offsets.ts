import { Code } from '../errors.ts'
import { lastStable } from '../partition.ts'
import { type Answer, leaderEpochCode, readTopics } from './answer.ts'

const LATEST = -1

/** ListOffsets 7: the latest or the earliest offset. */
export const listOffsets: Answer = ({ controller }, broker, request, respond, body) => {
  request.int32() // replica
  const readCommitted = request.int8() === 1
  const topics = readTopics(request, () => {
    const asked = { partition: request.int32(), epoch: request.int32(), timestamp: request.int64Number() }
    request.tags()
    return asked
  })
  const answer = body().int32(0).arrayLength(topics.length)
  for (const { topic, of } of topics) {
    answer.string(topic).arrayLength(of.length)
    for (const { partition, epoch, timestamp } of of) {
      const known = controller.partition(topic, partition)
      const led = known === undefined ? undefined : controller.led(broker, known)
      let code: number = known === undefined ? Code.UNKNOWN_TOPIC_OR_PARTITION : Code.NOT_LEADER_OR_FOLLOWER
      let offset = -1
      if (led !== undefined) {
        code = leaderEpochCode(epoch, led.epoch)
        // A new leader's high watermark lags until its followers have fetched (KIP-207).
        const began = led.log.epochs.at(-1)?.start ?? 0
        if (code === 0 && timestamp === LATEST && began > led.highWatermark) code = Code.OFFSET_NOT_AVAILABLE
        if (code === 0)
          offset = timestamp !== LATEST ? led.log.start : readCommitted ? lastStable(led) : led.highWatermark
      }
      answer.int32(partition).int16(code).int64Number(-1).int64Number(offset)
      answer.int32(code === 0 && led !== undefined ? led.epoch : -1).tags()
    }
    answer.tags()
  }
  respond(answer.tags())
}
