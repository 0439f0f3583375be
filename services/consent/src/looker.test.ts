import { CONSENT_PARTITIONS, type ConsentState, refToBytes, type SubjectRef } from '@weir/consent'
import { FRESHNESS_MS } from '@weir/consent-view'
import { partitionOf } from '@weir/kafka'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { newEntry, type Proof, proofOf } from './decision-entry.ts'
import { Looker } from './looker.ts'

const REF = 'a'.repeat(32) as SubjectRef
const ID = '00000000-0000-4000-8000-000000000001'
const PARTITION = partitionOf(refToBytes(REF), CONSENT_PARTITIONS)

/** A world in which virtual time passes, states are what the test says, and the tail is proved as far as it says. */
function setUp() {
  const world = {
    state: null as ConsentState | null,
    held: false,
    looks: 0,
    /** As of when the tail is proved (monotonic); null: as of now, always. */
    provedMs: null as number | null,
    place: null as { partition: number; offset: number } | null,
    shown: [] as string[],
    carried: [] as Proof[],
    isFollowed: true,
  }
  const stop = new AbortController()
  const clock = { monotonicMs: () => Date.now() }
  const looker = new Looker({
    view: {
      begin: () => ({ end: () => {} }),
      lookup: async (refs, count) => {
        world.looks++
        if (world.held) return { kind: 'held', reason: 'consent-cold', retryAfterMs: 500 }
        return { kind: 'looked', refs, count, states: [world.state], positions: new Float64Array(16) }
      },
      tickTimeMs: 0,
      ageMs: () => Date.now() - (world.provedMs ?? Date.now()),
    },
    index: {
      follows: () => world.isFollowed,
      showLooked: ({ proofs }, outcome) => {
        for (const proof of proofs) proof.shown = true
        world.shown.push(outcome)
      },
      showCarried: (proof) => {
        proof.shown = true
        world.carried.push(proof)
      },
    },
    clock,
    signal: stop.signal,
  })
  return { world, looker, stop, proof: newProof(), another: newProof }

  function newProof(): Proof {
    const entry = newEntry(
      {
        kind: 'withdraw',
        decisionId: ID,
        ref: REF,
        purposes: ['analytics'],
        decidedAtMs: 0,
        source: 'api',
        notices: [0],
        jurisdiction: null,
        untilMs: [null],
        basedOn: -1,
      },
      null,
      world.place,
    )
    const [proof] = entry.proofs
    if (proof === undefined) throw new Error('an entry has a proof of its own')
    return proof
  }
}

const FOLDED: ConsentState = {
  position: 9,
  purposes: {},
  recent: [{ decisionId: ID, outcome: 'applied', tookAway: true }],
}

const REMEMBERS_OTHERS: ConsentState = {
  position: 100,
  purposes: {},
  recent: Array.from({ length: 32 }, (_, n) => ({
    decisionId: ID.replace(/01$/, `${n + 10}`),
    outcome: 'applied' as const,
  })),
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('what a state shows counts only once the tail is proved to have come that far', async () => {
  const { world, looker, proof } = setUp()
  world.state = FOLDED
  world.provedMs = Date.now() - 1
  const looking = looker.look(proof)
  await vi.advanceTimersByTimeAsync(500)
  expect(world.shown).toEqual([])
  world.provedMs = null
  await vi.advanceTimersByTimeAsync(20)
  await looking
  expect(world.shown).toEqual(['applied'])
  expect(proof.partition).toBe(PARTITION)
})

test('a tail that is not proved in time leaves it to another look', async () => {
  const { world, looker, proof } = setUp()
  world.state = FOLDED
  world.provedMs = 0
  const looking = looker.look(proof)
  await vi.advanceTimersByTimeAsync(FRESHNESS_MS + 100)
  await looking
  expect(world.shown).toEqual([])
  world.provedMs = null
  await vi.advanceTimersByTimeAsync(2 * FRESHNESS_MS)
  expect(world.shown).toEqual(['applied'])
})

test('what can’t be told is looked at again in the background, and what is not folded is left to the tail', async () => {
  const { world, looker, proof } = setUp()
  world.held = true
  await looker.look(proof)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(world.looks).toBeGreaterThan(3)
  world.held = false
  await vi.advanceTimersByTimeAsync(500)
  const { looks } = world
  await vi.advanceTimersByTimeAsync(10_000)
  expect([world.looks, world.shown]).toEqual([looks, []])
})

test('one that can’t be told keeps no other waiting', async () => {
  const { world, looker, proof, another } = setUp()
  world.state = REMEMBERS_OTHERS
  for (let n = 0; n < 50; n++) looker.add(another())
  await vi.advanceTimersByTimeAsync(0)
  looker.add(proof)
  world.state = FOLDED
  await vi.advanceTimersByTimeAsync(600)
  expect(proof.shown).toBe(true)
})

test('a decision that the state remembers no more is told by its place in the ledger, and not without', async () => {
  const { world, looker, proof } = setUp()
  world.state = REMEMBERS_OTHERS
  await looker.look(proof)
  expect(world.shown).toEqual([])
  proof.entry.ledger = { partition: PARTITION, offset: 100 }
  await vi.advanceTimersByTimeAsync(600)
  expect(world.shown).toEqual([])
  proof.entry.ledger = { partition: PARTITION, offset: 99 }
  await looker.look(proof)
  expect(world.shown).toEqual(['applied'])
})

test('what was carried counts once the tail is proved to have come that far, whatever states say', async () => {
  const { world, looker, proof } = setUp()
  const carried = proofOf(proof.entry, 3, null)
  proof.entry.proofs = [proof, carried]
  world.provedMs = Date.now() - 1
  looker.add(carried)
  await vi.advanceTimersByTimeAsync(2 * FRESHNESS_MS)
  expect(world.carried).toEqual([])
  world.provedMs = null
  await vi.advanceTimersByTimeAsync(2 * FRESHNESS_MS)
  expect([world.carried, world.looks]).toEqual([[carried], 0])
})

test('what was forgotten is looked for no more, nor what was while it was looked for', async () => {
  const { world, looker, proof, another } = setUp()
  world.held = true
  await looker.look(proof)
  looker.forget(proof.entry)
  await vi.advanceTimersByTimeAsync(600)
  await looker.stopped()
  const late = looker.look(another())
  world.isFollowed = false
  await late
  const { looks } = world
  await vi.advanceTimersByTimeAsync(10_000)
  expect(world.looks).toBe(looks)
})

test('it ends with the service', async () => {
  const { world, looker, proof, stop } = setUp()
  world.held = true
  await looker.look(proof)
  stop.abort()
  await looker.stopped()
  const { looks } = world
  await vi.advanceTimersByTimeAsync(10_000)
  expect(world.looks).toBe(looks)
})
