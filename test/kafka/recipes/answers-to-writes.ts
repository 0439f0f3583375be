import assert from 'node:assert/strict'
import { BrokerError, NotAMember } from '@weir/kafka'
import { errorTable } from '../../../libs/kafka/src/protocol/error-table.ts'
import { Api } from '../../support/kafka-proxy.ts'
import { outcome } from '../lab.ts'
import { type Recipe, tally } from '../recipe.ts'
import { settled, shaky, write } from './transactions.ts'

/** A code of no Kafka that there is yet. */
export const UNHEARD_OF = 'ERROR_9999'

/** `refused`: the broker did nothing, as the code says. `carried-out`: it did, and the code misleads. */
type How = 'refused' | 'carried-out'

type Cases = readonly (readonly [ended: string, how: How, codes: readonly string[]])[]

const producing: Cases = [
  [
    'committed',
    'refused',
    ['CORRUPT_MESSAGE', 'REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS', 'THROTTLING_QUOTA_EXCEEDED'],
  ],
  ['committed', 'carried-out', ['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'NOT_LEADER_OR_FOLLOWER']],
  [
    'committed, leaders asked anew',
    'refused',
    [
      'UNKNOWN_TOPIC_OR_PARTITION',
      'LEADER_NOT_AVAILABLE',
      'NOT_LEADER_OR_FOLLOWER',
      'KAFKA_STORAGE_ERROR',
      'FENCED_LEADER_EPOCH',
      'UNKNOWN_LEADER_EPOCH',
    ],
  ],
  [
    'aborted',
    'refused',
    [
      'MESSAGE_TOO_LARGE',
      'RECORD_LIST_TOO_LARGE',
      'TOPIC_AUTHORIZATION_FAILED',
      'INVALID_TIMESTAMP',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'INVALID_TXN_STATE',
      'UNKNOWN_PRODUCER_ID',
      'INVALID_RECORD',
      'TRANSACTION_ABORTABLE',
    ],
  ],
  ['aborted', 'carried-out', ['INVALID_RECORD', 'OUT_OF_ORDER_SEQUENCE_NUMBER']],
  ['unknown', 'refused', ['UNKNOWN_SERVER_ERROR', 'INVALID_PRODUCER_ID_MAPPING', UNHEARD_OF]],
  ['unknown', 'carried-out', ['UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
  ['fenced', 'refused', ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']],
]

const committingOffsets: Cases = [
  ['committed', 'refused', ['UNKNOWN_TOPIC_OR_PARTITION', 'COORDINATOR_LOAD_IN_PROGRESS', 'CONCURRENT_TRANSACTIONS']],
  ['committed', 'carried-out', ['REQUEST_TIMED_OUT', 'COORDINATOR_LOAD_IN_PROGRESS']],
  ['committed, coordinators asked anew', 'refused', ['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']],
  [
    'aborted',
    'refused',
    ['GROUP_AUTHORIZATION_FAILED', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'TRANSACTION_ABORTABLE'],
  ],
  ['aborted', 'carried-out', ['GROUP_AUTHORIZATION_FAILED']],
  ['unknown', 'refused', ['UNKNOWN_SERVER_ERROR', 'INVALID_PRODUCER_ID_MAPPING', UNHEARD_OF]],
  ['unknown', 'carried-out', ['UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
  [
    'fenced',
    'refused',
    [
      'ILLEGAL_GENERATION',
      'UNKNOWN_MEMBER_ID',
      'FENCED_MEMBER_EPOCH',
      'STALE_MEMBER_EPOCH',
      'INVALID_PRODUCER_EPOCH',
      'PRODUCER_FENCED',
    ],
  ],
  ['fenced', 'carried-out', ['ILLEGAL_GENERATION', 'INVALID_PRODUCER_EPOCH']],
]

const ending: Cases = [
  ['committed', 'refused', ['COORDINATOR_LOAD_IN_PROGRESS', 'CONCURRENT_TRANSACTIONS']],
  ['committed', 'carried-out', ['COORDINATOR_LOAD_IN_PROGRESS', 'CONCURRENT_TRANSACTIONS', 'NOT_COORDINATOR']],
  ['committed, coordinators asked anew', 'refused', ['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']],
  ['aborted', 'refused', ['INVALID_TXN_STATE', 'TRANSACTION_ABORTABLE', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED']],
  // It was committed, so the broker refuses the abort: then nothing is certain.
  ['unknown', 'carried-out', ['INVALID_TXN_STATE', 'TRANSACTION_ABORTABLE', 'UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
  ['unknown', 'refused', ['UNKNOWN_SERVER_ERROR', 'INVALID_PRODUCER_ID_MAPPING', UNHEARD_OF]],
  ['fenced', 'refused', ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']],
  ['fenced', 'carried-out', ['PRODUCER_FENCED']],
]

const initialising: Cases = [
  ['initialised', 'refused', ['COORDINATOR_LOAD_IN_PROGRESS', 'CONCURRENT_TRANSACTIONS']],
  ['initialised', 'carried-out', ['COORDINATOR_LOAD_IN_PROGRESS']],
  ['initialised, coordinators asked anew', 'refused', ['COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR']],
  [
    'refused: caller',
    'refused',
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'INVALID_TRANSACTION_TIMEOUT', 'CLUSTER_AUTHORIZATION_FAILED'],
  ],
  ['refused: fatal', 'refused', ['UNKNOWN_SERVER_ERROR', UNHEARD_OF]],
  ['refused: fenced', 'refused', ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH']],
]

const appending: Cases = [
  ['appended', 'refused', ['CORRUPT_MESSAGE', 'NOT_ENOUGH_REPLICAS', 'NOT_LEADER_OR_FOLLOWER', 'KAFKA_STORAGE_ERROR']],
  ['appended', 'carried-out', ['REQUEST_TIMED_OUT', 'NOT_LEADER_OR_FOLLOWER', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND']],
  [
    'rejected',
    'refused',
    [
      'TOPIC_AUTHORIZATION_FAILED',
      'INVALID_RECORD',
      'MESSAGE_TOO_LARGE',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'INVALID_PRODUCER_EPOCH',
      'UNKNOWN_PRODUCER_ID',
      'UNKNOWN_SERVER_ERROR',
      UNHEARD_OF,
    ],
  ],
]

/** One a class; the others are the fake broker's (libs/kafka/src/commit-offsets.test.ts). */
const committingAlone: Cases = [
  ['committed', 'refused', ['STALE_MEMBER_EPOCH']],
  ['committed', 'carried-out', ['REQUEST_TIMED_OUT']],
  ['committed, coordinators asked anew', 'refused', ['NOT_COORDINATOR']],
  ['not a member', 'refused', ['FENCED_MEMBER_EPOCH']],
  ['refused: caller', 'refused', ['GROUP_AUTHORIZATION_FAILED']],
  ['refused: recover', 'carried-out', [UNHEARD_OF]],
]

/** What the client makes of each error code that a broker may answer to a request that writes. */
export const answersToWrites: readonly Recipe[] = [
  ...cases('Produce', producing, (...of) => transaction(Api.produce, ...of)),
  ...cases('TxnOffsetCommit', committingOffsets, (...of) => transaction(Api.txnOffsetCommit, ...of)),
  ...cases('EndTxn', ending, (...of) => transaction(Api.endTxn, ...of)),
  ...cases('InitProducerId', initialising, initialisation),
  ...cases('Produce of an append', appending, append),
  ...cases('OffsetCommit', committingAlone, commitAlone),
]

function cases(request: string, table: Cases, run: (ended: string, how: How, code: number) => Recipe['run']): Recipe[] {
  return table.flatMap(([ended, how, codes]) =>
    codes.map((code) => ({
      name: `${request} answered ${code}${how === 'carried-out' ? ', although it was carried out' : ''}`,
      run: run(ended, how, codeOf(code)),
    })),
  )
}

/** How often the code comes before the broker's own answer gets through; once where it ends the matter. */
function times(ended: string): number {
  return /^(committed|initialised|appended)/.test(ended) ? 2 : 1
}

function transaction(apiKey: number, expected: string, how: How, code: number): Recipe['run'] {
  return async (lab) => {
    const { topic, member, proxy, slot } = await shaky(lab)
    await write(slot, member, topic, 1, ['a'])
    const asked = proxy.requests(Api.metadata) + proxy.requests(Api.findCoordinator)
    proxy.answerWith(apiKey, code, times(expected), how)
    const ended = await outcome(write(slot, member, topic, 2, ['b']))
    const [outcomeExpected, also] = expected.split(', ')
    assert.equal(ended, outcomeExpected)
    if (also !== undefined) assert.ok(proxy.requests(Api.metadata) + proxy.requests(Api.findCoordinator) > asked)
    // The rule of recovery.
    if (ended !== 'committed' && ended !== 'aborted') await slot.init()
    const isDone = (await lab.committed(topic)) === 2
    if (ended === 'committed') assert.ok(isDone)
    if (ended === 'aborted') assert.ok(!isDone)
    if (!isDone) await write(slot, member, topic, 2, ['b'])
    return { did: `${expected}${isDone ? '' : '; done again'}`, ...tally(['a', 'b'], await settled(lab, topic)) }
  }
}

function initialisation(expected: string, how: How, code: number): Recipe['run'] {
  return async (lab) => {
    const { topic, member, proxy, slot } = await shaky(lab)
    const asked = proxy.requests(Api.findCoordinator)
    proxy.answerWith(Api.initProducerId, code, times(expected), how)
    const ended = await slot.init().then(
      () => 'initialised',
      (error: unknown) => (error instanceof BrokerError ? `refused: ${error.errorClass}` : String(error)),
    )
    const [endedExpected, also] = expected.split(', ')
    assert.equal(ended, endedExpected)
    if (also !== undefined) assert.ok(proxy.requests(Api.findCoordinator) > asked)
    if (ended !== 'initialised') await slot.init()
    await write(slot, member, topic, 1, ['a'])
    return { did: expected, ...tally(['a'], await settled(lab, topic)) }
  }
}

function commitAlone(expected: string, how: How, code: number): Recipe['run'] {
  return async (lab) => {
    const topic = await lab.topic()
    const proxy = await lab.proxy()
    const member = await lab.member(topic, {}, await lab.connect(proxy.address))
    await member.commit([{ topic, partition: 0, offset: 1 }])
    const asked = proxy.requests(Api.findCoordinator)
    proxy.answerWith(Api.offsetCommit, code, times(expected), how)
    const ended = await member.commit([{ topic, partition: 0, offset: 2 }]).then(
      () => 'committed',
      (error: unknown) => {
        if (error instanceof NotAMember) return 'not a member'
        return error instanceof BrokerError ? `refused: ${error.errorClass}` : String(error)
      },
    )
    const [endedExpected, also] = expected.split(', ')
    assert.equal(ended, endedExpected)
    if (also !== undefined) assert.ok(proxy.requests(Api.findCoordinator) > asked)
    assert.equal(await lab.committed(topic), ended === 'committed' || how === 'carried-out' ? 2 : 1)
    return { did: expected, lost: 0, repeated: 0 }
  }
}

function append(expected: string, how: How, code: number): Recipe['run'] {
  return async (lab) => {
    const topic = await lab.topic()
    const proxy = await lab.proxy()
    const appender = await (await lab.connect(proxy.address)).appender()
    const record = (text: string) => [{ partition: 0, key: Buffer.from('k'), value: Buffer.from(text) }]
    await appender.append(topic, record('a'))
    proxy.answerWith(Api.produce, code, times(expected), how)
    const ended = await appender.append(topic, record('b')).then(
      () => 'appended',
      () => 'rejected',
    )
    assert.equal(ended, expected)
    if (ended === 'rejected') await appender.append(topic, record('b'))
    await appender.append(topic, record('c'))
    await appender.close()
    return {
      did: ended === 'rejected' ? 'rejected; the next ones went through' : ended,
      ...tally(['a', 'b', 'c'], await settled(lab, topic)),
    }
  }
}

/** Kafka's number for a name. */
export function codeOf(name: string): number {
  const code = name === UNHEARD_OF ? 9_999 : errorTable.find((row) => row.name === name)?.code
  if (code === undefined) throw new Error(`Kafka has no error ${name}`)
  return code
}
