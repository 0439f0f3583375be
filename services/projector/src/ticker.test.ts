import { decodeLedger, type Tick } from '@weir/consent'
import type { ConsentView } from '@weir/consent-view'
import type { RecordToAppend } from '@weir/kafka'
import { describe, expect, it, vi } from 'vitest'
import { Ticker } from './ticker.ts'

type TickListener = Parameters<ConsentView['onTick']>[0]

function setUp() {
  const appended: { partition: number; tick: Tick }[] = []
  const listeners = new Set<TickListener>()
  const state = { failNext: false, nowMs: 0, incarnations: 0, errors: 0 }
  const ticker = new Ticker({
    appender: {
      append: async (_topic: string, records: readonly RecordToAppend[]) => {
        for (const { partition, value } of records) {
          const record = decodeLedger(value ?? Buffer.alloc(0))
          if (record.kind === 'tick') appended.push({ partition, tick: record.tick })
        }
        if (!state.failNext) return records.map(() => 0)
        state.failNext = false
        throw new Error('unsure')
      },
      close: async () => {},
    },
    topic: 'consent.decisions',
    view: {
      onTick: (listener: TickListener) => {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
    },
    everyMs: 1,
    giveUpAfterMs: 10_000,
    randomHex16: () => String(++state.incarnations).padStart(32, '0'),
    monotonicMs: () => state.nowMs,
    onRoundTrip: () => {},
    onError: () => {
      state.errors += 1
    },
  })
  const comeOut = (partition: number, tick: Tick) => {
    for (const listener of listeners) listener(tick, partition, 0)
  }
  const reach = (count: number) => vi.waitFor(() => expect(appended.length).toBeGreaterThanOrEqual(count))
  return { ticker, appended, state, comeOut, reach }
}

describe('ticks', () => {
  it('come for all partitions in one append, and the next only after the last has come out', async () => {
    const { ticker, appended, comeOut, reach } = setUp()
    ticker.add(3)
    ticker.add(5)
    await reach(2)
    comeOut(3, { incarnation: '1'.padStart(32, '0'), n: 1, timeMs: 0 })
    await reach(3)
    expect(appended.map(({ partition, tick }) => [partition, tick.n])).toEqual([
      [3, 1],
      [5, 1],
      [3, 2],
    ])
    await ticker.close()
  })

  it('are not let on by a tick of another incarnation or number', async () => {
    const { ticker, appended, comeOut, reach } = setUp()
    ticker.add(3)
    await reach(1)
    comeOut(3, { incarnation: 'e'.repeat(32), n: 1, timeMs: 0 })
    comeOut(3, { incarnation: '1'.padStart(32, '0'), n: 2, timeMs: 0 })
    ticker.add(4)
    await reach(2)
    expect(appended.map(({ partition }) => partition)).toEqual([3, 4])
    await ticker.close()
  })

  it('get a new incarnation when it is not known whether one was appended', async () => {
    const { ticker, appended, state, reach } = setUp()
    state.failNext = true
    ticker.add(3)
    await reach(2)
    expect(state.errors).toBe(1)
    expect(appended.map(({ tick }) => tick.n)).toEqual([1, 1])
    expect(new Set(appended.map(({ tick }) => tick.incarnation)).size).toBe(2)
    await ticker.close()
  })

  it('begin anew when one never comes out', async () => {
    const { ticker, appended, state, reach } = setUp()
    ticker.add(3)
    await reach(1)
    state.nowMs = 10_001
    await reach(2)
    expect(new Set(appended.map(({ tick }) => tick.incarnation)).size).toBe(2)
    await ticker.close()
  })
})
