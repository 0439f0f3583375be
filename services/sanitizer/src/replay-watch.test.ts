import { KafkaError } from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import { aPlan } from '../../../libs/replay/fixtures/plan.ts'
import type { Clock } from './environment.ts'
import { replayPositions } from './replay-source.ts'
import { watchReplay } from './replay-watch.ts'

/** Ranges: partition 0 from 10 to 30, partition 2 from 0 to 5. */
const plan = aPlan()
const NEVER = new AbortController().signal

describe('a replay’s places', () => {
  const positions = async (committed: readonly number[], partitions: readonly number[]) =>
    Object.fromEntries(await replayPositions({ committedOffsets: async () => [...committed] }, plan, partitions, NEVER))

  it('are what its own group has committed, else where the range begins', async () => {
    expect(await positions([-1, -1], [0, 2])).toEqual({ 0: 10, 2: 0 })
    expect(await positions([17, 5], [0, 2])).toEqual({ 0: 17, 2: 5 })
    expect(await positions([-1], [2])).toEqual({ 2: 0 })
  })

  it('of partitions that are not in the plan are 0, which has no end to come to', async () => {
    expect(await positions([-1, -1], [0, 7])).toEqual({ 0: 10, 7: 0 })
  })
})

describe('watching a replay', () => {
  it('tells how far it is, at which rate, until all is committed', async () => {
    const { told, watch } = setUp([[-1, -1], [20, -1], new KafkaError('away', true), [30, 5]])
    expect(await watch()).toBe('completed')
    expect(told).toEqual([
      { kind: 'progress', offsets: 0, total: 25, perSecond: 0 },
      { kind: 'progress', offsets: 10, total: 25, perSecond: 10 },
      { kind: 'progress', offsets: 25, total: 25, perSecond: 8 },
    ])
  })

  it('says once why nothing goes on', async () => {
    const { told, watch } = setUp(
      [
        [-1, -1],
        [-1, -1],
        [30, 5],
      ],
      { why: ['cold', 'cold', null] },
    )
    await watch()
    expect(told.filter(({ kind }) => kind === 'waiting')).toEqual([{ kind: 'waiting', why: 'cold' }])
  })

  it('is interrupted when the process is asked to end', async () => {
    const ending = new AbortController()
    const { watch } = setUp([[-1, -1]], { ending })
    ending.abort()
    expect(await watch()).toBe('interrupted')
  })

  it('does not take a bug for a broker that is away', async () => {
    await expect(setUp([new TypeError('bug')]).watch()).rejects.toThrow('bug')
  })

  it('ends when the plan was cancelled, within five looks', async () => {
    const { told, watch } = setUp(
      Array.from({ length: 9 }, () => [-1, -1]),
      { cancelledAtMs: 1 },
    )
    expect(await watch()).toBe('cancelled')
    expect(told.length).toBeLessThanOrEqual(6)
  })

  interface Told {
    readonly kind: string
  }

  interface Fakes {
    readonly why?: readonly (string | null)[]
    readonly ending?: AbortController
    readonly cancelledAtMs?: number
  }

  function setUp(
    committed: readonly (readonly number[] | Error)[],
    { why = [], ending = new AbortController(), cancelledAtMs = Number.POSITIVE_INFINITY }: Fakes = {},
  ) {
    const told: Told[] = []
    let looks = 0
    let asked = 0
    let nowMs = 0
    const clock: Clock = {
      nowMs: () => nowMs,
      monotonicMs: () => nowMs,
      sleep: async (ms) => {
        nowMs += ms
      },
    }
    const watch = () =>
      watchReplay({
        plan,
        async committed() {
          const next = committed[looks++]
          if (next instanceof Error) throw next
          return next ?? []
        },
        isCancelled: async () => nowMs >= cancelledAtMs,
        ready() {
          const now = why[asked++] ?? null
          return now === null ? { ok: true } : { ok: false, why: now }
        },
        tell: (record) => void told.push(record as Told),
        clock,
        signal: ending.signal,
      })
    return { told, watch }
  }
})
