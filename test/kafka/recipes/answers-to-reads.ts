import assert from 'node:assert/strict'
import { BrokerError, type FetchedPartition, OffsetOutOfRange, RecordWalk, Rows } from '@weir/kafka'
import { Api, type KafkaProxy } from '../../support/kafka-proxy.ts'
import { until } from '../../support/until.ts'
import { batch, type KafkaLab, outcome } from '../lab.ts'
import { fact, type Recipe, tally } from '../recipe.ts'
import { codeOf, UNHEARD_OF } from './answers-to-writes.ts'
import { settled, shaky, write } from './transactions.ts'

type Run = (expected: string, code: number) => Recipe['run']
type Cases = readonly (readonly [ended: string, codes: readonly string[]])[]

const fetching: Cases = [
  ['went on', ['CORRUPT_MESSAGE', 'OFFSET_NOT_AVAILABLE', 'FETCH_SESSION_ID_NOT_FOUND', 'THROTTLING_QUOTA_EXCEEDED']],
  [
    'went on, leaders asked anew',
    [
      'UNKNOWN_TOPIC_OR_PARTITION',
      'LEADER_NOT_AVAILABLE',
      'NOT_LEADER_OR_FOLLOWER',
      'REPLICA_NOT_AVAILABLE',
      'KAFKA_STORAGE_ERROR',
      'FENCED_LEADER_EPOCH',
      'UNKNOWN_LEADER_EPOCH',
      'UNKNOWN_TOPIC_ID',
      'INCONSISTENT_TOPIC_ID',
    ],
  ],
  ['told: OffsetOutOfRange', ['OFFSET_OUT_OF_RANGE']],
  ['told: caller', ['TOPIC_AUTHORIZATION_FAILED', 'UNSUPPORTED_COMPRESSION_TYPE']],
  ['told: fatal', ['UNKNOWN_SERVER_ERROR', 'UNSUPPORTED_VERSION', UNHEARD_OF]],
]

