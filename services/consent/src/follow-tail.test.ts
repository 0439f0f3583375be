import { CONSENT_PARTITIONS, type ConsentState, type Decision, refToBytes, type SubjectRef } from '@weir/consent'
import type { Lookup } from '@weir/consent-view'
import { partitionOf } from '@weir/kafka'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DecisionIndex } from './decision-index.ts'
import { followTail } from './follow-tail.ts'
import { Looker } from './looker.ts'

const FRESHNESS_MS = 2000
const REF = 'a'.repeat(32) as SubjectRef
const PARTITION = partitionOf(refToBytes(REF), CONSENT_PARTITIONS)
const ID = '00000000-0000-4000-8000-000000000001'
const WITHDRAWAL: Decision = {
  kind: 'withdraw',
  decisionId: ID,
  ref: REF,
  purposes: ['analytics'],
  decidedAtMs: 0,
  source: 'api',
  notices: [0],
  jurisdiction: null,
  untilMs: [null],
  basedOn: -1,
}
const FOLDED: ConsentState = {
  position: 9,
  purposes: {},
  recent: [{ decisionId: ID, outcome: 'applied', tookAway: true }],
}

/** A view whose tail the test starts over, and which looks up what the test says. */
function setUp() {
  const world = { state: null as ConsentState | null, held: 0, looks: 0, why: 'starting' as string | null, ageMs: 0 }
  const restarts = new Set<() => void>()
  const stop = new AbortController()
  const leaders = new Set<(partition: number) => void>()
  const index: DecisionIndex = new DecisionIndex(
    { nowMs: () => 0, monotonicMs: () => 0 },
    () => {},
    (proof) => looker.add(proof),
    (entry) => looker.forget(entry),
  )
  const lookup = async (refs: Uint8Array, count: number): Promise<Lookup> => {
    world.looks++
    expect(refs).toEqual(refToBytes(REF))
    if (world.held-- > 0) return { kind: 'held', reason: 'redis-behind', retryAfterMs: 500 }
    return { kind: 'looked', refs, count, states: [world.state], positions: new Float64Array(16) }
  }
  const looker = new Looker({
    view: { begin: () => ({ end: () => {} }), lookup, tickTimeMs: 0, ageMs: () => 0 },
    index,
    clock: { monotonicMs: () => 0 },
    signal: stop.signal,
  })
  const following = followTail({
    kafka: { endOffsets: async (asked) => asked.map(() => 7) },
    view: {
      reached: async () => {},
      ageMs: (partition) => (partition === PARTITION ? world.ageMs : 0),
      onRestart: (listener) => {
        restarts.add(listener)
        return () => restarts.delete(listener)
      },
      onNewLeader: (listener) => {
        leaders.add(listener)
        return () => leaders.delete(listener)
      },
    },
    topic: 'consent.state',
    index,
    looker,
    freshnessMs: FRESHNESS_MS,
    signal: stop.signal,
    onWaiting: (why) => {
      world.why = why
    },
  })
  const restart = () => {
    for (const listener of restarts) listener()
  }
  const status = () => index.get(ID)?.status
  const newLeader = (partition: number) => {
    for (const listener of leaders) listener(partition)
  }
  return { world, index, restart, newLeader, status, stop, following, restarts, leaders }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('nothing is effective before the freshness limit after the start', async () => {
  const { index, status, world } = setUp()
  index.register(WITHDRAWAL, 0)
  index.observe(REF, FOLDED, 0, 7)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect(world.why).toBeNull()
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1)
  expect(status()).toBe('effective')
})

