import { afterEach, expect, it, vi } from 'vitest'
import { auditsIn } from '../fixtures/audits.ts'
import { LoopWorld } from '../fixtures/loop-world.ts'

/** A partition that is read from 2 to 7: three events, then two markers, then what is not to be read. */
let world: LoopWorld
afterEach(() => world.close())

function bounded(): LoopWorld {
  world = new LoopWorld({ 0: 2 }, { ends: new Map([[0, 7]]) })
  world.cluster.append(0, 5)
  return world
}

const comesTo = (end: number) =>
  vi.waitFor(
    () => {
      world.wake()
      expect(world.cluster.committed.get(0)).toBe(end)
    },
    { interval: 2, timeout: 5_000 },
  )

function covered(): string[] {
  const audits = auditsIn(world.inner.env, world.cluster.audited)
  return audits.flatMap(({ ranges }) => ranges.map(({ from, to }) => `${from}-${to}`))
}

it('commits the end of what is to be read, also when only offsets without rows lead there, and reads no further', async () => {
  const { cluster, loop, acts } = bounded()
  await world.start([0])
  await comesTo(5)
  cluster.appendMarker(0)
  cluster.appendMarker(0)
  cluster.append(0, 4)
  await comesTo(7)
  expect(covered()).toEqual(['2-5', '5-7'])
  expect(cluster.published.get('clickstream.personalization')).toBe(3)
  expect(acts.filter((act) => act.startsWith('fetch')).at(-1)).toBe('fetch 0@5')
  expect(loop.trouble).toBe(null)
})

it('comes to the same end whatever becomes of the transactions on its way', async () => {
  const { cluster } = bounded()
  cluster.appendMarker(0)
  cluster.append(0, 4)
  cluster.endings.push('aborted', 'unknown', 'lost answer')
  await world.start([0])
  await comesTo(7)
  expect(cluster.published.get('clickstream.personalization')).toBe(4)
})

it('has nothing to do where all is committed', async () => {
  const { acts } = bounded()
  world.cluster.committed.set(0, 7)
  await world.start([0])
  await vi.waitFor(() => expect(world.loop.trouble).toBe(null), { interval: 2, timeout: 5_000 })
  expect(acts).not.toContainEqual(expect.stringMatching(/^(read|begin)/))
})
