import { CONSENT_PARTITIONS, encodeState } from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fakeCache, fakeTail, ref, refBytes, state } from '../fixtures/fakes.ts'
import { ChunksInFlight } from './in-flight.ts'
import { TailAndCacheView } from './view.ts'

const BASE = 100
const ANN = refBytes(ref(1))
const AT_ANN = partitionOf(ANN, CONSENT_PARTITIONS)
/** Refs of Ann's partition, so that one log holds them all. */
const REFS = Array.from({ length: 400 }, (_, n) => refBytes(ref(n)))
  .filter((bytes) => partitionOf(bytes, CONSENT_PARTITIONS) === AT_ANN)
  .slice(0, 5)

function setUp(maxRemembered: number, maxChanged = 100) {
  const tail = fakeTail(BASE, maxChanged, maxRemembered)
  const cache = fakeCache()
  cache.watermark = BASE
  const view = new TailAndCacheView({
    kafka: { endOffsets: async (asked) => asked.map(({ partition }) => tail.positions()[partition] ?? 0) },
    topic: 'consent.state',
    tail,
    cache,
    inFlight: new ChunksInFlight(),
    freshnessMs: Number.POSITIVE_INFINITY,
    monotonicMs: () => 1_000,
    waitMs: 40,
    observeEveryMs: 1_000_000,
    onClose: () => {},
  })
  return { view, tail, cache }
}

async function stateOf(view: TailAndCacheView, bytes: Buffer): Promise<number | null | 'held'> {
  const looked = await view.lookup(bytes, 1)
  return looked.kind === 'held' ? 'held' : (looked.states[0]?.position ?? null)
}

describe('remembered subjects', () => {
  it('are not asked for again, known or unknown', async () => {
    const { view, cache } = setUp(10)
    cache.put(AT_ANN, ANN, encodeState(state(7)))
    const other = REFS[1] as Buffer
    expect(await stateOf(view, ANN)).toBe(7)
    expect(await stateOf(view, other)).toBeNull()
    const { reads } = cache
    cache.away = true
    expect(await stateOf(view, ANN)).toBe(7)
    expect(await stateOf(view, other)).toBeNull()
    expect(cache.reads).toBe(reads)
    expect(view.health().remembered).toBe(2)
  })

  it('change with the tail, also once the base has passed the change', async () => {
    const { view, cache, tail } = setUp(10)
    cache.put(AT_ANN, ANN, encodeState(state(7)))
    await stateOf(view, ANN)
    tail.bringState(AT_ANN, ANN, state(8))
    tail.partitions[AT_ANN]?.changed.moveBase(tail.partitions[AT_ANN]?.position ?? 0)
    cache.away = true
    expect(await stateOf(view, ANN)).toBe(8)
  })

  it('stay as new as Redis had them while the tail passes what lies before', async () => {
    const { view, cache, tail } = setUp(10)
    cache.put(AT_ANN, ANN, encodeState(state(9)))
    cache.watermark = BASE + 2
    expect(await stateOf(view, ANN)).toBe(9)
    tail.bringState(AT_ANN, ANN, state(8))
    tail.partitions[AT_ANN]?.changed.moveBase(tail.partitions[AT_ANN]?.position ?? 0)
    cache.away = true
    expect(await stateOf(view, ANN)).toBe(9)
  })

  it('are found by the fence when they change', async () => {
    const { view, cache, tail } = setUp(10)
    cache.put(AT_ANN, ANN, encodeState(state(7)))
    await stateOf(view, ANN)
    const chunk = view.begin()
    const looked = await view.lookup(ANN, 1)
    if (looked.kind === 'held') throw new Error(looked.reason)
    tail.bringState(AT_ANN, ANN, state(8))
    expect(await view.fence(looked)).toMatchObject({ kind: 'changed', subjects: [0] })
    chunk.end()
  })

  it('are forgotten when a state can’t be read: held, never unknown', async () => {
    const { view, cache, tail } = setUp(10, 2)
    cache.put(AT_ANN, ANN, encodeState(state(7)))
    await stateOf(view, ANN)
    tail.bringBytes(AT_ANN, ANN, null)
    expect(await stateOf(view, ANN)).toBe('held')
    // Overflow drops what changed, and the cache has what the log has.
    for (const other of REFS.slice(1, 4)) tail.bringState(AT_ANN, other, state(8))
    expect(await stateOf(view, ANN)).toBe('held')
  })

  it('are the newest record of the log up to the tail or newer, whatever cache, overflow and base do', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('change' as const), who: fc.nat(4) }) },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('look' as const), who: fc.nat(4) }) },
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('tail' as const), count: fc.integer({ min: 1, max: 4 }) }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('load' as const), to: fc.integer({ min: 0, max: 6 }) }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'flush' as const }) },
      // What an older dump or a replica that lacks writes would hold.
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('older' as const), by: fc.integer({ min: 1, max: 8 }) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.integer({ min: 0, max: 4 }), async (steps, memory) => {
        const { view, tail, cache } = setUp(memory, 3)
        /** who changed, by offset from BASE; record n has position n + 1. */
        const log: number[] = []
        let arrived = 0
        let loaded = 0
        const reload = (to: number) => {
          loaded = to
          cache.clear()
          for (const [n, who] of log.slice(0, to).entries()) {
            cache.put(AT_ANN, REFS[who] as Buffer, encodeState(state(n + 1)))
          }
          cache.watermark = BASE + to
        }
        for (const one of steps) {
          if (one.kind === 'change') log.push(one.who)
          if (one.kind === 'tail') {
            for (const [i, who] of log.slice(arrived, arrived + one.count).entries()) {
              tail.bringState(AT_ANN, REFS[who] as Buffer, state(arrived + i + 1))
            }
            arrived = Math.min(log.length, arrived + one.count)
          }
          if (one.kind === 'load') reload(Math.min(log.length, loaded + one.to))
          if (one.kind === 'older') reload(Math.max(0, loaded - one.by))
          if (one.kind === 'flush') {
            loaded = 0
            cache.clear()
            cache.watermark = null
          }
          if (one.kind !== 'look') continue
          const found = await stateOf(view, REFS[one.who] as Buffer)
          if (found === 'held') continue
          const atTail = log.slice(0, arrived).lastIndexOf(one.who) + 1
          const atEnd = log.lastIndexOf(one.who) + 1
          expect(found ?? 0).toBeGreaterThanOrEqual(atTail)
          expect(found ?? 0).toBeLessThanOrEqual(atEnd)
        }
      }),
      { numRuns: 400 },
    )
  })
})
