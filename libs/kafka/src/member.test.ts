import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Answer } from '../fixtures/fake-broker.ts'
import { type FakeCluster, startFakeCluster } from '../fixtures/fake-cluster.ts'
import { connectKafka } from './connect.ts'
import { BrokerError, Closed, NotAMember } from './errors.ts'
import type { Kafka, Member, MemberOptions } from './port.ts'
import { Code } from './protocol/error-codes.ts'

interface Heartbeat {
  readonly memberId: string
  readonly epoch: number
  readonly says: string
  readonly owned: readonly number[] | null
}

type Reply = { readonly epoch?: number; readonly assigned?: readonly number[]; readonly code?: number } | 'silence'

let cluster: FakeCluster
let kafka: Kafka
let heard: Heartbeat[]
/** Answers to the next heartbeats; afterwards the last epoch and no change. */
let replies: Reply[]
let epoch: number
let intervalMs: number
/** Called for each heartbeat before it is answered. */
let onHeartbeat: (heartbeat: Heartbeat) => void | Promise<void>
let watchers: (() => void)[]

beforeEach(async () => {
  heard = []
  replies = []
  epoch = 0
  intervalMs = 20
  watchers = []
  onHeartbeat = () => undefined
  cluster = await startFakeCluster(1, [{ nodeId: 0, epoch: 0 }])
  cluster.brokers[0]?.on(68, async (request): Promise<Answer> => {
    request.string()
    const memberId = request.string()
    const memberEpoch = request.int32()
    request.nullableString()
    request.nullableString()
    const rebalanceTimeoutMs = request.int32()
    const topics = nullable(() => request.string(), request)
    request.nullableString()
    request.nullableString()
    const owned = nullable(() => {
      request.uuid()
      const partitions = request.int32Array()
      request.tags()
      return partitions
    }, request)
    const says = topics === null ? 'changes' : `${topics.join()} ${rebalanceTimeoutMs}`
    const heartbeat = { memberId, epoch: memberEpoch, says, owned: owned === null ? null : owned.flat() }
    heard.push(heartbeat)
    await onHeartbeat(heartbeat)
    for (const watcher of watchers.splice(0)) watcher()
    const reply = replies.shift() ?? {}
    if (reply === 'silence') return 'silence'
    epoch = reply.epoch ?? (memberEpoch > 0 ? epoch : epoch + 1)
    return (body) => {
      body
        .int32(0)
        .int16(reply.code ?? 0)
        .nullableString(null)
        .nullableString(memberId)
      body.int32(memberEpoch === -1 ? -1 : epoch).int32(intervalMs)
      if (reply.assigned === undefined) body.int8(-1)
      else {
        body.int8(1).arrayLength(1).uuid(cluster.topicId).int32Array(reply.assigned).tags().tags()
      }
      body.tags()
    }
  })
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 200 })
})

afterEach(async () => {
  await kafka.close()
  await cluster.close()
})

function nullable<T>(read: () => T, request: { uvarint(): number }): T[] | null {
  const length = request.uvarint() - 1
  if (length < 0) return null
  return Array.from({ length }, read)
}

/** Resolves once a heartbeat has been heard of which this holds. */
async function heartbeat(holds: (heartbeat: Heartbeat) => boolean): Promise<Heartbeat> {
  for (;;) {
    const found = heard.find(holds)
    if (found !== undefined) return found
    await new Promise<void>((resolve) => watchers.push(resolve))
  }
}

function gate() {
  let open: () => void = () => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open }
}

async function join(more: Partial<MemberOptions> = {}): Promise<Member> {
  const nothing = async () => undefined
  const given = { onAssigned: nothing, onRevoked: nothing, onLost: nothing, ...more }
  return kafka.join({ groupId: 'g', topic: 'topic', rebalanceTimeoutMs: 7_000, ...given })
}

test('Joining says everything, and what is assigned is owned only once the user has begun with it', async () => {
  const begun = gate()
  const assigned: (readonly number[])[] = []
  replies = [{ epoch: 3, assigned: [1, 0] }]
  const member = await join({
    onAssigned: (partitions) => {
      assigned.push(partitions)
      return begun.passed
    },
  })
  expect(heard[0]).toMatchObject({ epoch: 0, says: 'topic 7000', owned: [] })
  await heartbeat((h) => h.epoch === 3)
  expect(member.assigned).toEqual([])
  expect(heard.slice(1).every((h) => h.owned === null)).toBe(true)
  begun.open()
  expect(await heartbeat((h) => h.owned?.length === 2)).toMatchObject({ says: 'changes', owned: [0, 1] })
  expect(member.assigned).toEqual([0, 1])
  expect(assigned).toEqual([[0, 1]])
})

