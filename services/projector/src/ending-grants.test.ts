import type { ConsentState, PurposeState } from '@weir/consent'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ref } from '../fixtures/fakes.ts'
import { EndingGrants } from './ending-grants.ts'

const ANN = ref(1)

function granted(untilMs: number | null, status: PurposeState['status'] = 'granted'): PurposeState {
  return {
    status,
    sinceMs: 0,
    untilMs,
    notice: 1,
    noticeSinceMs: 0,
    noticeBefore: 1,
    salt: '1'.repeat(32),
    epoch: 1,
    decisionId: '00000000-0000-4000-8000-000000000001',
    ledgerOffset: 0,
    withdrawnPosition: -1,
  }
}

function state(position: number, purposes: Record<string, PurposeState>): ConsentState {
  return { position, purposes, recent: [] }
}

describe('grants that end', () => {
  it('are due from their until on, those of one end together, until they were sent', () => {
    const grants = new EndingGrants(10)
    grants.saw(ANN, state(1, { a: granted(100), b: granted(100), c: granted(200), d: granted(null) }))
    expect(grants.due(99, 10)).toEqual([])
    const due = grants.due(100, 10)
    expect(due).toEqual([{ ref: ANN, untilMs: 100, purposes: ['a', 'b'] }])
    expect(grants.due(100, 10)).toEqual(due)
    grants.sent(due)
    expect(grants.due(199, 10)).toEqual([])
    expect(grants.due(200, 10)).toEqual([{ ref: ANN, untilMs: 200, purposes: ['c'] }])
  })

  it('are no longer due once a newer state has them renewed or over, and an older state changes nothing', () => {
    const grants = new EndingGrants(10)
    grants.saw(ANN, state(5, { a: granted(100) }))
    grants.saw(ANN, state(4, { a: granted(50) }))
    expect(grants.due(99, 10)).toEqual([])
    grants.saw(ANN, state(6, { a: granted(300) }))
    expect(grants.due(299, 10)).toEqual([])
    grants.saw(ANN, state(7, { a: granted(300, 'withdrawn') }))
    expect(grants.due(1_000, 10)).toEqual([])
    expect(grants.size).toBe(0)
  })

  it('are remembered up to the horizon only, and a scan to a later one finds the others', () => {
    const grants = new EndingGrants(10)
    grants.scanTo(100)
    grants.saw(ANN, state(1, { a: granted(100) }))
    expect(grants.size).toBe(0)
    expect(grants.isUsedUp(99)).toBe(false)
    expect(grants.isUsedUp(100)).toBe(true)
    grants.scanTo(200)
    grants.saw(ANN, state(1, { a: granted(100) }))
    expect(grants.due(100, 10)).toHaveLength(1)
  })

  it('beyond what memory allows are left to a scan, once the first half was sent', () => {
    const grants = new EndingGrants(4)
    grants.scanTo(1_000)
    for (const n of [5, 1, 4, 2, 3]) grants.saw(ref(n), state(1, { a: granted(n * 100) }))
    expect(grants.size).toBe(2)
    const due = grants.due(300, 10)
    expect(due.map(({ untilMs }) => untilMs).sort()).toEqual([100, 200])
    expect(grants.isUsedUp(300)).toBe(false)
    grants.sent(due)
    grants.due(300, 10)
    expect(grants.isUsedUp(299)).toBe(false)
    expect(grants.isUsedUp(300)).toBe(true)
  })

  it('never take more memory than allowed, and all are sent after enough scans, many of one end too', () => {
    const ends = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 60 })
    fc.assert(
      fc.property(ends, fc.integer({ min: 2, max: 8 }), (untils, max) => {
        const grants = new EndingGrants(max)
        const running = new Map(untils.map((untilMs, i) => [ref(i + 1), untilMs]))
        let nowMs = 0
        for (let scans = 0; running.size > 0; scans++) {
          expect(scans).toBeLessThan(untils.length + 2)
          grants.scanTo(1_000)
          for (const [of, untilMs] of running) {
            grants.saw(of, state(1, { a: granted(untilMs) }))
            expect(grants.size).toBeLessThanOrEqual(max)
          }
          for (; nowMs < 20 && !grants.isUsedUp(nowMs); nowMs++) {
            const due = grants.due(nowMs, 3)
            for (const one of due) {
              expect(one.untilMs).toBeLessThanOrEqual(nowMs)
              running.delete(one.ref)
            }
            grants.sent(due)
            if (due.length > 0) nowMs--
          }
          nowMs = Math.min(nowMs, 19)
        }
      }),
    )
  })
})
