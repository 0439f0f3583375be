import { encodeState, encodeStateTick, refToBytes, tickKey } from '@weir/consent'
import type { Row } from '@weir/consent-view'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeFetcher, fetchedRows, ref } from '../fixtures/fakes.ts'
import type { CacheWriter, Stored } from './cache-writer.ts'
import { Loader } from './loader.ts'

const TOPIC_ID = 'a'.repeat(32)

function stateRow(offset: number, fill: number, position: number): Row {
  return { offset, timeMs: 0, key: refToBytes(ref(fill)), value: encodeState({ position, purposes: {}, recent: [] }) }
}

function tickRow(offset: number): Row {
  const value = encodeStateTick({ incarnation: 'a'.repeat(32), n: 1, timeMs: 0, position: offset + 1 })
  return { offset, timeMs: 0, key: tickKey, value }
}

let running: Loader | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

function setUp(stored: Stored, end = 1_000_000) {
  const cache = {
    stored,
    policy: null as string | null,
    away: false,
    fields: new Map<string, Buffer>(),
    runs: [] as string[],
  }
  const fetchers: ReturnType<typeof fakeFetcher>[] = []
  const events: string[] = []
  const state = { topicId: TOPIC_ID, nowMs: 0 }
  const writer: Pick<CacheWriter, 'stored' | 'begin' | 'apply' | 'wouldEvict'> = {
    stored: async () => {
      if (cache.away) throw new Error('away')
      return cache.stored
    },
    begin: async (_partition, seen, position, topicId) => {
      if (seen.watermark !== cache.stored.watermark || seen.topicId !== cache.stored.topicId) return false
      cache.fields.clear()
      cache.stored = { watermark: String(position), topicId }
      cache.runs.push(`begin ${position}`)
      return true
    },
    apply: async (_partition, topicId, from, to, states) => {
      if (cache.away) throw new Error('away')
      if (cache.stored.watermark !== String(from) || cache.stored.topicId !== topicId) {
        cache.runs.push(`refused ${from}`)
        return false
      }
      for (const [key, value] of states) cache.fields.set(key, value)
      cache.stored = { watermark: String(to), topicId }
      cache.runs.push(`${from}..${to}`)
      return true
    },
    wouldEvict: async () => cache.policy,
  }
  const loader = new Loader({
    kafka: {
      topics: async ([topic = '']) => [{ topic, topicId: state.topicId, partitions: 16 }],
      endOffsets: async (asked, which) => asked.map(() => (which === 'earliest' ? 0 : end)),
      fetcher: () => {
        const fetcher = fakeFetcher()
        fetchers.push(fetcher)
        return fetcher
      },
    },
    topic: 'consent.state',
    cache: writer,
    monotonicMs: () => state.nowMs,
    onEvent: ({ message }) => void events.push(message),
    onLoaded: () => {},
  })
  running = loader
  const fetcher = () => {
    const last = fetchers.at(-1)
    if (last === undefined) throw new Error('no fetcher yet')
    return last
  }
  const placedAt = (position: number) => vi.waitFor(() => expect(fetcher().assigned.get(3)).toBe(position))
  return { loader, cache, events, state, fetcher, placedAt }
}

