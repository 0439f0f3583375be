import { CONSENT_PARTITIONS, encodeState } from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import { fakeCache, fakeTail, granted, ref, refBytes, state } from '../fixtures/fakes.ts'
import { ChunksInFlight } from './in-flight.ts'
import type { Looked } from './port.ts'
import { TailAndCacheView } from './view.ts'

const BASE = 100
const ANN = refBytes(ref(1))
const BOB = refBytes(ref(2))
const AT_ANN = partitionOf(ANN, CONSENT_PARTITIONS)
const AT_BOB = partitionOf(BOB, CONSENT_PARTITIONS)

function setUp(options: { freshnessMs?: number; maxChanged?: number } = {}) {
  const tail = fakeTail(BASE, options.maxChanged)
  const cache = fakeCache()
  cache.watermark = BASE
  const broker = { ends: null as ((partition: number) => number) | null, away: false, nowMs: 1_000 }
  const inFlight = new ChunksInFlight()
  const view = new TailAndCacheView({
    kafka: {
      endOffsets: async (asked) => {
        if (broker.away) throw new Error('OFFSET_NOT_AVAILABLE')
        return asked.map(({ partition }) => broker.ends?.(partition) ?? tail.positions()[partition] ?? 0)
      },
    },
    topic: 'consent.state',
    tail,
    cache,
    inFlight,
    freshnessMs: options.freshnessMs ?? 2_000,
    monotonicMs: () => broker.nowMs,
    waitMs: 40,
    observeEveryMs: 1_000_000,
    onClose: () => {},
  })
  tail.prove(1_000)
  cache.watermark = tail.positions()[0] ?? 0
  return { view, tail, cache, broker, inFlight }
}

async function looked(view: TailAndCacheView, ...refs: Buffer[]): Promise<Looked> {
  const result = await view.lookup(Buffer.concat(refs), refs.length)
  if (result.kind !== 'looked') throw new Error(`held: ${result.reason}`)
  return result
}

