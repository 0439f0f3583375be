import { expect, test } from 'vitest'
import { chunkOf, grant, makeWorld, processWhole, rawEvent, refOf, stateWith } from '../fixtures/environment.ts'

const ROWS = 400

/** Processes a chunk whose every look at the clock is so many ms later; gives how often others had their turn. */
async function turnsOfOthers(stepMs: number, value = rawEvent, subjectOf = (row: number) => `s${row}`) {
  const world = makeWorld()
  for (let i = 0; i < ROWS; i += 2) world.states.set(refOf(subjectOf(i)), stateWith({ personalization: grant() }))
  let nowMs = 0
  const clock = {
    ...world.env.clock,
    monotonicMs: () => {
      nowMs += stepMs
      return nowMs
    },
  }
  const subjects = Array.from({ length: ROWS }, (_, row) => subjectOf(row))
  const rows = subjects.map((subject) => ({ key: subject, value: value(subject) }))
  let turns = 0
  let isOver = false
  const other = () => {
    if (isOver) return
    turns += 1
    setImmediate(other)
  }
  // Counts only from the rewriting on: what comes before it waits for others anyway.
  world.env.consent.lookup = countingLookup(world.env.consent.lookup, other)
  const outcome = await processWhole({ ...world.env, clock }, chunkOf(rows))
  isOver = true
  expect(outcome.kind).toBe('committed')
  return { turns, produced: world.produced.map(({ bytes }) => bytes.toString('hex')) }
}

function countingLookup<T extends (...args: never[]) => Promise<unknown>>(lookup: T, start: () => void): T {
  return (async (...args: Parameters<T>) => {
    const looked = await lookup(...args)
    start()
    return looked
  }) as T
}

test('rewriting that takes long lets others have their turn, and gives the same bytes', async () => {
  const quick = await turnsOfOthers(0)
  const slow = await turnsOfOthers(2)
  expect(quick.turns).toBeLessThan(3)
  expect(slow.turns).toBeGreaterThan(10)
  expect(slow.produced).toEqual(quick.produced)
})

test('so do records that go to quarantine, each of which may be long', async () => {
  const damaged = (subject: string) => Buffer.concat([rawEvent(subject), Buffer.alloc(1)])
  const slow = await turnsOfOthers(2, damaged)
  expect(slow.turns).toBeGreaterThan(ROWS / 2)
})

test('so do the pseudonyms of many people, beside what their rows take', async () => {
  const people = (count: number) => (row: number) => `s${(row >> 1) % count}`
  const few = await turnsOfOthers(2, rawEvent, people(1))
  const many = await turnsOfOthers(2, rawEvent, people(ROWS / 2))
  expect(many.turns).toBeGreaterThanOrEqual(few.turns + 5)
})
