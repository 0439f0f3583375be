import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { connectKafka } from './connect.ts'
import type { Kafka } from './port.ts'
import type { Reader } from './wire/reader.ts'

let cluster: FakeCluster
let kafka: Kafka
/** Questions as they came: broker, isolation, partition, leader epoch, time. */
let asked: string[]
/** Answers to the next requests, an error code; afterwards NONE. */
let codes: number[]

/** What is found: the tenth of the time, none beyond 1,000. */
const found = (timeMs: number) => (timeMs > 1_000 ? -1 : timeMs / 10)

beforeEach(async () => {
  asked = []
  codes = []
  cluster = await startFakeCluster(2, [
    { nodeId: 0, epoch: 3 },
    { nodeId: 1, epoch: 4 },
    { nodeId: 0, epoch: 5 },
  ])
  for (const [nodeId, broker] of cluster.brokers.entries()) {
    broker.on(2, (request) => {
      const { isolation, partitions } = read(request)
      for (const { partition, epoch, timeMs } of partitions) {
        asked.push(`${nodeId} ${isolation} ${partition} ${epoch} ${timeMs}`)
      }
      const code = codes.shift() ?? 0
      return (body) => {
        body.int32(0).arrayLength(1).string('topic').arrayLength(partitions.length)
        for (const { partition, timeMs } of partitions) {
          const offset = code === 0 ? found(timeMs) : -1
          body.int32(partition).int16(code).int64Number(timeMs).int64Number(offset).int32(0).tags()
        }
        body.tags().tags()
      }
    })
  }
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 500 })
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

function read(request: Reader) {
  request.int32()
  const isolation = request.int8()
  const topics = request.array(() => {
    request.string()
    const partitions = request.array(() => {
      const question = { partition: request.int32(), epoch: request.int32(), timeMs: Number(request.int64()) }
      request.tags()
      return question
    })
    request.tags()
    return partitions
  })
  return { isolation, partitions: topics.flat() }
}

const at = (partition: number, timeMs: number) => ({ topic: 'topic', partition, timeMs })

test('Each leader is asked once a time, with its epoch, and the answers are in the order given; none is null', async () => {
  expect(await kafka.offsetsForTimes([at(2, 70), at(1, 70), at(0, 70), at(0, 1_001), at(1, 0)])).toEqual([
    7,
    7,
    7,
    null,
    0,
  ])
  expect(asked.sort()).toEqual(['0 1 0 3 1001', '0 1 0 3 70', '0 1 2 5 70', '1 1 1 4 0', '1 1 1 4 70'])
})

test('A leader that has moved is asked for anew, and the question tried again', async () => {
  await kafka.offsetsForTimes([at(1, 10)])
  cluster.leaders[1] = { nodeId: 0, epoch: 9 }
  codes = [6]
  expect(await kafka.offsetsForTimes([at(1, 20)])).toEqual([2])
  expect(asked).toEqual(['1 1 1 4 10', '1 1 1 4 20', '0 1 1 9 20'])
})

test('What time does not mend is told at once', async () => {
  codes = [29]
  await expect(kafka.offsetsForTimes([at(0, 10)])).rejects.toMatchObject({ codeName: 'TOPIC_AUTHORIZATION_FAILED' })
  expect(asked).toHaveLength(1)
})

test('What is no time is refused: to a broker it would mean the ends', async () => {
  for (const timeMs of [-1, 0.5, Number.NaN]) {
    await expect(kafka.offsetsForTimes([at(0, timeMs)])).rejects.toThrow(RangeError)
  }
  expect(asked).toEqual([])
})