describe('lookup', () => {
  it('takes states from the cache, and gives null for a ref that neither cache nor tail knows', async () => {
    const { view, cache } = setUp()
    cache.put(AT_ANN, ANN, encodeState(state(7)))
    const { states } = await looked(view, ANN, BOB)
    expect(states[0]?.position).toBe(7)
    expect(states[1]).toBeNull()
  })

  it('takes what the tail brought without asking the cache', async () => {
    const { view, cache, tail } = setUp()
    cache.away = true
    tail.bringState(AT_ANN, ANN, state(9))
    expect((await looked(view, ANN)).states[0]?.position).toBe(9)
    expect(cache.reads).toBe(0)
  })

  it('is held, never unknown, when the cache is behind the base', async () => {
    const { view, cache } = setUp()
    cache.watermark = BASE - 1
    expect(await view.lookup(ANN, 1)).toMatchObject({ kind: 'held', reason: 'redis-behind' })
  })

  it('is held when the cache was flushed or was loaded from another topic', async () => {
    const { view, cache } = setUp()
    cache.watermark = null
    expect(await view.lookup(ANN, 1)).toMatchObject({ kind: 'held', reason: 'redis-behind' })
    cache.watermark = BASE + 50
    cache.topicId = 'e'.repeat(32)
    expect(await view.lookup(ANN, 1)).toMatchObject({ kind: 'held', reason: 'redis-behind' })
  })

  it('is held when the cache gives no answer', async () => {
    const { view, cache } = setUp()
    cache.away = true
    expect(await view.lookup(ANN, 1)).toMatchObject({ kind: 'held', reason: 'redis-away' })
  })

  it('is held when a state can’t be read, in the cache or in the tail', async () => {
    const { view, cache, tail } = setUp()
    cache.put(AT_ANN, ANN, Buffer.from([9, 9, 9]))
    expect(await view.lookup(ANN, 1)).toMatchObject({ kind: 'held', reason: 'consent-unreadable' })
    tail.bringBytes(AT_BOB, BOB, Buffer.alloc(0))
    expect(await view.lookup(BOB, 1)).toMatchObject({ kind: 'held', reason: 'consent-unreadable' })
    tail.bringBytes(AT_BOB, BOB, null)
    expect(await view.lookup(BOB, 1)).toMatchObject({ kind: 'held', reason: 'consent-unreadable' })
  })

  it('is held when a needed partition is cold, and only then', async () => {
    const { view, tail, broker } = setUp()
    broker.nowMs = 3_001
    expect(await view.lookup(ANN, 1)).toMatchObject({ kind: 'held', reason: 'consent-cold' })
    expect(AT_ANN).not.toBe(AT_BOB)
    const bobs = tail.partitions[AT_BOB]
    bobs?.freshness.foundEnd(3_000)
    bobs?.freshness.tick('c'.repeat(32), 1)
    bobs?.freshness.tick('c'.repeat(32), 2)
    expect((await view.lookup(BOB, 1)).kind).toBe('looked')
    expect((await view.lookup(Buffer.concat([ANN, BOB]), 2)).kind).toBe('held')
  })

  it('does not ask for freshness where it would wait for itself', async () => {
    const { view, broker } = setUp({ freshnessMs: Number.POSITIVE_INFINITY })
    broker.nowMs = 1_000_000
    expect((await view.lookup(ANN, 1)).kind).toBe('looked')
  })

  it('takes the tail’s state when it moved while the cache was asked', async () => {
    const { view, cache, tail } = setUp()
    cache.put(AT_ANN, ANN, encodeState(state(7)))
    const held = Promise.withResolvers<void>()
    cache.hold = held.promise
    const lookup = looked(view, ANN)
    tail.bringState(AT_ANN, ANN, state(8))
    held.resolve()
    expect((await lookup).states[0]?.position).toBe(8)
  })

  it('takes the cache’s state when it is ahead of the tail', async () => {
    const { view, cache, tail } = setUp()
    const pending = Promise.withResolvers<void>()
    cache.put(AT_ANN, ANN, encodeState(state(9)))
    cache.hold = pending.promise
    const lookup = looked(view, ANN)
    tail.bringState(AT_ANN, ANN, state(8))
    pending.resolve()
    expect((await lookup).states[0]?.position).toBe(9)
  })

  it('keeps what the tail told at its beginning, though the base moves past it meanwhile', async () => {
    const { view, cache, tail } = setUp()
    tail.bringState(AT_ANN, ANN, state(8))
    const pending = Promise.withResolvers<void>()
    cache.hold = pending.promise
    const lookup = looked(view, ANN, BOB)
    tail.partitions[AT_ANN]?.changed.moveBase(tail.partitions[AT_ANN]?.position ?? 0)
    pending.resolve()
    expect((await lookup).states[0]?.position).toBe(8)
  })

  it('is held when changes since its beginning were dropped while the cache was asked', async () => {
    const { view, cache, tail } = setUp({ maxChanged: 2 })
    tail.bringState(AT_ANN, ANN, state(8))
    const pending = Promise.withResolvers<void>()
    cache.hold = pending.promise
    expect(AT_ANN).not.toBe(AT_BOB)
    const lookup = view.lookup(Buffer.concat([ANN, BOB]), 2)
    tail.bringState(AT_ANN, ANN, state(9))
    for (let i = 0; i < 2; i++) tail.bringState(AT_ANN, refBytes(ref(50 + i)), state(8))
    pending.resolve()
    expect(await lookup).toMatchObject({ kind: 'held', reason: 'redis-behind' })
  })

  it('is held when the tail started over while the cache was asked', async () => {
    const { view, cache, tail } = setUp()
    const pending = Promise.withResolvers<void>()
    cache.hold = pending.promise
    const lookup = view.lookup(ANN, 1)
    tail.generation += 1
    pending.resolve()
    expect(await lookup).toMatchObject({ kind: 'held', reason: 'consent-topic-away' })
  })
})

