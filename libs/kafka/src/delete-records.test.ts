import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { connectKafka } from './connect.ts'
import type { Kafka } from './port.ts'

let cluster: FakeCluster
let kafka: Kafka
/** What was asked: broker, partition, offset. */
let asked: string[]
/** Answers to the next requests; afterwards NONE. */
let codes: (number | 'hang-up')[]

beforeEach(async () => {
  asked = []
  codes = []
  cluster = await startFakeCluster(2, [
    { nodeId: 0, epoch: 0 },
    { nodeId: 1, epoch: 0 },
  ])
  for (const [nodeId, broker] of cluster.brokers.entries()) {
    broker.on(21, (request) => {
      const partitions = request.array(() => {
        request.string()
        return request.array(() => {
          const at = { partition: request.int32(), offset: request.int64() }
          request.tags()
          return at
        })
      })
      for (const { partition, offset } of partitions.flat()) asked.push(`${nodeId} ${partition} ${offset}`)
      const code = codes.shift() ?? 0
      if (code === 'hang-up') return 'hang-up'
      return (body) => {
        body.int32(0).arrayLength(1).string('topic').arrayLength(partitions.flat().length)
        for (const { partition, offset } of partitions.flat()) body.int32(partition).int64(offset).int16(code).tags()
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

const before = (partition: number, offset: number) => ({ topic: 'topic', partition, offset })

test('Each partition’s leader is told what to delete', async () => {
  await kafka.admin.deleteRecords([before(1, 5), before(0, 7)])
  expect(asked).toEqual(['1 1 5', '0 0 7'])
})

test('A leader that has moved or gone is asked for anew', async () => {
  await kafka.admin.deleteRecords([before(1, 5)])
  cluster.leaders[1] = { nodeId: 0, epoch: 1 }
  codes = [6]
  await kafka.admin.deleteRecords([before(1, 6)])
  cluster.leaders[1] = { nodeId: 1, epoch: 2 }
  codes = ['hang-up']
  await kafka.admin.deleteRecords([before(1, 8)])
  expect(asked).toEqual(['1 1 5', '1 1 6', '0 1 6', '0 1 8', '1 1 8'])
})

test('A refusal is told with what was asked', async () => {
  codes = [1]
  await expect(kafka.admin.deleteRecords([before(0, 9)])).rejects.toThrow(
    /before offset 9 of partition 0 of topic.*OFFSET_OUT_OF_RANGE/,
  )
  expect(asked).toHaveLength(1)
})

test('What is no offset deletes nothing: to a broker, -1 is all that there is', async () => {
  await expect(kafka.admin.deleteRecords([before(0, 1), before(1, -1)])).rejects.toThrow(RangeError)
  expect(asked).toEqual([])
})
