import {
  CONSENT_PARTITIONS,
  type ConsentState,
  carriedId,
  type Decision,
  refToBytes,
  type SubjectRef,
} from '@weir/consent'
import { partitionOf } from '@weir/kafka'
import { beforeEach, describe, expect, test } from 'vitest'
import type { DecisionEntry, Proof } from './decision-entry.ts'
import { DecisionIndex, RECORDED_BOUND } from './decision-index.ts'
import { findDecision } from './find-decision.ts'

const ADOPTED_BOUND = 10_000

const ref = 'a'.repeat(32) as SubjectRef
const clock = { ms: 0, nowMs: () => 1_000_000 + clock.ms, monotonicMs: () => clock.ms }

function decision(n: number, kind: Decision['kind'] = 'grant'): Decision {
  return {
    kind,
    decisionId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    ref,
    purposes: ['analytics'],
    decidedAtMs: 0,
    source: 'api',
    notices: [1],
    jurisdiction: null,
    untilMs: [null],
    basedOn: -1,
  }
}

function state(recent: ConsentState['recent'], rest: Partial<ConsentState> = {}): ConsentState {
  return { position: 100, purposes: {}, recent, ...rest }
}

const ALL = Array.from({ length: CONSENT_PARTITIONS }, (_, partition) => partition)

/** What was asked to be looked up, and what was forgotten. */
let sought: Proof[]
let forgotten: DecisionEntry[]

beforeEach(() => {
  sought = []
  forgotten = []
})

function closed(): DecisionIndex {
  return new DecisionIndex(
    clock,
    () => {},
    (proof) => sought.push(proof),
    (entry) => forgotten.push(entry),
  )
}

function openAll(index: DecisionIndex): void {
  for (const partition of ALL) index.release(partition)
}

function withholdAll(index: DecisionIndex): void {
  for (const partition of ALL) index.withhold(partition)
}

function opened(): DecisionIndex {
  const index = closed()
  openAll(index)
  return index
}

function wait(index: DecisionIndex, decisionId: string, waitMs: number) {
  const looker = { look: async () => {} }
  return findDecision(
    { index, ledgerIndex: { erasure: () => null, find: () => null, history: () => null }, looker, clock },
    decisionId,
    waitMs,
  )
}

test('a recorded decision is pending until the tail shows it, and then effective since that moment', () => {
  const index = opened()
  const one = decision(1)
  clock.ms = 10
  index.register(one, 10)
  expect(index.get(one.decisionId)).toMatchObject({ status: 'pending', effectiveAtMs: null, consentPosition: null })
  clock.ms = 52.5
  const partition = partitionOf(refToBytes(ref), CONSENT_PARTITIONS)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), partition, 7)
  clock.ms = 99
  expect(index.get(one.decisionId)).toMatchObject({
    status: 'effective',
    effectiveAtMs: 1_000_052.5,
    effectiveAfterMs: 42.5,
    consentPosition: { partition, position: 8 },
  })
  expect(index.pendingCount).toBe(0)
})

test('a decision that the fold refused is refused, and no time is claimed for it', () => {
  const index = opened()
  const one = decision(1)
  index.register(one, 0)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'refused' }]), 0, 0)
  expect(index.get(one.decisionId)).toMatchObject({ status: 'refused', effectiveAtMs: null })
})

test('nothing is effective before the index is opened, and then from that moment', () => {
  const index = closed()
  const one = decision(1)
  clock.ms = 0
  index.register(one, 0)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect(index.get(one.decisionId)?.status).toBe('pending')
  clock.ms = 2000
  openAll(index)
  expect(index.get(one.decisionId)).toMatchObject({ status: 'effective', effectiveAfterMs: 2000 })
})

/** Starts to wait, and resolves once whoever waits does nothing more by itself. */
async function startWaiting(index: DecisionIndex, decisionId: string) {
  const waiting = wait(index, decisionId, 60_000)
  await new Promise((resolve) => setImmediate(resolve))
  return { waiting }
}

test('who waits hears at once when the decision is in force', async () => {
  const index = opened()
  const one = decision(1)
  index.register(one, 0)
  const { waiting } = await startWaiting(index, one.decisionId)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect((await waiting)?.status).toBe('effective')
})