test('the freshness limit begins with the first proof that a partition is fresh, in each by itself', async () => {
  const { index, status, world } = setUp()
  world.ageMs = Number.POSITIVE_INFINITY
  index.register(WITHDRAWAL, 0)
  const elsewhere = { ...WITHDRAWAL, decisionId: ID.replace(/1$/, '2'), ref: 'b'.repeat(32) as SubjectRef }
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  index.register(elsewhere, 0)
  // The first that its partition's leader ever said.
  index.observe(REF, FOLDED, PARTITION, 8)
  index.observe(elsewhere.ref, { ...FOLDED, recent: [{ ...elsewhere, outcome: 'applied', tookAway: true }] }, 3, 8)
  expect([status(), index.get(elsewhere.decisionId)?.status]).toEqual(['pending', 'effective'])
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  world.ageMs = 1
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(21)
  expect(status()).toBe('effective')
})

test('a decision folded while the tail was away is looked up, the freshness limit after it started over', async () => {
  const { index, status, restart, world } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  index.register(WITHDRAWAL, 0)
  world.state = FOLDED
  restart()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect([status(), world.looks]).toEqual(['pending', 0])
  await vi.advanceTimersByTimeAsync(1)
  expect(status()).toBe('effective')
})

test('a look that is held is tried again, while what the tail shows counts already', async () => {
  const { index, status, restart, world } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  index.register(WITHDRAWAL, 0)
  world.state = FOLDED
  world.held = 3
  restart()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  const other = { ...WITHDRAWAL, decisionId: ID.replace(/1$/, '2') }
  index.register(other, 0)
  index.observe(
    REF,
    { ...FOLDED, recent: [{ ...FOLDED.recent[0], decisionId: other.decisionId, outcome: 'applied', tookAway: true }] },
    0,
    8,
  )
  expect(index.get(other.decisionId)?.status).toBe('effective')
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1500)
  expect(status()).toBe('effective')
  expect(world.looks).toBe(4)
})

test('a decision that is not folded yet stays pending until the tail shows it', async () => {
  const { index, status, restart } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  index.register(WITHDRAWAL, 0)
  restart()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  expect(status()).toBe('pending')
  index.observe(REF, FOLDED, 0, 8)
  expect(status()).toBe('effective')
})

test('what the tail shows after it started over counts only after the freshness limit, also when it starts over twice', async () => {
  const { index, status, restart } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  restart()
  index.register(WITHDRAWAL, 0)
  index.observe(REF, FOLDED, 0, 8)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  restart()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1)
  expect(status()).toBe('effective')
})

test('after a new leader of its partition a decision is in force only after the freshness limit', async () => {
  const { index, status, newLeader } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  index.register(WITHDRAWAL, 0)
  newLeader(PARTITION)
  index.observe(REF, FOLDED, PARTITION, 8)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1)
  expect(status()).toBe('effective')
})

test('a new leader of another partition delays nothing, and two leaders delay from the later', async () => {
  const { index, status, newLeader } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  newLeader((PARTITION + 1) % CONSENT_PARTITIONS)
  const other = { ...WITHDRAWAL, decisionId: ID.replace(/1$/, '2') }
  index.register(other, 0)
  index.observe(
    REF,
    { ...FOLDED, recent: [{ decisionId: other.decisionId, outcome: 'applied', tookAway: true }] },
    0,
    8,
  )
  expect(index.get(other.decisionId)?.status).toBe('effective')
  newLeader(PARTITION)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  newLeader(PARTITION)
  index.register(WITHDRAWAL, 0)
  index.observe(REF, FOLDED, PARTITION, 8)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1)
  expect(status()).toBe('effective')
})

test('a new leader while the tail starts over is waited for as well', async () => {
  const { index, status, restart, newLeader } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  restart()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  newLeader(PARTITION)
  index.register(WITHDRAWAL, 0)
  index.observe(REF, FOLDED, PARTITION, 8)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS - 1)
  expect(status()).toBe('pending')
  await vi.advanceTimersByTimeAsync(1)
  expect(status()).toBe('effective')
})

test('it ends, and listens no more, when the service does', async () => {
  const { stop, following, restarts, leaders } = setUp()
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS)
  stop.abort()
  await following
  expect([restarts.size, leaders.size]).toEqual([0, 0])
})
