import { BrokerError, Closed, ConnectionLost, CorruptBatch, OffsetOutOfRange } from '@weir/kafka'
import { beforeEach, expect, test } from 'vitest'
import { FakeKafka } from '../fixtures/fake-kafka.ts'
import { CallbackFailed, PlaceGone, UnreadableRecord } from './errors.ts'
import type { ConsumedRecord } from './options.ts'
import { TopicSession } from './topic-session.ts'

const ann = `1.${'a'.repeat(32)}`
const ben = `1.${'b'.repeat(32)}`

let kafka: FakeKafka
/** Answers to the next settlings; afterwards true. */
let settled: boolean[]
let forgotten: Set<string>
let onRecords: (records: readonly ConsumedRecord[]) => Promise<void>
let session: TopicSession
let running: Promise<void>

const orders = {
  settle: async () => {
    kafka.did('settle')
    return settled.shift() ?? true
  },
  isForgotten: (key: Uint8Array, start: number, end: number) =>
    forgotten.has(Buffer.from(key.subarray(start, end)).toString()),
  tell: async (pseudonyms: readonly string[]) => {
    if (pseudonyms.length > 0) kafka.did(`tell ${pseudonyms}`)
  },
}

beforeEach(() => {
  kafka = new FakeKafka()
  kafka.make('ads', 3)
  settled = []
  forgotten = new Set()
  onRecords = async () => {}
})

/** Of one digit each: what it stands for. */
const records = (whose: string, text: string) =>
  [...text].map((one) => ({ key: whose, value: Buffer.concat([Buffer.of(0, 0, 0, 1, 2), Buffer.from(one)]) }))

function start(maxBatchRecords = 100) {
  session = new TopicSession({
    kafka,
    groupId: 'g',
    topic: 'ads',
    orders,
    maxBatchRecords,
    rebalanceTimeoutMs: 1_000,
    async onRecords(given) {
      kafka.did(`records ${given.map(({ value }) => value).join('')}`)
      await onRecords(given)
    },
  })
  const joined = Promise.withResolvers<void>()
  running = session.run(joined.resolve)
  running.catch(() => undefined)
  return joined.promise
}

const does = (act: string) => kafka.until(() => kafka.acts.includes(act))
/** Acts but the settlings, of which there are some for each turn. */
const acts = () => kafka.acts.filter((act) => act !== 'settle')

async function stop() {
  session.stop()
  await running
}

test('A batch is committed before the next, bounded, and none is fetched while one is handled', async () => {
  kafka.append('ads', 0, ...records(ann, '12345'))
  kafka.atOnce = 3
  await start(2)
  await kafka.group?.onAssigned([0])
  await does('commit ads/0@5')
  await stop()
  expect(acts()).toEqual([
    'poll ads',
    'records 12',
    'commit ads/0@2',
    'records 3',
    'commit ads/0@3',
    'poll ads',
    'records 45',
    'commit ads/0@5',
    'leave',
  ])
})

test('Records go on from where the group is; those of forgotten people are left out, told, and committed over', async () => {
  kafka.append('ads', 1, ...records(ben, '1'), ...records(ann, '23'), ...records(ben, '4'), ...records(ann, '56'))
  kafka.committed.set('ads/1', 1)
  forgotten.add(ann)
  await start()
  await kafka.group?.onAssigned([1])
  await does('commit ads/1@6')
  await stop()
  expect(acts()).toEqual(['poll ads', `tell ${ann}`, 'records 4', 'commit ads/1@6', 'leave'])
})

test('Nothing is handed out before the orders are settled', async () => {
  kafka.append('ads', 0, ...records(ann, '1'))
  settled = [false, false, false]
  await start()
  await kafka.group?.onAssigned([0])
  await does('poll ads')
  await does('records 1')
  await stop()
  const between = kafka.acts.slice(kafka.acts.indexOf('poll ads') + 1, kafka.acts.indexOf('records 1'))
  expect(between.length).toBeGreaterThan(0)
  expect(new Set(between)).toEqual(new Set(['settle']))
  expect(settled).toEqual([])
})

test('Somebody who is forgotten between fetching and handing out is left out', async () => {
  kafka.append('ads', 0, ...records(ann, '12'), ...records(ben, '3'))
  onRecords = async () => void forgotten.add(ann)
  await start(1)
  await kafka.group?.onAssigned([0])
  await does('commit ads/0@3')
  await stop()
  expect(acts().filter((act) => /records|tell|poll/.test(act))).toEqual([
    'poll ads',
    'records 1',
    `tell ${ann}`,
    'records 3',
  ])
})

test('A commit that time mends is made again before anything more is handed out, and nothing is handed out twice', async () => {
  kafka.append('ads', 0, ...records(ann, '12'))
  kafka.failing.commit = [new BrokerError(16, 'OffsetCommit'), new ConnectionLost('gone', true)]
  await start(1)
  await kafka.group?.onAssigned([0])
  await does('commit ads/0@2')
  await stop()
  expect(acts()).toEqual([
    'poll ads',
    'records 1',
    'commit fails',
    'commit fails',
    'commit ads/0@1',
    'records 2',
    'commit ads/0@2',
    'leave',
  ])
})

test('A partition is given up once the batch under way is handled and committed; what was fetched of it is dropped', async () => {
  kafka.append('ads', 0, ...records(ann, '123'))
  kafka.append('ads', 2, ...records(ben, '4'))
  const handling = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  onRecords = () => {
    handling.resolve()
    return release.promise
  }
  await start(1)
  await kafka.group?.onAssigned([0, 2])
  await handling.promise
  const revoked = kafka.group?.onRevoked([0]).then(() => kafka.did('revoked'))
  release.resolve()
  await revoked
  await does('commit ads/2@1')
  await stop()
  expect(acts()).toEqual(['poll ads', 'records 1', 'commit ads/0@1', 'revoked', 'records 4', 'commit ads/2@1', 'leave'])
})