test('The broker hears of what was given up only after the user has finished with it, heartbeats going on', async () => {
  const finished = gate()
  replies = [{ epoch: 1, assigned: [0, 1, 2] }]
  const order: string[] = []
  const member = await join({
    onRevoked: async (partitions) => {
      order.push(`revoked ${partitions}`)
      await finished.passed
      order.push('finished')
    },
  })
  await heartbeat((h) => h.owned?.length === 3)
  replies = [{ assigned: [1] }]
  const before = heard.length
  await heartbeat(() => heard.length >= before + 4)
  expect(heard.slice(before).every((h) => h.owned === null)).toBe(true)
  expect(member.assigned).toEqual([0, 1, 2])
  onHeartbeat = ({ owned }) => {
    if (owned !== null) order.push(`told ${owned}`)
  }
  finished.open()
  await heartbeat((h) => h.owned?.length === 1)
  expect(order).toEqual(['revoked 0,2', 'finished', 'told 1'])
  expect(member.assigned).toEqual([1])
})

test('The generation does not move while somebody uses the identity', async () => {
  replies = [{ epoch: 1, assigned: [0] }]
  const member = await join()
  await heartbeat((h) => h.owned?.length === 1)
  replies = [{ epoch: 2 }]
  const using = gate()
  let busy = false
  let disturbed = false
  onHeartbeat = () => {
    disturbed ||= busy
  }
  const used = member.withIdentity(async (identity) => {
    busy = true
    await using.passed
    busy = false
    return identity.generation
  })
  // Through several heartbeat intervals of 20 ms.
  const until = performance.now() + 100
  while (performance.now() < until) await kafka.topics(['topic'])
  using.open()
  const generation = await used
  expect(disturbed).toBe(false)
  expect([1, 2]).toContain(generation)
  await heartbeat((h) => h.epoch === 2)
  expect(await member.withIdentity(async (identity) => identity.generation)).toBe(2)
})

test.each([
  ['FENCED_MEMBER_EPOCH', Code.FENCED_MEMBER_EPOCH],
  ['UNKNOWN_MEMBER_ID', Code.UNKNOWN_MEMBER_ID],
])('After %s the user loses everything, then a new member joins', async (_, code) => {
  const told = gate()
  const lost: (readonly number[])[] = []
  replies = [{ epoch: 1, assigned: [0, 1] }]
  const member = await join({
    onLost: (partitions) => {
      lost.push(partitions)
      return told.passed
    },
  })
  await heartbeat((h) => h.owned?.length === 2)
  const { memberId } = await member.withIdentity(async (identity) => identity)
  replies = [{ code }, { epoch: 9, assigned: [1] }]
  while (lost.length === 0) await kafka.topics(['topic'])
  expect(lost).toEqual([[0, 1]])
  expect(member.assigned).toEqual([])
  await expect(member.withIdentity(async () => undefined)).rejects.toThrow(NotAMember)
  const silentSince = heard.length
  for (let i = 0; i < 20; i++) await kafka.topics(['topic'])
  expect(heard.length).toBe(silentSince)
  told.open()
  const rejoin = await heartbeat((h) => h.epoch === 0 && h.memberId !== memberId)
  expect(rejoin).toMatchObject({ says: 'topic 7000', owned: [] })
  await heartbeat((h) => h.epoch === 9 && h.owned?.length === 1)
  expect(member.assigned).toEqual([1])
})

test('After a heartbeat without an answer the next one says everything', async () => {
  replies = [{ epoch: 1, assigned: [0] }]
  await join()
  await heartbeat((h) => h.owned?.length === 1)
  replies = ['silence']
  expect(await heartbeat((h) => h.epoch === 1 && h.says !== 'changes')).toMatchObject({
    says: 'topic 7000',
    owned: [0],
  })
})

test('A callback that fails is called again, and until it succeeds the broker is told nothing', async () => {
  const kinds: string[] = []
  await kafka.close()
  const onEvent = ({ kind }: { kind: string }) => kinds.push(kind)
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 200, onEvent })
  replies = [{ epoch: 1, assigned: [0] }]
  let calls = 0
  const member = await join({
    onRevoked: async () => {
      calls++
      if (calls === 1) throw new Error('not yet')
    },
  })
  await heartbeat((h) => h.owned?.length === 1)
  heard.length = 0
  replies = [{ assigned: [] }]
  await heartbeat((h) => h.owned?.length === 0)
  expect(calls).toBe(2)
  expect(kinds).toEqual(['member-callback-failed'])
  expect(member.assigned).toEqual([])
})

test('Leaving gives up everything, then says goodbye, then nothing more', async () => {
  replies = [{ epoch: 1, assigned: [0, 1] }]
  const order: string[] = []
  const member = await join({
    onRevoked: async (partitions) => {
      order.push(`revoked ${partitions}`)
    },
  })
  await heartbeat((h) => h.owned?.length === 2)
  onHeartbeat = (h) => {
    if (h.epoch === -1) order.push('goodbye')
  }
  await member.leave()
  expect(order).toEqual(['revoked 0,1', 'goodbye'])
  expect(heard.at(-1)).toMatchObject({ epoch: -1 })
  await expect(member.withIdentity(async () => undefined)).rejects.toThrow(NotAMember)
  await member.leave()
  expect(heard.filter((h) => h.epoch === -1)).toHaveLength(1)
})