describe('the loader', () => {
  it('begins at the stored watermark and moves it past ticks and control records too', async () => {
    const { loader, cache, fetcher, placedAt } = setUp({ watermark: '10', topicId: TOPIC_ID })
    loader.add(3)
    await placedAt(10)
    fetcher().queue.push([fetchedRows('consent.state', 3, 10, [stateRow(10, 1, 5), tickRow(11)])])
    await vi.waitFor(() => expect(cache.stored.watermark).toBe('12'))
    expect(cache.fields.size).toBe(1)
  })

  it('begins at the start of the log, with an empty hash, when nothing is stored or another topic', async () => {
    for (const stored of [
      { watermark: '', topicId: '' },
      { watermark: '500', topicId: 'b'.repeat(32) },
    ]) {
      const { loader, cache, placedAt } = setUp(stored)
      cache.fields.set('old', Buffer.of(1))
      loader.add(3)
      await placedAt(0)
      expect(cache.stored).toEqual({ watermark: '0', topicId: TOPIC_ID })
      expect(cache.fields.size).toBe(0)
      await loader.close()
    }
  })

  it('begins at the start of the log when the stored watermark lies past the end', async () => {
    const { loader, placedAt } = setUp({ watermark: '500', topicId: TOPIC_ID }, 400)
    loader.add(3)
    await placedAt(0)
  })

  it('goes back to the stored watermark when it is another than the run starts from', async () => {
    const { loader, cache, fetcher, placedAt } = setUp({ watermark: '10', topicId: TOPIC_ID })
    loader.add(3)
    await placedAt(10)
    cache.stored = { watermark: '4', topicId: TOPIC_ID } // an older dump was restored
    fetcher().queue.push([fetchedRows('consent.state', 3, 10, [stateRow(10, 1, 5)])])
    await placedAt(4)
    expect(cache.runs).toEqual(['refused 10'])
    expect(cache.fields.size).toBe(0)
  })

  it('goes back to what is stored also when no record comes that would show the difference', async () => {
    const { loader, cache, state, placedAt } = setUp({ watermark: '10', topicId: TOPIC_ID })
    loader.add(3)
    await placedAt(10)
    cache.stored = { watermark: '4', topicId: TOPIC_ID } // an older dump was restored
    state.nowMs += 1_500
    await placedAt(4)
    cache.stored = { watermark: '', topicId: '' } // flushed
    state.nowMs += 1_500
    await placedAt(0)
    expect(cache.runs).toEqual(['begin 0'])
  })

  it('applies long reads in bounded runs, each from where the last ended', async () => {
    const { loader, cache, fetcher, placedAt } = setUp({ watermark: '0', topicId: TOPIC_ID })
    loader.add(3)
    await placedAt(0)
    const rows = Array.from({ length: 1_200 }, (_, i) => stateRow(i, i % 200, i + 1))
    fetcher().queue.push([fetchedRows('consent.state', 3, 0, rows)])
    await vi.waitFor(() => expect(cache.stored.watermark).toBe('1200'))
    expect(cache.runs).toEqual(['0..500', '500..1000', '1000..1200'])
  })

  it('goes on by itself after Redis was away', async () => {
    const { loader, cache, fetcher, placedAt, events } = setUp({ watermark: '10', topicId: TOPIC_ID })
    loader.add(3)
    await placedAt(10)
    cache.away = true
    fetcher().queue.push([fetchedRows('consent.state', 3, 10, [stateRow(10, 1, 5)])])
    await vi.waitFor(() => expect(loader.why).toBe('away'))
    cache.away = false
    await vi.waitFor(() => expect(loader.why).toBe(''))
    await placedAt(10)
    expect(events).toContain('away')
  })

  it('loads nothing into a Redis that may evict, and says how to mend it', async () => {
    const { loader, cache } = setUp({ watermark: '', topicId: '' })
    cache.policy = 'allkeys-lru'
    loader.add(3)
    await vi.waitFor(() => expect(loader.why).toMatch(/allkeys-lru.*CONFIG SET maxmemory-policy noeviction/))
    expect(cache.runs).toEqual([])
    cache.policy = null
    await vi.waitFor(() => expect(cache.runs).toEqual(['begin 0']))
  })

  it('loads anew when consent.state was made anew', async () => {
    const { loader, cache, state, placedAt } = setUp({ watermark: '10', topicId: TOPIC_ID })
    loader.add(3)
    await placedAt(10)
    state.topicId = 'c'.repeat(32)
    state.nowMs = 10_000
    await placedAt(0)
    expect(cache.stored).toEqual({ watermark: '0', topicId: 'c'.repeat(32) })
  })
})