describe('the base', () => {
  it('moves to the watermark that was seen, and drops what lies below', async () => {
    const { view, cache, tail } = setUp()
    tail.bringState(AT_ANN, ANN, state(8))
    cache.watermark = tail.positions()[AT_ANN] ?? 0
    // Bob lies elsewhere, so ask for someone else of Ann's partition.
    const other = neighbourOf(AT_ANN)
    await looked(view, other)
    expect(tail.partitions[AT_ANN]?.changed.size).toBe(0)
  })

  it('does not pass the position at which the oldest chunk in flight began', async () => {
    const { view, cache, tail } = setUp()
    const began = tail.positions()[AT_ANN] ?? 0
    const chunk = view.begin()
    tail.bringState(AT_ANN, ANN, state(8))
    cache.watermark = tail.positions()[AT_ANN] ?? 0
    await looked(view, neighbourOf(AT_ANN))
    expect(tail.partitions[AT_ANN]?.changed.base).toBe(began)
    chunk.end()
    await looked(view, neighbourOf(AT_ANN))
    expect(tail.partitions[AT_ANN]?.changed.base).toBe(began + 1)
  })
})

describe('the fence', () => {
  it('is clear when nothing changed', async () => {
    const { view } = setUp()
    const chunk = view.begin()
    const look = await looked(view, ANN, BOB)
    expect((await view.fence(look)).kind).toBe('clear')
    chunk.end()
  })

  it('waits for what lies before the end, and names the subject that changed', async () => {
    const { view, tail, broker } = setUp()
    const chunk = view.begin()
    const look = await looked(view, BOB, ANN)
    const end = (tail.positions()[AT_ANN] ?? 0) + 1
    broker.ends = (partition) => (partition === AT_ANN ? end : 0)
    const fence = view.fence(look)
    tail.bringState(AT_ANN, ANN, state(8))
    const result = await fence
    if (result.kind !== 'changed') throw new Error(result.kind)
    expect(result.subjects).toEqual([1])
    expect(result.looked.states[1]?.position).toBe(8)
    expect(result.looked.states[0]).toBeNull()
    // Decided again under the new states, it is clear.
    expect((await view.fence(result.looked)).kind).toBe('clear')
    chunk.end()
  })

  it('sees a change although the cache had it and the base moved up to the chunk’s beginning', async () => {
    const { view, cache, tail } = setUp()
    const chunk = view.begin()
    const look = await looked(view, ANN)
    tail.bringState(AT_ANN, ANN, state(8))
    cache.watermark = tail.positions()[AT_ANN] ?? 0
    await looked(view, neighbourOf(AT_ANN))
    expect(await view.fence(look)).toMatchObject({ kind: 'changed', subjects: [0] })
    chunk.end()
  })

  it('says where consent stood, for the partitions of its subjects only, ascending', async () => {
    const { view, tail } = setUp()
    tail.tickTimeMs = 1_234
    tail.bringState(AT_ANN, refBytes(ref(50)), state(8))
    const look = await looked(view, ANN, BOB)
    const stood = [
      // Two ticks of `prove`, the second with ledger position 2; then the state.
      { partition: AT_ANN, statePosition: BASE + 3, ledgerPosition: 8 },
      { partition: AT_BOB, statePosition: BASE + 2, ledgerPosition: 2 },
    ].sort((a, b) => a.partition - b.partition)
    const at = { tickTimeMs: 1_234, partitions: stood }
    expect(await view.fence(look)).toEqual({ kind: 'clear', at })
    expect(await view.fence(await looked(view, BOB, ANN))).toEqual({ kind: 'clear', at })
  })

  it('has passed a state that Redis knew before the tail, when it says where consent stood', async () => {
    const { view, cache, tail, broker } = setUp()
    cache.put(AT_ANN, ANN, encodeState(state(9)))
    cache.watermark = BASE + 3
    const chunk = view.begin()
    const look = await looked(view, ANN)
    expect(look.states[0]?.position).toBe(9)
    broker.ends = (partition) => (partition === AT_ANN ? BASE + 3 : 0)
    const fence = view.fence(look)
    tail.bringState(AT_ANN, ANN, state(9))
    const partitions = [{ partition: AT_ANN, statePosition: BASE + 3, ledgerPosition: 9 }]
    expect(await fence).toMatchObject({ kind: 'clear', at: { partitions } })
    chunk.end()
  })

  it('says where consent stood at the moment of its verdict, not a moment later', async () => {
    const verdicts = new Set<string>()
    for (let turns = 0; turns < 30; turns++) {
      const { view, tail } = setUp()
      const chunk = view.begin()
      const look = await looked(view, ANN)
      const fence = view.fence(look)
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      tail.tickTimeMs = 1_000
      tail.bringState(AT_ANN, ANN, state(50))
      const result = await fence
      if (result.kind === 'held') throw new Error(result.reason)
      verdicts.add(result.kind)
      const before = { statePosition: BASE + 2, ledgerPosition: 2 }
      const after = { statePosition: BASE + 3, ledgerPosition: 50 }
      expect(result.at).toMatchObject({
        tickTimeMs: result.kind === 'clear' ? 0 : 1_000,
        partitions: [result.kind === 'clear' ? before : after],
      })
      chunk.end()
    }
    expect(verdicts.size).toBe(2)
  })

  it('is held when changes since the lookup were dropped', async () => {
    const { view, tail } = setUp({ maxChanged: 2 })
    const chunk = view.begin()
    const look = await looked(view, ANN)
    for (let i = 0; i < 3; i++) tail.bringState(AT_ANN, refBytes(ref(50 + i)), state(8))
    expect(await view.fence(look)).toMatchObject({ kind: 'held', reason: 'redis-behind' })
    chunk.end()
  })

  it('is held when the tail does not reach the end in time', async () => {
    const { view, broker } = setUp()
    const look = await looked(view, ANN)
    broker.ends = () => 1_000_000
    expect(await view.fence(look)).toMatchObject({ kind: 'held', reason: 'consent-cold' })
  })

  it('is held when the broker does not tell the end', async () => {
    const { view, broker } = setUp()
    const look = await looked(view, ANN)
    broker.away = true
    expect(await view.fence(look)).toMatchObject({ kind: 'held', reason: 'consent-topic-away' })
  })

  it('is held when freshness ran out between lookup and fence', async () => {
    const { view, broker } = setUp()
    const look = await looked(view, ANN)
    broker.nowMs = 3_001
    expect(await view.fence(look)).toMatchObject({ kind: 'held', reason: 'consent-cold' })
  })

  it('is held when the tail started over since the lookup', async () => {
    const { view, tail } = setUp()
    const look = await looked(view, ANN)
    tail.generation += 1
    expect(await view.fence(look)).toMatchObject({ kind: 'held', reason: 'consent-topic-away' })
  })

  it('names a subject whose grant ran out since the lookup, once', async () => {
    const { view, cache, tail } = setUp()
    tail.tickTimeMs = 1_000
    cache.put(AT_ANN, ANN, encodeState(state(7, { marketing: granted(1_500), analytics: granted(null) })))
    const chunk = view.begin()
    const look = await looked(view, ANN, BOB)
    tail.tickTimeMs = 1_499
    expect((await view.fence(look)).kind).toBe('clear')
    tail.tickTimeMs = 1_500
    const result = await view.fence(look)
    if (result.kind !== 'changed') throw new Error(result.kind)
    expect(result.subjects).toEqual([0])
    expect((await view.fence(result.looked)).kind).toBe('clear')
    chunk.end()
  })
})

/** Some other ref of that partition. */
function neighbourOf(partition: number): Buffer {
  for (let n = 100; n < 1_000; n++) {
    const other = refBytes(ref(n))
    if (partitionOf(other, CONSENT_PARTITIONS) === partition) return other
  }
  throw new Error('no other ref in that partition')
}
