import { describe, expect, test } from 'vitest'
import type { WithdrawalReport } from '../check/withdrawals.ts'
import { type ChaosResult, isClean, type Seen, withdrawalTimes } from './verdict.ts'

const BOUND_MS = 6_000
/** Answered at 1,000; its last granted record is 40 of partition 2, which came out as 7 of partition 3. */
const REPORT: WithdrawalReport = {
  decisionId: 'one',
  effectiveMs: 90,
  grantedBefore: 1,
  rawAfter: 1,
  leakedAfter: 0,
  lastGranted: { partition: 2, offset: 40, outputs: [{ topic: 'clean', partition: 3, offset: 7 }] },
}

const AUDIT = {
  exit: 0,
  chunks: 1,
  raw: { proved: 1, violated: 0, undecidable: {} },
  clean: { proved: 1, violated: 0, undecidable: {} },
  violated: {},
}

test('only a withdrawal with granted records before and events after can show a leak', () => {
  const reports = [REPORT, { ...REPORT, grantedBefore: 0 }, { ...REPORT, rawAfter: 0 }, { ...REPORT, leakedAfter: 2 }]
  expect(withdrawalTimes(reports, BOUND_MS, seenBy({}))).toMatchObject({ withTraffic: 2, leakedAfter: 2 })
})

describe('when the last record decided without a withdrawal was committed', () => {
  test('is the first commit beyond it, when that was seen', () => {
    const seen = { commits: [commit(1_500, 2, 40), commit(1_900, 2, 41), commit(9_000, 2, 50)] }
    expect(times(seen)).toMatchObject({ count: 1, p50: 90, max: 90, boundMs: BOUND_MS, late: 0, unknown: 0 })
    expect(times(seen).commitAfter).toEqual({ p50: 900, p99: 900, max: 900 })
  })

  test('is when a reader had its output, when nobody heard of the commit itself', () => {
    const found = times({ commits: [commit(90_000, 2, 50)], seenAtMs: () => 1_300 })
    expect(found).toMatchObject({ commitAfter: { max: 300 }, late: 0 })
  })

  test('counts as 0 when it came before the answer, or when there is none', () => {
    expect(times({ commits: [commit(800, 2, 41)] }).commitAfter.max).toBe(0)
    expect(withdrawalTimes([{ ...REPORT, lastGranted: null }], BOUND_MS, seenBy({})).commitAfter.max).toBe(0)
  })

  test('beyond the bound is late, by a millisecond too', () => {
    expect(times({ commits: [commit(7_000, 2, 41)] })).toMatchObject({ late: 0 })
    expect(times({ commits: [commit(7_001, 2, 41)] })).toMatchObject({ late: 1, lateInOutage: 0 })
  })

  test('beyond the bound while a broker was away is told apart', () => {
    const commits = [commit(9_000, 2, 41)]
    expect(times({ commits, outages: [[2_000, 8_500]] })).toMatchObject({ late: 0, lateInOutage: 1 })
    expect(times({ commits, outages: [[100, 900]] })).toMatchObject({ late: 1, lateInOutage: 0 })
  })

  test('is unknown when neither was seen', () => {
    expect(times({})).toMatchObject({ late: 0, unknown: 1 })
  })
})

describe('a run is clean', () => {
  const withdrawalMs = withdrawalTimes([{ ...REPORT, lastGranted: null }], BOUND_MS, seenBy({}))

  test('when nothing is wrong and something was shown', () => {
    expect(isClean(resultOf({}))).toBe(true)
  })

  test.each<Partial<ChaosResult>>([
    { lost: 1 },
    { repeated: 1 },
    { outOfOrder: 1 },
    { leaked: 1 },
    { others: ['1 consent states wrong'] },
    { duringRun: { lost: 0, repeated: 0, outOfOrder: 0, leaked: 1, others: [] } },
    { audit: { ...AUDIT, exit: 20 } },
    { audit: { ...AUDIT, clean: { proved: 0, violated: 0, undecidable: {} } } },
    { endedUnasked: ['projector'] },
    { stalled: ['records wait'] },
    { withdrawalMs: { ...withdrawalMs, late: 1 } },
    { withdrawalMs: { ...withdrawalMs, unknown: 1 } },
    { withdrawalMs: { ...withdrawalMs, leakedAfter: 1 } },
    { withdrawalMs: { ...withdrawalMs, withTraffic: 0 } },
  ])('and not with %j', (wrong) => {
    expect(isClean(resultOf(wrong))).toBe(false)
  })

  function resultOf(wrong: Partial<ChaosResult>): ChaosResult {
    const judged = { lost: 0, repeated: 0, outOfOrder: 0, leaked: 0, others: [] }
    const none = { count: 0, p50: 0, p99: 0, max: 0 }
    return {
      ...judged,
      duringRun: judged,
      audit: AUDIT,
      records: 1,
      seed: 'a',
      brokers: 1,
      faults: {},
      injected: 1,
      effective: 1,
      aborted: 0,
      abortedBy: { process: 0, broker: 0 },
      fenced: 0,
      fencedBy: {},
      committed: 1,
      recordsPerCommit: 1,
      decisions: { answered: 1, unanswered: 0 },
      withdrawalMs,
      recoveryMs: none,
      brokerRecoveryMs: none,
      endedUnasked: [],
      refusedToStart: 0,
      stalled: [],
      seconds: { storm: 1, all: 1 },
      ...wrong,
    }
  }
})

function times(seen: Partial<Seen>) {
  return withdrawalTimes([REPORT], BOUND_MS, seenBy(seen))
}

function seenBy(seen: Partial<Seen>): Seen {
  return { answeredAtMs: () => 1_000, seenAtMs: () => undefined, commits: [], outages: [], ...seen }
}

function commit(atMs: number, partition: number, next: number) {
  return { atMs, life: Symbol('a life'), positions: [[partition, next]] as const }
}
