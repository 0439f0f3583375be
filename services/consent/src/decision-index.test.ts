import type { ConsentState, Decision, SubjectRef } from '@weir/consent'
import { expect, test } from 'vitest'
import { DecisionIndex, RECORDED_BOUND } from './decision-index.ts'

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

function opened(): DecisionIndex {
  const index = new DecisionIndex(clock, () => {})
  index.open()
  return index
}

test('a recorded decision is pending until the tail shows it, and then effective since that moment', () => {
  const index = opened()
  const one = decision(1)
  clock.ms = 10
  index.register(one, 10)
  expect(index.get(one.decisionId)).toMatchObject({ status: 'pending', effectiveAtMs: null, consentPosition: null })
  clock.ms = 52.5
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 3, 7)
  clock.ms = 99
  expect(index.get(one.decisionId)).toMatchObject({
    status: 'effective',
    effectiveAtMs: 1_000_052.5,
    effectiveAfterMs: 42.5,
    consentPosition: { partition: 3, position: 8 },
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
  const index = new DecisionIndex(clock, () => {})
  const one = decision(1)
  clock.ms = 0
  index.register(one, 0)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect(index.get(one.decisionId)?.status).toBe('pending')
  clock.ms = 2000
  index.open()
  expect(index.get(one.decisionId)).toMatchObject({ status: 'effective', effectiveAfterMs: 2000 })
})

test('who waits hears at once when the decision is in force', async () => {
  const index = opened()
  const one = decision(1)
  index.register(one, 0)
  const waiting = index.wait(one.decisionId, 60_000)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect((await waiting)?.status).toBe('effective')
})

test('who waits for a decision recorded elsewhere hears when the tail shows it, without a time', async () => {
  const index = opened()
  const one = decision(1)
  const waiting = index.wait(one.decisionId, 60_000)
  index.observe(ref, state([{ decisionId: one.decisionId, outcome: 'applied' }]), 0, 0)
  expect(await waiting).toMatchObject({ status: 'effective', effectiveAtMs: null })
})

test('waiting ends with what is known after its time, and when the service closes', async () => {
  const index = opened()
  const one = decision(1)
  index.register(one, 0)
  expect((await index.wait(one.decisionId, 1))?.status).toBe('pending')
  expect(await index.wait(decision(2).decisionId, 1)).toBeUndefined()
  const waiting = index.wait(one.decisionId, 60_000)
  index.close()
  expect((await waiting)?.status).toBe('pending')
  expect((await index.wait(one.decisionId, 60_000))?.status).toBe('pending')
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
  const waiting = index.wait(decision(0).decisionId, 60_000)
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
  index.withhold()
  index.register(later, 0)
  index.observe(ref, state([applied(later), applied(seenLater)]), 0, 1)
  index.withhold()
  const statuses = () => [one, seen, later, seenLater].map(({ decisionId }) => index.get(decisionId)?.status)
  expect(statuses()).toEqual(['effective', 'effective', 'pending', 'pending'])
  index.open()
  expect(statuses()).toEqual(['effective', 'effective', 'effective', 'effective'])
})