test('A function that fails ends the session, nothing of its batch committed, and the group is left', async () => {
  kafka.append('ads', 0, ...records(ann, '1'))
  onRecords = async () => {
    throw new Error('full')
  }
  await start()
  await kafka.group?.onAssigned([0])
  await expect(running).rejects.toThrow(CallbackFailed)
  expect(acts()).toEqual(['poll ads', 'records 1', 'leave'])
})

test('A place whose records are gone ends it, with what to do', async () => {
  kafka.committed.set('ads/0', 3)
  kafka.starts.set('ads/0', 5)
  await start()
  await kafka.group?.onAssigned([0])
  await expect(running).rejects.toThrow(PlaceGone)
  await expect(running).rejects.toThrow(/stands at 3 of ads partition 0.*before 5 are gone.*--reset-offsets/)
})

test('A group that is new begins with the first record that is there', async () => {
  kafka.append('ads', 0, ...records(ann, '12'))
  kafka.starts.set('ads/0', 1)
  await start()
  await kafka.group?.onAssigned([0])
  await does('records 2')
  await stop()
})

test('A place that is lost to retention while reading ends it in the same way; any other refusal of a fetch as it is', async () => {
  kafka.failing.poll = [new OffsetOutOfRange('ads', 0, 3, 5)]
  await start()
  await expect(running).rejects.toThrow(PlaceGone)
  kafka.failing.poll = [new OffsetOutOfRange('ads', 0, 9, 5)]
  await start()
  await expect(running).rejects.toThrow(OffsetOutOfRange)
})

test('What stands before a batch that can’t be read is handed out and committed, then it ends', async () => {
  kafka.append('ads', 0, ...records(ann, '12'))
  kafka.append('ads', 1, ...records(ben, '3'))
  kafka.damaged = 'ads/1'
  await start()
  await kafka.group?.onAssigned([0, 1])
  await expect(running).rejects.toThrow(CorruptBatch)
  expect(acts()).toEqual(['poll ads', 'records 12', 'commit ads/0@2', 'leave'])
})

test('Nothing is handed out any more once it is stopped', async () => {
  kafka.append('ads', 0, ...records(ann, '1'))
  settled = Array.from({ length: 100_000 }, () => false)
  await start()
  await kafka.group?.onAssigned([0])
  await does('poll ads')
  session.stop()
  settled = []
  await running
  expect(acts()).toEqual(['poll ads', 'leave'])
})

test('A record that is none of Weir’s ends it, after what stands before it', async () => {
  kafka.append('ads', 0, ...records(ann, '1'), { key: ann, value: Buffer.from('{}') })
  await start(1)
  await kafka.group?.onAssigned([0])
  await expect(running).rejects.toThrow(UnreadableRecord)
  expect(acts()).toEqual(['poll ads', 'records 1', 'commit ads/0@1', 'leave'])
})

test('Stopping while a batch is handled waits for it and commits it', async () => {
  kafka.append('ads', 0, ...records(ann, '12'))
  const release = Promise.withResolvers<void>()
  onRecords = () => release.promise
  await start(1)
  await kafka.group?.onAssigned([0])
  await does('records 1')
  session.stop()
  release.resolve()
  await running
  expect(acts()).toEqual(['poll ads', 'records 1', 'commit ads/0@1', 'leave'])
})

test('A batch is committed only once the orders are told that came while it was handled', async () => {
  // Somebody else of the group may have told and acknowledged them before this batch was stored. After a commit and a
  // crash nobody would hear of them again.
  kafka.append('ads', 0, ...records(ann, '1'))
  onRecords = async () => {
    settled = [false, false]
  }
  await start()
  await kafka.group?.onAssigned([0])
  await does('commit ads/0@1')
  const since = kafka.acts.slice(kafka.acts.indexOf('records 1'), kafka.acts.indexOf('commit ads/0@1'))
  expect(since).toEqual(['records 1', 'settle', 'settle', 'settle'])
  await stop()
})

test('A batch that can’t be committed since orders don’t come is given again by the next one, and stopping ends all the same', async () => {
  kafka.append('ads', 0, ...records(ann, '1'))
  onRecords = async () => {
    settled = Array.from({ length: 1_000 }, () => false)
  }
  await start()
  await kafka.group?.onAssigned([0])
  await does('records 1')
  await stop()
  expect(acts()).toEqual(['poll ads', 'records 1', 'leave'])
})

test('What ends it while the group has not taken it in yet is told, and it is no end that was asked for', async () => {
  const asked = Promise.withResolvers<void>()
  kafka.join = ({ signal }) => {
    asked.resolve()
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Closed('The member'))))
  }
  start()
  await asked.promise
  session.fail(new Error('unreadable'))
  await expect(running).rejects.toThrow('unreadable')
})

test('A place that the broker refuses to tell for good ends it; one that it can’t tell now is asked for again', async () => {
  kafka.append('ads', 0, ...records(ann, '1'))
  kafka.failing.committed = [new BrokerError(16, 'OffsetFetch')]
  await start()
  await expect(kafka.group?.onAssigned([0])).rejects.toThrow(BrokerError)
  await kafka.group?.onAssigned([0])
  await does('commit ads/0@1')
  await stop()
  kafka.failing.committed = [new BrokerError(30, 'OffsetFetch')]
  await start()
  await kafka.group?.onAssigned([0])
  await expect(running).rejects.toThrow('GROUP_AUTHORIZATION_FAILED')
})
