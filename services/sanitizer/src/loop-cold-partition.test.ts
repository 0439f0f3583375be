import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begun, consentPartitionOf, LoopWorld } from '../fixtures/loop-world.ts'

const WARM = 'anna'
const COLD = 'berta'
const BEGUN_BOTH = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@0', 'read 1@0']

let world: LoopWorld
beforeEach(() => {
  expect(consentPartitionOf(WARM)).not.toBe(consentPartitionOf(COLD))
  world = new LoopWorld({ 0: 0, 1: 0 })
  world.cold.add(consentPartitionOf(COLD))
})
afterEach(() => world.close())

describe('one cold partition of consent', () => {
  it('keeps nobody waiting whose chunk names no one of it', async () => {
    world.cluster.append(0, 3, WARM)
    await world.start([0])
    await world.saw(...begun(0), 'fetch 0@0', 'begin 0@3', 'commit')
    expect(world.loop.trouble).toBeNull()
  })

  it('holds a chunk that names someone of it as a whole, and all behind it; warm again, they pass in order', async () => {
    world.cluster.append(0, 1, WARM)
    world.cluster.append(0, 1, COLD)
    world.cluster.append(1, 1, WARM)
    await world.start([0, 1])
    const held = [...BEGUN_BOTH, 'fetch 0@0', 'fetch 1@0', 'held', 'wait 7']
    await world.saw(...held)
    world.cluster.append(0, 1, WARM)
    world.cluster.append(1, 1, WARM)
    world.wake()
    await world.saw(...held, 'held', 'wait 7')
    expect(world.loop.trouble).toBe('held: consent-cold')
    expect(world.cluster.published.size).toBe(0)

    world.cold.clear()
    world.wake()
    const behind = ['fetch 0@2', 'fetch 1@1', 'begin 0@3 1@2', 'commit']
    await world.saw(...held, 'held', 'wait 7', 'begin 0@2 1@1', 'commit', ...behind)
    expect(world.loop.trouble).toBeNull()
  })

  it('does not keep back the transaction before the held chunk', async () => {
    world.cluster.append(0, 1, WARM)
    world.cluster.beginning = () => world.cluster.append(0, 1, COLD)
    await world.start([0])
    const held = [...begun(0), 'fetch 0@0', 'begin 0@1', 'commit', 'fetch 0@1', 'held', 'wait 7']
    await world.saw(...held)
    world.cluster.append(0, 1, WARM)
    world.cold.clear()
    world.wake()
    await world.saw(...held, 'begin 0@2', 'commit', 'fetch 0@2', 'begin 0@3', 'commit')
  })
})
