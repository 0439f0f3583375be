import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Freshness } from './freshness.ts'

const A = 'a'.repeat(32)
const B = 'b'.repeat(32)

describe('freshness of a partition', () => {
  it('is unproved before the second tick of one incarnation', () => {
    const freshness = new Freshness()
    freshness.foundEnd(100)
    freshness.tick(A, 1)
    expect(freshness.ageMs(110)).toBe(Number.POSITIVE_INFINITY)
  })

  it('dates from the sending of the request that found the end before the earlier tick arrived', () => {
    const freshness = new Freshness()
    freshness.foundEnd(100)
    freshness.tick(A, 1)
    freshness.foundEnd(200)
    freshness.foundEnd(250)
    freshness.tick(A, 2)
    expect(freshness.ageMs(300)).toBe(200)
    freshness.foundEnd(300)
    freshness.tick(A, 3)
    expect(freshness.ageMs(300)).toBe(50)
  })

  it('is not proved by a tick of another incarnation', () => {
    const freshness = new Freshness()
    freshness.foundEnd(100)
    freshness.tick(A, 1)
    freshness.foundEnd(200)
    freshness.tick(B, 2)
    expect(freshness.ageMs(300)).toBe(Number.POSITIVE_INFINITY)
  })

  it('counts a repeated tick from its first arrival', () => {
    const freshness = new Freshness()
    freshness.foundEnd(100)
    freshness.tick(A, 1)
    freshness.foundEnd(5_000)
    freshness.tick(A, 1)
    freshness.tick(A, 2)
    expect(freshness.ageMs(5_000)).toBe(4_900)
  })

  it('proves nothing by ticks that came before the end was ever found', () => {
    const freshness = new Freshness()
    freshness.tick(A, 1)
    freshness.tick(A, 2)
    expect(freshness.ageMs(0)).toBe(Number.POSITIVE_INFINITY)
  })

  it('is unproved after a new leader, until ticks prove it by requests to that one', () => {
    const freshness = new Freshness()
    freshness.foundEnd(100)
    freshness.tick(A, 1)
    freshness.foundEnd(200)
    freshness.tick(A, 2)
    freshness.discard()
    expect(freshness.ageMs(210)).toBe(Number.POSITIVE_INFINITY)
    freshness.tick(A, 3)
    expect(freshness.ageMs(220)).toBe(Number.POSITIVE_INFINITY)
    freshness.foundEnd(300)
    freshness.tick(A, 4)
    expect(freshness.ageMs(400)).toBe(Number.POSITIVE_INFINITY)
    freshness.tick(A, 5)
    expect(freshness.ageMs(400)).toBe(100)
  })

  it('never claims more than is true, however late folds, appends, answers and repeats come', () => {
    // One partition: the projector appends tick n+1 after n came out; folds lag; requests are answered late.
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 300 }) }),
      },
      { weight: 3, arbitrary: fc.constant({ kind: 'fold' as const }) },
      { weight: 2, arbitrary: fc.constant({ kind: 'append-tick' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'append-repeat' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'new-incarnation' as const }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'send' as const }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'answer' as const }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let now = 0
        const ledger: { n: number; incarnation: string; atMs: number }[] = []
        let folded = 0 // ledger[0..folded) came out
        let arrived = 0
        let sentAt: number | null = null
        let incarnation = 0
        let n = 0
        const freshness = new Freshness()
        const cameOut = () =>
          n === 0 || ledger.slice(0, folded).some((t) => t.n === n && t.incarnation === String(incarnation))
        for (const s of steps) {
          if (s.kind === 'advance') now += s.ms
          if (s.kind === 'fold' && folded < ledger.length) folded += 1
          if (s.kind === 'append-tick' && cameOut()) {
            n += 1
            ledger.push({ n, incarnation: String(incarnation), atMs: now })
          }
          if (s.kind === 'append-repeat' && n > 0) ledger.push({ n, incarnation: String(incarnation), atMs: now })
          if (s.kind === 'new-incarnation') {
            incarnation += 1
            n = 0
          }
          if (s.kind === 'send' && sentAt === null) sentAt = now
          if (s.kind === 'answer' && sentAt !== null) {
            for (const tick of ledger.slice(arrived, folded)) freshness.tick(tick.incarnation, tick.n)
            arrived = folded
            freshness.foundEnd(sentAt)
            sentAt = null
          }
          // Claim: all that was in the ledger `age` ago has arrived. Truth: the oldest that has not.
          const claimedMs = now - freshness.ageMs(now)
          const missing = ledger[arrived]
          if (missing !== undefined) expect(claimedMs).toBeLessThanOrEqual(missing.atMs)
        }
      }),
      { numRuns: 500 },
    )
  })
})