test('who waits for a decision recorded elsewhere hears when the tail shows it, without a time', async () => {
  const index = opened()
  const one = decision(1)
  const { waiting } = await startWaiting(index, one.decisionId)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect(await waiting).toMatchObject({ status: 'effective', effectiveAtMs: null })
})

test('who waits for a decision that was seen too early hears when it counts', async () => {
  const index = closed()
  const one = decision(1)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  const { waiting } = await startWaiting(index, one.decisionId)
  openAll(index)
  expect((await waiting)?.status).toBe('effective')
})

test('waiting ends with what is known after its time, and when the service closes', async () => {
  const index = opened()
  const one = decision(1)
  index.register(one, 0)
  expect((await wait(index, one.decisionId, 1))?.status).toBe('pending')
  expect(await wait(index, decision(2).decisionId, 1)).toBeUndefined()
  const waiting = wait(index, one.decisionId, 60_000)
  index.close()
  expect((await waiting)?.status).toBe('pending')
  expect((await wait(index, one.decisionId, 60_000))?.status).toBe('pending')
})

test('a state of another subject says nothing of a decision', () => {
  const index = opened()
  const one = decision(1)
  index.register(one, 0)
  index.observe('b'.repeat(32), state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect(index.get(one.decisionId)).toMatchObject({ ref, status: 'pending' })
})

test('a withdrawal is not in force because an earlier grant had its id', () => {
  const index = opened()
  const one = decision(1, 'withdraw')
  const grant = { decisionId: one.decisionId, outcome: 'applied' } as const
  index.register(one, 0)
  index.observe(ref, state([grant]), 0, 0)
  expect(index.get(one.decisionId)?.status).toBe('pending')
  index.observe(ref, state([grant, { ...grant, tookAway: true }]), 0, 1)
  expect(index.get(one.decisionId)?.status).toBe('effective')
})

test('a decision that the fold dropped for an earlier one with its id is repeated', () => {
  const index = opened()
  const one = decision(1)
  const entry = index.register(one, 0)
  entry.ledger = { partition: 0, offset: 50 }
  const recent = [{ decisionId: one.decisionId, outcome: 'refused' }] as const
  index.observe(ref, state(recent, { position: 50 }), 0, 0)
  expect(index.get(one.decisionId)).toMatchObject({ status: 'repeated', earlier: 'refused' })
})

test('an earlier record with its id is its own when an append of it had no answer', () => {
  const index = opened()
  const one = decision(1)
  const entry = index.register(one, 0)
  entry.unsure = true
  entry.ledger = { partition: 0, offset: 50 }
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }], { position: 50 }), 0, 0)
  expect(index.get(one.decisionId)?.status).toBe('effective')
})

test('the oldest decisions are forgotten first; who waits for one still hears from the tail', async () => {
  const index = opened()
  index.register(decision(0), 0)
  const waiting = wait(index, decision(0).decisionId, 60_000)
  for (let n = 1; n <= RECORDED_BOUND; n++) index.register(decision(n), 0)
  expect(index.get(decision(0).decisionId)).toBeUndefined()
  expect(index.get(decision(1).decisionId)?.status).toBe('pending')
  expect(index.pendingCount).toBe(RECORDED_BOUND)
  index.observe(ref, state([{ decisionId: decision(0).decisionId, outcome: 'applied' }]), 0, 0)
  expect(await waiting).toMatchObject({ status: 'effective', effectiveAtMs: null })
})

test('what was effective stays so while the tail starts over; what is shown then waits for the next opening', () => {
  const index = opened()
  const [one, seen, later, seenLater] = [decision(1), decision(2), decision(3), decision(4)]
  const applied = ({ decisionId }: Decision) => ({ decisionId, outcome: 'applied' as const })
  index.register(one, 0)
  index.observe(ref, state([applied(one), applied(seen)]), 0, 0)
  withholdAll(index)
  index.register(later, 0)
  index.observe(ref, state([applied(later), applied(seenLater)]), 0, 1)
  withholdAll(index)
  openAll(index)
  const statuses = () => [one, seen, later, seenLater].map(({ decisionId }) => index.get(decisionId)?.status)
  expect(statuses()).toEqual(['effective', 'effective', 'pending', 'pending'])
  openAll(index)
  expect(statuses()).toEqual(['effective', 'effective', 'effective', 'effective'])
})

