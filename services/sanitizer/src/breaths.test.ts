import { expect, test } from 'vitest'
import { chunkOf, grant, makeWorld, processWhole, rawEvent, refOf, stateWith } from '../fixtures/environment.ts'

const ROWS = 400

/** Processes a chunk whose every look at the clock is so many ms later; gives how often others had their turn. */
async function turnsOfOthers(stepMs: number, value = rawEvent) {
  const world = makeWorld()
  for (let i = 0; i < ROWS; i += 2) world.states.set(refOf(`s${i}`), stateWith({ personalization: grant() }))
  let nowMs = 0
  const clock = {
    ...world.env.clock,
    monotonicMs: () => {
      nowMs += stepMs
      return nowMs
    },
  }
  const rows = Array.from({ length: ROWS }, (_, i) => ({ key: `s${i}`, value: value(`s${i}`) }))
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