test('A group that can’t be joined at all is an error of join', async () => {
  replies = [{ code: 30 }]
  const refused = await join().catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(BrokerError)
  expect(refused).toMatchObject({ codeName: 'GROUP_AUTHORIZATION_FAILED' })
})

test('A coordinator that is loading is waited for', async () => {
  replies = [{ code: Code.COORDINATOR_LOAD_IN_PROGRESS }, { code: Code.NOT_COORDINATOR }, { epoch: 4 }]
  const member = await join()
  expect(await member.withIdentity(async ({ generation }) => generation)).toBe(4)
})

test('Joining is given up at once when its signal aborts, whatever the broker does', async () => {
  const asked = gate()
  onHeartbeat = asked.open
  replies = ['silence']
  await kafka.close()
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 60_000 })
  const stop = new AbortController()
  const joining = join({ signal: stop.signal })
  await asked.passed
  const before = performance.now()
  stop.abort()
  await expect(joining).rejects.toThrow(Closed)
  expect(performance.now() - before).toBeLessThan(10_000)
  await expect(join({ signal: AbortSignal.abort() })).rejects.toThrow(Closed)
  expect(heard).toHaveLength(1)
})

test('A signal of joining means nothing once joined', async () => {
  const stop = new AbortController()
  const member = await join({ signal: stop.signal })
  stop.abort()
  const before = heard.length
  await heartbeat(() => heard.length > before + 1)
  await member.withIdentity(async () => undefined)
})

test('Confirmed means accepted after the question: an answer that was under way before does not count', async () => {
  replies = [{ epoch: 1 }]
  const member = await join()
  const underWay = gate()
  const answer = gate()
  onHeartbeat = () => {
    underWay.open()
    return answer.passed
  }
  await underWay.passed
  const before = heard.length
  const confirmed = member.confirmed()
  answer.open()
  await confirmed
  expect(heard.length).toBeGreaterThan(before)
})

test('Who asks for confirmation waits through heartbeats that are not answered, and is told when fenced', async () => {
  replies = [{ epoch: 1 }]
  const member = await join()
  replies = ['silence', { code: Code.COORDINATOR_LOAD_IN_PROGRESS }, {}]
  await member.confirmed()
  expect(replies).toEqual([])
  const told = gate()
  // Fenced: no confirmation under way survives it, and there is none before the group has us again.
  onHeartbeat = () => told.passed
  replies = [{ code: Code.FENCED_MEMBER_EPOCH }, { code: Code.FENCED_MEMBER_EPOCH }, { epoch: 5 }]
  const confirmed = member.confirmed()
  told.open()
  await expect(confirmed).rejects.toThrow(NotAMember)
  await expect(member.confirmed()).rejects.toThrow(NotAMember)
  await heartbeat((h) => h.epoch === 5)
  await member.confirmed()
})

test('Confirmation is asked for at once, not at the next interval', async () => {
  intervalMs = 3_600_000
  const member = await join()
  const before = heard.length
  await member.confirmed()
  expect(heard).toHaveLength(before + 1)
})

test('Waiting for confirmation ends with its signal, and when the member stops', async () => {
  const member = await join()
  onHeartbeat = () => new Promise<void>(() => undefined)
  const stop = new AbortController()
  const confirmed = member.confirmed(stop.signal)
  stop.abort()
  await expect(confirmed).rejects.toThrow(Closed)
  const left = expect(member.confirmed()).rejects.toThrow(NotAMember)
  await kafka.close()
  await left
})

test('A loop of heartbeats that a bug has ended tells its user', async () => {
  const bug = new Error('a listener that throws')
  await kafka.close()
  const kinds: string[] = []
  const onEvent = ({ kind }: { kind: string }) => {
    kinds.push(kind)
    if (kind === 'heartbeat-refused') throw bug
  }
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 200, onEvent })
  const stopped = Promise.withResolvers<unknown>()
  const member = await join({ onStopped: stopped.resolve })
  replies = [{ code: 30 }]
  expect(await stopped.promise).toBe(bug)
  await expect(member.withIdentity(async () => undefined)).rejects.toThrow(NotAMember)
  await expect(member.confirmed()).rejects.toThrow(NotAMember)
  expect(kinds).toEqual(['heartbeat-refused', 'member-stopped'])
})

test('Leaving does not wait for a broker that says nothing', async () => {
  await kafka.close()
  kafka = await connectKafka({ brokers: cluster.bootstrap, clientId: 'test', requestTimeoutMs: 60_000 })
  const member = await join()
  const underWay = gate()
  onHeartbeat = () => {
    underWay.open()
    return new Promise<void>(() => undefined)
  }
  await underWay.passed
  const before = performance.now()
  await member.leave()
  expect(performance.now() - before).toBeLessThan(10_000)
})