describe('a partition that is withheld', () => {
  const partition = partitionOf(refToBytes(ref), CONSENT_PARTITIONS)
  const applied = ({ decisionId }: Decision) => ({ decisionId, outcome: 'applied' as const })

  test('keeps its own decisions pending, and no others', () => {
    const index = opened()
    const [here, there] = [decision(1), { ...decision(2), ref: 'b'.repeat(32) as SubjectRef }]
    expect(partitionOf(refToBytes(there.ref), CONSENT_PARTITIONS)).not.toBe(partition)
    index.register(here, 0)
    index.register(there, 0)
    index.withhold(partition)
    index.observe(ref, state([applied(here)]), partition, 0)
    index.observe(there.ref, state([applied(there)]), 3, 0)
    expect(index.get(here.decisionId)?.status).toBe('pending')
    expect(index.get(there.decisionId)?.status).toBe('effective')
    index.release(partition)
    expect(index.get(here.decisionId)?.status).toBe('effective')
  })

  test('stays so until every reason is gone', () => {
    const index = opened()
    const one = decision(1)
    index.register(one, 0)
    index.withhold(partition)
    index.withhold(partition)
    index.observe(ref, state([applied(one)]), partition, 0)
    index.release(partition)
    expect(index.get(one.decisionId)?.status).toBe('pending')
    index.release(partition)
    expect(index.get(one.decisionId)?.status).toBe('effective')
  })
})

test('what only a lookup has shown is not called in force until the tail shows it', () => {
  const index = opened()
  const one = decision(1)
  const shown = { decisionId: one.decisionId, outcome: 'applied' } as const
  index.note(ref, shown, state([shown]))
  expect(index.get(one.decisionId)?.status).toBe('pending')
  index.observe(ref, state([shown]), 0, 7)
  expect(index.get(one.decisionId)).toMatchObject({ status: 'effective', consentPosition: { position: 8 } })
})