const listing: Cases = [
  ['told: retry', ['OFFSET_NOT_AVAILABLE', 'REQUEST_TIMED_OUT']],
  [
    'told: refresh',
    [
      'NOT_LEADER_OR_FOLLOWER',
      'FENCED_LEADER_EPOCH',
      'UNKNOWN_LEADER_EPOCH',
      'LEADER_NOT_AVAILABLE',
      'KAFKA_STORAGE_ERROR',
    ],
  ],
  ['told: caller', ['TOPIC_AUTHORIZATION_FAILED']],
  ['told: fatal', ['UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
]

const readingOffsets: Cases = [
  ['went on', ['UNSTABLE_OFFSET_COMMIT', 'COORDINATOR_LOAD_IN_PROGRESS']],
  ['went on, coordinators asked anew', ['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']],
  ['told: caller', ['GROUP_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED']],
  ['told: fatal', ['UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
]

const finding: Cases = [
  ['went on', ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS']],
  ['told: caller', ['GROUP_AUTHORIZATION_FAILED', 'INVALID_GROUP_ID']],
  ['told: fatal', ['UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
]

const askingLeaders: Cases = [
  ['committed', ['LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION']],
  ['aborted', ['TOPIC_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
]

const beating: Cases = [
  ['stayed a member', ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']],
  [
    'stayed a member, and said so',
    ['GROUP_AUTHORIZATION_FAILED', 'UNKNOWN_SERVER_ERROR', 'INVALID_REQUEST', UNHEARD_OF],
  ],
  ['told onLost, joined anew', ['UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH']],
]

const joining: Cases = [
  ['joined', ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'UNKNOWN_MEMBER_ID']],
  [
    'told: caller',
    ['GROUP_AUTHORIZATION_FAILED', 'GROUP_MAX_SIZE_REACHED', 'UNSUPPORTED_ASSIGNOR', 'INCONSISTENT_GROUP_PROTOCOL'],
  ],
  ['told: fatal', ['UNKNOWN_SERVER_ERROR', 'INVALID_REQUEST', UNHEARD_OF]],
]

/** What the client makes of each error code that a broker may answer to a request that reads, or of a member. */
export const answersToReads: readonly Recipe[] = [
  ...cases('Fetch', fetching, fetch),
  ...cases('ListOffsets', listing, listOffsets),
  ...cases('OffsetFetch', readingOffsets, (...of) => committedOffset(Api.offsetFetch, ...of)),
  ...cases('FindCoordinator', finding, (...of) => committedOffset(Api.findCoordinator, ...of)),
  ...cases('Metadata, when a leader is looked for,', askingLeaders, findLeader),
  ...cases('ConsumerGroupHeartbeat of a member', beating, beat),
  ...cases('ConsumerGroupHeartbeat that joins', joining, join),
]

function cases(request: string, table: Cases, run: Run): Recipe[] {
  return table.flatMap(([ended, codes]) =>
    codes.map((code) => ({ name: `${request} answered ${code}`, run: run(ended, codeOf(code)) })),
  )
}

function times(expected: string): number {
  return expected.startsWith('told') ? 1 : 2
}

/** How an action ended: 'went on', or what the caller was told. */
function told(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'went on',
    (error: unknown) => {
      if (error instanceof OffsetOutOfRange) return 'told: OffsetOutOfRange'
      return error instanceof BrokerError ? `told: ${error.errorClass}` : String(error)
    },
  )
}

function isAskedAnew(proxy: KafkaProxy): () => boolean {
  const asked = () => proxy.requests(Api.metadata) + proxy.requests(Api.findCoordinator)
  const before = asked()
  return () => asked() > before
}

function fetch(expected: string, code: number): Recipe['run'] {
  return async (lab) => {
    const topic = await lab.topic()
    await (await lab.kafka.appender()).append(
      topic,
      ['a', 'b'].map((text) => ({ partition: 0, key: null, value: Buffer.from(text) })),
    )
    const proxy = await lab.proxy()
    const far = await lab.connect(proxy.address)
    const bounds = { maxWaitMs: 50, maxBytes: 1e6, maxPartitionBytes: 1e6, readAheadBytes: 1e6 }
    const fetcher = far.fetcher({ ...bounds, topic, isolation: 'read_committed' })
    const seen: string[] = []
    const read = () =>
      until('all is read', async () => {
        // One rejection is the answer; `until` would only ask again.
        const polled = await fetcher.poll(100).catch((error: unknown) => error)
        if (!Array.isArray(polled)) return { error: polled }
        for (const fetched of polled) seen.push(...valuesOf(fetched))
        return seen.length >= 2 && { error: undefined }
      }).then(({ error }) => {
        if (error !== undefined) throw error
      })
    await far.endOffsets([{ topic, partition: 0 }], 'stable')
    const askedAnew = isAskedAnew(proxy)
    proxy.answerWith(Api.fetch, code, times(expected))
    fetcher.assign(0, 0)
    const ended = await told(read())
    const [endedExpected, also] = expected.split(', ')
    assert.equal(ended, endedExpected)
    if (also !== undefined) assert.ok(askedAnew())
    if (ended !== 'went on') {
      // It rests until it is assigned again, and then goes on.
      fetcher.assign(0, 0)
      await read()
    }
    await fetcher.close()
    return { did: expected, ...tally(['a', 'b'], seen) }
  }
}

function valuesOf(fetched: FetchedPartition): string[] {
  const rows = new Rows(10)
  new RecordWalk(fetched).fill(rows, 10)
  return Array.from(
    { length: rows.count },
    (_, i) => rows.source[i]?.toString('utf8', rows.valueStart[i], rows.valueEnd[i]) ?? '',
  )
}

function listOffsets(expected: string, code: number): Recipe['run'] {
  return async (lab) => {
    const topic = await lab.topic()
    const proxy = await lab.proxy()
    const far = await lab.connect(proxy.address)
    const end = () => far.endOffsets([{ topic, partition: 0 }], 'stable')
    await end()
    proxy.answerWith(Api.listOffsets, code, 1)
    // The caller holds at the first refusal; the next answer comes from whoever leads then.
    assert.equal(await told(end()), expected)
    const askedAnew = isAskedAnew(proxy)
    assert.deepEqual(await end(), [0])
    assert.equal(askedAnew(), expected === 'told: refresh')
    return fact(`${expected}; the next one was answered${askedAnew() ? ' by the leader that was asked for anew' : ''}`)
  }
}

function committedOffset(apiKey: number, expected: string, code: number): Recipe['run'] {
  return async (lab) => {
    const topic = await lab.topic()
    const member = await lab.member(topic)
    await (await (await lab.slot()).begin(member, [{ topic, partition: 0, offset: 4 }])).commit()
    const proxy = await lab.proxy()
    const far = await lab.connect(proxy.address)
    const read = () => far.committedOffsets(member.groupId, [{ topic, partition: 0 }])
    const askedAnew = isAskedAnew(proxy)
    proxy.answerWith(apiKey, code, times(expected))
    const ended = await told(read())
    const [endedExpected, also] = expected.split(', ')
    assert.equal(ended, endedExpected)
    if (also !== undefined) assert.ok(askedAnew())
    assert.deepEqual(await read(), [4])
    return fact(expected)
  }
}

function findLeader(expected: string, code: number): Recipe['run'] {
  return async (lab) => {
    const { topic, member, proxy, slot } = await shaky(lab)
    const transaction = await slot.begin(member, [{ topic, partition: 0, offset: 1 }])
    // The leader is looked for now, at the first produce.
    proxy.answerWith(Api.metadata, code, times(expected === 'committed' ? '' : 'told'))
    const ended = await outcome(transaction.produce(batch(topic, ['a'])).then(() => transaction.commit()))
    assert.equal(ended, expected)
    if (ended !== 'committed') await write(slot, member, topic, 1, ['a'])
    return {
      did: `${expected}${ended === 'committed' ? '' : '; done again'}`,
      ...tally(['a'], await settled(lab, topic)),
    }
  }
}

function beat(expected: string, code: number): Recipe['run'] {
  return async (lab) => {
    const { topic, proxy, far, events } = await farClient(lab)
    let lost = 0
    const onLost = async (partitions: readonly number[]) => {
      lost += partitions.length
    }
    const member = await lab.member(topic, { onLost }, far)
    await until('it has its partition', () => member.assigned.length === 1)
    const before = await member.withIdentity(async (id) => id)
    const sofar = proxy.requests(Api.heartbeat)
    proxy.answerWith(Api.heartbeat, code, expected.startsWith('told') ? 1 : 2)
    await until('it went on', () => proxy.requests(Api.heartbeat) > sofar + 3 && member.assigned.length === 1)
    const after = await member.withIdentity(async (id) => id)
    const joinedAnew = after.memberId !== before.memberId
    const did = joinedAnew ? 'told onLost, joined anew' : 'stayed a member'
    assert.equal(joinedAnew, lost === 1)
    assert.equal(events.includes('heartbeat-refused') ? `${did}, and said so` : did, expected)
    return fact(expected)
  }
}

function join(expected: string, code: number): Recipe['run'] {
  return async (lab) => {
    const { topic, proxy, far } = await farClient(lab)
    proxy.answerWith(Api.heartbeat, code, times(expected))
    const ended = await told(lab.member(topic, {}, far))
    assert.equal(ended === 'went on' ? 'joined' : ended, expected)
    const member = await lab.member(topic, { groupId: `${lab.namespace}next` }, far)
    await until('it has its partition', () => member.assigned.length === 1)
    return fact(expected)
  }
}

async function farClient(lab: KafkaLab) {
  const topic = await lab.topic()
  const proxy = await lab.proxy()
  const events: string[] = []
  const far = await lab.connect(proxy.address, { onEvent: ({ kind }) => events.push(kind) })
  return { topic, proxy, far, events }
}
