import { encodeState, refToBytes } from '@weir/consent'
import type { Row } from '@weir/consent-view'
import type { Fetcher } from '@weir/kafka'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchedRows, ref } from '../fixtures/fakes.ts'
import type { CacheWriter, Stored } from './cache-writer.ts'
import { Loader } from './loader.ts'

const TOPIC_ID = 'a'.repeat(32)
const PARTITION = 3

const running: Loader[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((loader) => loader.close()))
})

/** A log of states of a few refs, and the one cache that all loaders write, checked after each write. */
class World {
  readonly log: readonly Row[]
  stored: Stored = { watermark: '', topicId: '' }
  readonly fields = new Map<string, Buffer>()
  readonly runs: string[] = []

  constructor(records: number) {
    this.log = Array.from({ length: records }, (_, offset) => ({
      offset,
      timeMs: 0,
      key: refToBytes(ref(offset % 7)),
      value: encodeState({ position: offset + 1, purposes: {}, recent: [] }),
    }))
  }

  /** A loader of this log; `late` is awaited before each write arrives, as if its process were frozen there. */
  loader(name: string, readsAtOnce: number, late: (write: 'begin' | 'apply') => Promise<void>): Loader {
    const loader = new Loader({
      kafka: {
        topics: async ([topic = '']) => [{ topic, topicId: TOPIC_ID, partitions: 16 }],
        endOffsets: async (asked, which) => asked.map(() => (which === 'earliest' ? 0 : this.log.length)),
        fetcher: () => this.#fetcher(readsAtOnce),
      },
      topic: 'consent.state',
      cache: this.#cache(name, late),
      monotonicMs: () => 0,
      onEvent: () => {},
      onLoaded: () => {},
    })
    running.push(loader)
    return loader
  }

  get isLoaded(): boolean {
    return this.stored.watermark === String(this.log.length)
  }

  /** What lies before the watermark is in the fields, the newest of each ref, and nothing else is. */
  expectWhole(): void {
    const newest = new Map<string, Buffer | null>()
    for (const { key, value } of this.log.slice(0, Number(this.stored.watermark))) {
      newest.set(key?.toString('latin1') ?? '', value)
    }
    expect(this.fields).toEqual(newest)
  }

  #fetcher(readsAtOnce: number): Fetcher {
    let position = -1
    return {
      assign: (_partition, at) => {
        position = at
      },
      unassign: () => {
        position = -1
      },
      poll: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        if (position < 0 || position >= this.log.length) return []
        const rows = this.log.slice(position, position + readsAtOnce)
        const fetched = fetchedRows('consent.state', PARTITION, position, rows)
        position += rows.length
        return [fetched]
      },
      close: async () => {},
    }
  }

  /** As the scripts inside Redis do: compare and write in one step (consent-plumbing.test.ts has the real ones). */
  #cache(name: string, late: (write: 'begin' | 'apply') => Promise<void>) {
    const cache: Pick<CacheWriter, 'stored' | 'begin' | 'apply' | 'wouldEvict'> = {
      wouldEvict: async () => null,
      stored: async () => this.stored,
      begin: async (_partition, seen, position, topicId) => {
        await late('begin')
        const same = seen.watermark === this.stored.watermark && seen.topicId === this.stored.topicId
        this.runs.push(`${name} begin ${same ? 'done' : 'refused'}`)
        if (!same) return false
        this.fields.clear()
        this.stored = { watermark: String(position), topicId }
        return true
      },
      apply: async (_partition, topicId, from, to, states) => {
        await late('apply')
        const same = this.stored.watermark === String(from) && this.stored.topicId === topicId
        this.runs.push(`${name} ${from}..${to} ${same ? 'done' : 'refused'}`)
        if (!same) return false
        for (const [key, value] of states) this.fields.set(key, value)
        this.stored = { watermark: String(to), topicId }
        this.expectWhole()
        return true
      },
    }
    return cache
  }
}

describe('two loaders of one partition', () => {
  it('leave the cache whole after each write, however their writes fall between each other’s', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 20, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(delays, delays, fc.integer({ min: 3, max: 30 }), async (ofA, ofB, readsAtOnce) => {
        const world = new World(60)
        const late = (turns: readonly number[]) => {
          let write = 0
          return async () => {
            const count = turns[write++ % turns.length] ?? 0
            for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
          }
        }
        const loaders = [world.loader('a', readsAtOnce, late(ofA)), world.loader('b', 10, late(ofB))]
        for (const loader of loaders) loader.add(PARTITION)
        await vi.waitFor(() => expect(world.isLoaded).toBe(true), { interval: 1 })
        world.expectWhole()
        await Promise.all(loaders.map((loader) => loader.close()))
      }),
      { numRuns: 25 },
    )
  })

  it.each(['begin', 'apply'] as const)(
    'where one was frozen before its %s and another took over: what comes late is refused, and it goes on from there',
    async (frozenAt) => {
      const world = new World(40)
      const thaw = Promise.withResolvers<void>()
      const zombie = world.loader('zombie', 10, (write) => (write === frozenAt ? thaw.promise : Promise.resolve()))
      zombie.add(PARTITION)
      if (frozenAt === 'apply') await vi.waitFor(() => expect(world.runs).toEqual(['zombie begin done']))
      const other = world.loader('other', 10, async () => {})
      other.add(PARTITION)
      await vi.waitFor(() => expect(world.isLoaded).toBe(true))
      const before = world.runs.length
      thaw.resolve()
      await vi.waitFor(() => expect(world.runs.length).toBeGreaterThan(before))
      expect(world.runs[before]).toBe(frozenAt === 'begin' ? 'zombie begin refused' : 'zombie 0..10 refused')
      await vi.waitFor(() => expect(zombie.watermarks.get(PARTITION)).toBe(40))
      world.expectWhole()
    },
  )
})
