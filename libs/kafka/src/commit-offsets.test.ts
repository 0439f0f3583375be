import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { connectKafka } from './connect.ts'
import { BrokerError, Closed, NotAMember } from './errors.ts'
import type { Kafka, Member } from './port.ts'
import { Code } from './protocol/error-codes.ts'

interface Commit {
  readonly groupId: string
  readonly epoch: number
  readonly memberId: string
  readonly offsets: readonly string[]
}

let cluster: FakeCluster
let kafka: Kafka
let member: Member
/** Commits as they came. */
let heard: Commit[]
/** Answers to the next commits; afterwards NONE. */
let replies: (number | 'silence')[]
/** The next heartbeat is answered with this, once. */
let fence: number
let epoch: number

beforeEach(async () => {
  heard = []
  replies = []
  fence = Code.NONE
  epoch = 1
  cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  const [broker] = cluster.brokers
  broker?.on(68, () => (body) => {
    body.int32(0).int16(fence).nullableString(null).nullableString('m').int32(epoch).int32(10).int8(-1).tags()
    fence = Code.NONE
  })
  broker?.on(8, (request) => {
    const commit = { groupId: request.string(), epoch: request.int32(), memberId: request.string() }
    request.nullableString()
    const topics = request.array(() => {
      const topic = request.string()
      const partitions = request.array(() => {
        const partition = request.int32()
        const offset = request.int64()
        request.int32()
        request.nullableString()
        request.tags()
        return { partition, offset }
      })
      request.tags()
      return { topic, partitions }
    })
    const offsets = topics.flatMap(({ topic, partitions }) =>
      partitions.map((p) => `${topic}/${p.partition}@${p.offset}`),
    )
    heard.push({ ...commit, offsets })
    const code = replies.shift() ?? Code.NONE
    if (code === 'silence') return 'silence'
    return (body) => {
      body.int32(0).arrayLength(topics.length)
      for (const { topic, partitions } of topics) {
        body.string(topic).arrayLength(partitions.length)
        // Only the last one carries it.
        for (const [i, { partition }] of partitions.entries()) {
          body
            .int32(partition)
            .int16(i === partitions.length - 1 ? code : 0)
            .tags()
        }
        body.tags()
      }
      body.tags()
    }
  })
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 200 })
  const nothing = async () => undefined
  const callbacks = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
  member = await kafka.join({ groupId: 'g', topic: 'topic', rebalanceTimeoutMs: 1_000, ...callbacks })
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

const at = (offset: number) => [
  { topic: 'topic', partition: 0, offset },
  { topic: 'other', partition: 2, offset: offset + 1 },
  { topic: 'topic', partition: 1, offset: offset + 2 },
]

test('A commit says who commits and of which generation, by topic and partition', async () => {
  const identity = await member.withIdentity(async (id) => id)
  await member.commit(at(5))
  await member.commit([])
  expect(heard).toEqual([
    { groupId: 'g', epoch: 1, memberId: identity.memberId, offsets: ['topic/0@5', 'topic/1@7', 'other/2@6'] },
  ])
})

test('A generation that is being raised is tried again with the one that the next heartbeat brings', async () => {
  replies = [113]
  epoch = 2
  await member.commit(at(5))
  expect(heard.at(-1)).toMatchObject({ epoch: 2 })
  expect(heard.length).toBeGreaterThan(1)
})

test('It is sent again when its answer does not come, and when the broker says that time mends it', async () => {
  replies = ['silence', Code.COORDINATOR_LOAD_IN_PROGRESS, Code.NOT_COORDINATOR, Code.UNKNOWN_TOPIC_OR_PARTITION]
  await member.commit(at(5))
  expect(heard).toHaveLength(5)
})

test.each([Code.FENCED_MEMBER_EPOCH, Code.UNKNOWN_MEMBER_ID, Code.ILLEGAL_GENERATION])(
  'Whom the group does not have (code %i) commits nothing more',
  async (code) => {
    replies = [code]
    await expect(member.commit(at(5))).rejects.toThrow(NotAMember)
    expect(heard).toHaveLength(1)
  },
)

test('A member that has joined anew between two tries does not commit what it read before', async () => {
  // Fenced by the heartbeat that waits for the lock meanwhile.
  replies = ['silence']
  const committing = member.commit(at(5))
  fence = Code.FENCED_MEMBER_EPOCH
  await expect(committing).rejects.toThrow(NotAMember)
  expect(heard).toHaveLength(1)
})

test('What the broker refuses for good is told at once, whichever partition it is about', async () => {
  replies = [29]
  const refused = member.commit(at(5))
  await expect(refused).rejects.toThrow(BrokerError)
  await expect(refused).rejects.toMatchObject({ codeName: 'TOPIC_AUTHORIZATION_FAILED', errorClass: 'caller' })
  expect(heard).toHaveLength(1)
})

test('Stopping ends a commit that is tried again', async () => {
  replies = Array.from({ length: 1_000 }, () => Code.COORDINATOR_LOAD_IN_PROGRESS)
  const ended = expect(member.commit(at(5))).rejects.toThrow(/closed|Not a member/)
  await kafka.close()
  await ended
  await expect(member.commit(at(5))).rejects.toThrow(Closed)
})
