import { AsyncLocalStorage } from 'node:async_hooks'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CacheWriter } from '../../../services/projector/src/cache-writer.ts'
import { APPLY, BEGIN } from '../../../services/projector/src/loader-scripts.ts'
import { Random } from '../../workload/random.ts'
import { RedisModel } from './index.ts'

const TOPIC = 'ab'.repeat(16)
const NOTHING = { watermark: '', topicId: '' }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function model(seed = 'redis'): RedisModel {
  const now = () => Date.now()
  return new RedisModel({ random: new Random(seed), now, delayMs: () => 1, scripts: { apply: APPLY, begin: BEGIN } })
}

/** Lets time pass until it is answered. */
async function answered<T>(asked: Promise<T>): Promise<T> {
  asked.catch(() => {})
  await vi.advanceTimersByTimeAsync(1_000)
  return asked
}

async function loaded(redis: RedisModel): Promise<CacheWriter> {
  const writer = new CacheWriter(redis.client(), '')
  expect(await answered(writer.begin(0, NOTHING, 0, TOPIC))).toBe(true)
  expect(await answered(writer.apply(0, TOPIC, 0, 5, new Map([['r', Buffer.from('state')]])))).toBe(true)
  return writer
}

function read(client: Redis): Promise<(Buffer | null)[]> {
  return answered(client.hmgetBuffer('consent.state:0', 'w', 't', Buffer.from('r')))
}

const texts = (values: readonly (Buffer | null)[]) => values.map((value) => value?.toString() ?? null)

describe('the model of Redis', () => {
  it('applies a run only from the watermark that is stored, in the same step as it compares', async () => {
    const redis = model()
    const writer = await loaded(redis)
    expect(texts(await read(redis.client()))).toEqual(['5', TOPIC, 'state'])
    expect(await answered(writer.apply(0, TOPIC, 4, 9, new Map()))).toBe(false)
    expect(await answered(writer.apply(0, 'cd'.repeat(16), 5, 9, new Map()))).toBe(false)
    expect(await answered(writer.begin(0, NOTHING, 0, TOPIC))).toBe(false)
    expect(await answered(writer.stored(0))).toEqual({ watermark: '5', topicId: TOPIC })
    expect(await answered(writer.wouldEvict())).toBeNull()
  })

  it('forgets whole keys: flushed, evicted, restored from a dump', async () => {
    for (const fault of ['flush', 'evict', 'oldDump'] as const) {
      const redis = model()
      await loaded(redis)
      redis.fault(fault)
      expect(texts(await read(redis.client())), fault).toEqual([null, null, null])
    }
    const redis = model()
    const writer = await loaded(redis)
    redis.fault('save')
    await answered(writer.apply(0, TOPIC, 5, 9, new Map([['r', Buffer.from('newer')]])))
    redis.fault('oldDump')
    expect(texts(await read(redis.client()))).toEqual(['5', TOPIC, 'state'])
  })

  it('fails over to a replica that lacks the last writes, and only these', async () => {
    const redis = model()
    const writer = await loaded(redis)
    await vi.advanceTimersByTimeAsync(5_000)
    const apply = writer.apply(0, TOPIC, 5, 9, new Map([['r', Buffer.from('newer')]]))
    await vi.advanceTimersByTimeAsync(4)
    await apply
    redis.fault('failover')
    const [watermark, , state] = texts(await read(redis.client()))
    // Written less than the least that a replica is behind ago.
    expect([watermark, state]).toEqual(['5', 'state'])
  })

  it('splits: some of those connected write where those who come later do not read', async () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const redis = model(`seed ${seed}`)
      const writer = await loaded(redis)
      redis.fault('split')
      await answered(writer.apply(0, TOPIC, 5, 9, new Map()))
      const during = texts(await read(redis.client()))[0]
      redis.fault('join')
      outcomes.add(`${during} ${texts(await read(redis.client()))[0]}`)
    }
    expect([...outcomes].sort()).toEqual(['5 5', '9 9'])
  })

  it('refuses at once while it is down, and holds what it had when it is up again', async () => {
    const redis = model()
    await loaded(redis)
    redis.fault('down')
    const asked = redis.client().hmgetBuffer('consent.state:0', 'w')
    asked.catch(() => {})
    await vi.advanceTimersByTimeAsync(1)
    await expect(asked).rejects.toThrow('Connection is closed.')
    redis.fault('up')
    expect(texts(await read(redis.client()))[0]).toBe('5')
  })

  it('carries out what a process had sent though that takes no answer any more', async () => {
    const process = new AsyncLocalStorage<string>()
    const redis = model()
    const writer = await loaded(redis)
    const timers: (string | undefined)[] = []
    // A spy over fake timers would leave them in place after the file, for whatever the worker runs next.
    const { setTimeout } = globalThis
    const watched = (task: () => void) => {
      timers.push(process.getStore())
      if (process.getStore() === undefined) task()
      return 0
    }
    Object.assign(globalThis, { setTimeout: watched })
    process.run('killed', () => void writer.apply(0, TOPIC, 5, 9, new Map()).catch(() => {}))
    Object.assign(globalThis, { setTimeout })
    // The time-outs and the answer are the process's, the arrival is the server's.
    expect(timers).toContain(undefined)
    expect(timers.at(-1)).toBe('killed')
    expect(texts(await read(redis.client()))[0]).toBe('9')
  })
})
