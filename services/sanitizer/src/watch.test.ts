import { KafkaError } from '@weir/kafka'
import { expect, it } from 'vitest'
import { Watch } from './watch.ts'

const DAY_MS = 86_400_000

function setUp() {
  const state = {
    trouble: null as string | null,
    attemptMs: 0,
    oldestWaitingMs: null as number | null,
    sinceCommitMs: 0,
    owned: [0, 2],
  }
  const world = {
    state,
    nowMs: 10 * DAY_MS,
    lag: 0,
    ends: new Map<number, number>(),
    retention: '86400000',
    away: false,
    told: [] as string[],
    failed: [] as unknown[],
  }
  const answer = async <T>(value: T): Promise<T> => {
    if (world.away) throw new KafkaError('the broker is away', true)
    return value
  }
  const watch = new Watch({
    kafka: {
      endOffsets: (asked) => answer(asked.map(({ partition }) => 100 + partition)),
      admin: { topicConfig: () => answer({ 'retention.ms': world.retention }) },
    },
    rawTopic: 'raw',
    loop: state,
    reader: {
      get lag() {
        return world.lag
      },
      sawEnd: (partition, end) => void world.ends.set(partition, end),
    },
    clock: { nowMs: () => world.nowMs, monotonicMs: () => world.nowMs, sleep: async () => {} },
    log: {
      info: (line: object) => void world.told.push(JSON.stringify(line)),
      warn: (line: object) => void world.told.push(JSON.stringify(line)),
    } as never,
    fail: (error) => void world.failed.push(error),
    signal: new AbortController().signal,
  })
  return { watch, world }
}

it('finds the ends of all its partitions also while nothing is read, so that lag grows', async () => {
  const { watch, world } = setUp()
  await watch.look()
  expect([...world.ends]).toEqual([
    [0, 100],
    [2, 102],
  ])
})

it('alerts once when a record has waited for half of the raw retention, and is well again below it', async () => {
  const { watch, world } = setUp()
  world.state.oldestWaitingMs = world.nowMs - DAY_MS / 2 + 1
  await watch.look()
  expect(watch.why).toBeNull()
  world.nowMs += 1
  await watch.look()
  await watch.look()
  expect(watch.why).toContain('raise its retention.ms')
  expect(watch.lagMs).toBe(DAY_MS / 2)
  expect(world.told.filter((line) => line.includes('retention.ms'))).toHaveLength(1)
  world.state.oldestWaitingMs = null
  await watch.look()
  expect(watch.why).toBeNull()
})

it('reads the retention again now and then, and a topic that keeps records for ever alerts nobody', async () => {
  const { watch, world } = setUp()
  world.state.oldestWaitingMs = world.nowMs - DAY_MS
  await watch.look()
  expect(watch.why).not.toBeNull()
  world.retention = '-1'
  world.nowMs += 300_000
  await watch.look()
  expect(watch.why).toBeNull()
})

it('says when records wait, nothing is in the way, and nothing is committed', async () => {
  const { watch, world } = setUp()
  world.state.sinceCommitMs = 60_000
  await watch.look()
  expect(watch.why).toBeNull()
  world.lag = 1
  await watch.look()
  expect(watch.why).toContain('nothing was committed')
  // A chunk that is held has its own reason.
  world.state.trouble = 'held: consent-cold'
  await watch.look()
  expect(watch.why).toBeNull()
})

it('ends the process when an attempt hangs, and not while one only takes long', async () => {
  const { watch, world } = setUp()
  world.state.attemptMs = 300_000
  await watch.look()
  expect(world.failed).toEqual([])
  world.state.attemptMs = 300_001
  await watch.look()
  expect(world.failed).toMatchObject([{ code: 'WEIR_SANITIZER_ATTEMPT_HANGS' }])
})

it('goes on looking while the broker is away, and says once that the retention is not known', async () => {
  const { watch, world } = setUp()
  world.away = true
  await watch.look()
  await watch.look()
  expect(world.told.filter((line) => line.includes('retention-unknown'))).toHaveLength(1)
  world.away = false
  world.state.oldestWaitingMs = 0
  await watch.look()
  expect(watch.why).not.toBeNull()
})