describe('what a device brings to those it is linked to', () => {
  const [ada, bob] = ['c'.repeat(32), 'd'.repeat(32)] as [SubjectRef, SubjectRef]
  const partition = partitionOf(refToBytes(ada), CONSENT_PARTITIONS)
  const refusal = decision(1, 'withdraw')
  const shown = { decisionId: refusal.decisionId, outcome: 'applied', tookAway: true } as const
  const carriedTo = (subject: SubjectRef) => ({ ...shown, decisionId: carriedId(refusal.decisionId, subject) })
  const link = { ...decision(2, 'link'), linkedTo: ada, purposes: [], notices: [], untilMs: [] }
  const refused = state([shown], {
    purposes: {
      analytics: {
        status: 'withdrawn',
        sinceMs: 0,
        untilMs: null,
        notice: 0,
        noticeSinceMs: 0,
        noticeBefore: 0,
        salt: null,
        epoch: 0,
        decisionId: refusal.decisionId,
        ledgerOffset: 1,
        withdrawnPosition: 2,
      },
    },
  })
  const linked = {
    ...refused,
    links: [ada],
    recent: [shown, { decisionId: link.decisionId, outcome: 'applied' }],
  } as const

  test('a refusal is in force only once it is for every one of them', () => {
    const index = opened()
    index.register(refusal, 0)
    index.observe(ref, state([shown], { links: [ada, bob] }), 0, 0)
    expect(index.get(refusal.decisionId)).toMatchObject({ status: 'pending', consentPosition: null })
    index.observe(ada, state([carriedTo(ada)]), 1, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('pending')
    index.observe(bob, state([carriedTo(bob)]), 2, 0)
    expect(index.get(refusal.decisionId)).toMatchObject({
      status: 'effective',
      consentPosition: { partition: partitionOf(refToBytes(ref), CONSENT_PARTITIONS), position: 1 },
    })
  })

  test('a link is in force only once what was refused before is refused for the subject', () => {
    const index = opened()
    index.register(link, 0)
    index.observe(ref, linked, 0, 5)
    expect(index.get(link.decisionId)?.status).toBe('pending')
    expect(sought).toMatchObject([{ partition, shown: false }])
    for (const proof of sought) index.showCarried(proof)
    expect(index.get(link.decisionId)?.status).toBe('effective')
  })

  test('a link is not in force because a state shows what a former link carried', () => {
    const index = opened()
    index.observe(ada, state([carriedTo(ada)]), partition, 0)
    index.register(link, 0)
    index.observe(ref, linked, 0, 5)
    index.observe(ada, state([carriedTo(ada)]), partition, 1)
    expect(index.get(link.decisionId)?.status).toBe('pending')
  })

  test('what a later state shows of a decision may have been carried to anybody', () => {
    const index = opened()
    const later = { decisionId: decision(3).decisionId, outcome: 'applied' } as const
    index.register(link, 0)
    index.register(refusal, 0)
    index.observe(ref, state([shown, linked.recent[1], later], { links: [ada] }), 0, 0)
    expect(sought.filter(({ entry }) => entry.decision === link).map((proof) => proof.partition)).toEqual([partition])
    expect(sought.filter(({ entry }) => entry.decision === refusal).map((proof) => proof.partition)).toEqual(ALL)
    for (const proof of sought.slice(0, -2)) index.showCarried(proof)
    expect([refusal, link].map((one) => index.get(one.decisionId)?.status)).toEqual(['pending', 'pending'])
    for (const proof of sought.slice(-2)) index.showCarried(proof)
    expect([refusal, link].map((one) => index.get(one.decisionId)?.status)).toEqual(['effective', 'effective'])
  })

  test('a refusal that was seen once the device had lost its links is not called effective by that alone', () => {
    const index = opened()
    index.observe(ref, state([shown], { erasedPosition: 99 }), 0, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('pending')
  })

  test('a link of a device that refuses nothing is in force with its own state', () => {
    const index = opened()
    index.register(link, 0)
    index.observe(ref, state([{ decisionId: link.decisionId, outcome: 'applied' }], { links: [ada] }), 0, 5)
    expect(index.get(link.decisionId)?.status).toBe('effective')
    expect(sought).toEqual([])
  })

  test('it counts when the tail showed it before the device’s own', () => {
    const index = opened()
    index.register(refusal, 0)
    index.observe(ada, state([carriedTo(ada)]), 1, 0)
    index.observe(ref, state([shown], { links: [ada] }), 0, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('effective')
    expect(sought).toEqual([])
  })

  test('it is sought when only a lookup has shown it', () => {
    const index = opened()
    index.register(refusal, 0)
    index.note(ada, carriedTo(ada), state([carriedTo(ada)]))
    index.observe(ref, state([shown], { links: [ada] }), 0, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('pending')
    expect(sought).toMatchObject([{ refusal: { ref: ada }, shown: false }])
  })

  test('the partition of the subject may be withheld too', () => {
    const index = opened()
    index.register(refusal, 0)
    index.withhold(partition)
    index.observe(ref, state([shown], { links: [ada] }), 0, 0)
    index.observe(ada, state([carriedTo(ada)]), partition, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('pending')
    index.release(partition)
    expect(index.get(refusal.decisionId)?.status).toBe('effective')
  })

  test('a refusal on a linked device that another process recorded is not called effective by its own state alone', () => {
    const index = opened()
    index.observe(ref, state([shown], { links: [ada] }), 0, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('pending')
    index.adopt(refusal, { partition: 0, offset: 1 })
    index.observe(ref, state([shown], { links: [ada] }), 0, 1)
    index.observe(ada, state([carriedTo(ada)]), 1, 0)
    expect(index.get(refusal.decisionId)?.status).toBe('effective')
  })

  test('nothing is kept of it once it is settled', () => {
    const index = opened()
    index.register(refusal, 0)
    index.observe(ref, state([shown], { links: [ada] }), 0, 0)
    expect(index.unshown).toHaveLength(1)
    index.observe(ada, state([carriedTo(ada)]), 1, 0)
    expect(index.unshown).toEqual([])
  })
})

test('of one that is forgotten among too many nothing is looked up or kept any more', () => {
  const index = opened()
  const first = index.adopt(decision(0, 'withdraw'), { partition: 0, offset: 0 })
  for (let n = 1; n <= ADOPTED_BOUND; n++) index.adopt(decision(n), { partition: 0, offset: n })
  expect(forgotten).toEqual([first])
  expect(index.follows(first)).toBe(false)
  index.showLooked(first, 'applied', state([], { links: ['c'.repeat(32) as SubjectRef] }))
  expect([first.folded, first.proofs.length, sought]).toEqual([null, 1, []])
})
