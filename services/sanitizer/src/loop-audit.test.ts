import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { auditsIn } from '../fixtures/audits.ts'
import { LoopWorld } from '../fixtures/loop-world.ts'

let world: LoopWorld
beforeEach(() => {
  world = new LoopWorld({ 0: 2, 1: 0 })
  world.cluster.append(0, 5)
})
afterEach(() => world.close())

/** `from-to` of each committed range of a partition, in the order of the commits. */
function rangesOf(partition: number): string[] {
  return auditsIn(world.inner.env, world.cluster.audited).flatMap(({ ranges }) =>
    ranges.filter((range) => range.partition === partition).map(({ from, to }) => `${from}-${to}`),
  )
}

const covered = (expected: Readonly<Record<number, readonly string[]>>) =>
  vi.waitFor(
    () => {
      world.wake()
      for (const [partition, ranges] of Object.entries(expected)) expect(rangesOf(Number(partition))).toEqual(ranges)
    },
    { interval: 2, timeout: 5_000 },
  )

it('covers each partition from where it was committed, offsets without rows included', async () => {
  await world.start([0, 1])
  await covered({ 0: ['2-5'] })
  world.cluster.appendMarker(0)
  world.cluster.appendMarker(0)
  world.cluster.append(1, 2)
  await covered({ 0: ['2-5'], 1: ['0-2'] })
  world.cluster.append(0, 1)
  await covered({ 0: ['2-5', '5-8'], 1: ['0-2'] })
})

it('covers nothing twice and leaves nothing out when attempts are stale, lost, fenced or were committed unheard', async () => {
  world.cluster.endings.push('aborted', 'unknown', 'commit', 'fenced', 'lost answer')
  await world.start([0])
  await covered({ 0: ['2-5'] })
  world.cluster.append(0, 3)
  await covered({ 0: ['2-5', '5-8'] })
  world.cluster.appendMarker(0)
  world.cluster.append(0, 1)
  await covered({ 0: ['2-5', '5-8', '8-10'] })
})

it('covers what a rewind reads again once, when a partition of the chunk is given up and comes back', async () => {
  world.cluster.append(1, 2)
  world.heldMs = 7
  await world.start([0, 1])
  await vi.waitFor(() => expect(world.acts).toContain('held'), { interval: 2, timeout: 5_000 })
  await world.loop.revoked([1])
  world.heldMs = null
  await covered({ 0: ['2-5'], 1: [] })
  world.cluster.append(0, 1)
  await covered({ 0: ['2-5', '5-6'], 1: [] })
  await world.loop.assigned([1])
  await covered({ 0: ['2-5', '5-6'], 1: ['0-2'] })
})
