import { KafkaError, OffsetOutOfRange } from '@weir/kafka'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begun, LoopWorld } from '../fixtures/loop-world.ts'

let world: LoopWorld
beforeEach(() => {
  world = new LoopWorld({ 0: 2, 1: 0 })
  world.cluster.append(0, 5)
})
afterEach(() => world.close())

describe('a change of assignment', () => {
  it('begins with the new partitions only', async () => {
    await world.start([0])
    const first = [...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.append(1, 3)
    await world.loop.assigned([1])
    await world.saw(...first, 'committed? 1', 'earliest? 1', 'read 1@0', 'fetch 1@0', 'begin 1@3', 'commit')
  })

  it('while a recovery is due waits for it, and all partitions begin together', async () => {
    world.cluster.broken.committedOffsets = new KafkaError('planted', true)
    await world.start([0])
    const failed = ['confirmed', 'init', 'committed? 0', 'wait 50']
    await world.saw(...failed)
    await world.loop.assigned([1])
    world.cluster.broken = {}
    world.wake()
    const all = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    await world.saw(...failed, ...all, 'fetch 0@2', 'begin 0@5', 'commit')
  })

  it('during a recovery comes after it', async () => {
    const answer = Promise.withResolvers<void>()
    world.cluster.lookingUp = answer.promise
    await world.start([0])
    await world.saw('confirmed', 'init', 'committed? 0')
    const assigned = world.loop.assigned([1])
    answer.resolve()
    await assigned
    expect(world.acts.filter((act) => !/fetch|begin|commit$/.test(act))).toEqual([
      ...begun(2),
      'committed? 1',
      'earliest? 1',
      'read 1@0',
    ])
  })

  it('that the broker can’t answer for is taken all the same, and recovers', async () => {
    await world.start([0])
    const first = [...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.broken.committedOffsets = new KafkaError('planted', true)
    await world.loop.assigned([1])
    const failed = ['committed? 1', 'confirmed', 'init', 'committed? 0,1', 'wait 50']
    await world.saw(...first, ...failed)
    world.cluster.broken = {}
    world.wake()
    const all = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@5', 'read 1@0']
    await world.saw(...first, ...failed, ...all)
    expect(world.failed).toEqual([])
  })

  it('that the broker can’t answer for gives up a held chunk too, whose rows are read again once', async () => {
    world.heldMs = 7
    await world.start([0])
    const held = [...begun(2), 'fetch 0@2', 'held', 'wait 7']
    await world.saw(...held)
    world.cluster.broken.committedOffsets = new KafkaError('planted', true)
    await world.loop.assigned([1])
    world.cluster.broken = {}
    world.heldMs = null
    world.wake()
    const all = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const committed = [...held, 'committed? 1', ...all, 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...committed)
    world.cluster.append(0, 1)
    await world.saw(...committed, 'fetch 0@5', 'begin 0@6', 'commit')
  })

  it('waits for the attempt that is under way', async () => {
    const answer = Promise.withResolvers<void>()
    world.cluster.ending = answer.promise
    await world.start([0])
    await world.saw(...begun(2), 'fetch 0@2', 'begin 0@5')
    const revoked = world.loop.revoked([0])
    answer.resolve()
    await revoked
    await world.saw(...begun(2), 'fetch 0@2', 'begin 0@5', 'commit', 'leave 0', 'wait 100')
  })

  it('that takes a partition of a held chunk drops it, and rewinds the others to what was committed', async () => {
    world.cluster.append(1, 3)
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const committed = [...first, 'fetch 0@2', 'fetch 1@0', 'begin 0@5 1@3', 'commit']
    await world.saw(...committed)
    world.heldMs = 7
    const fetching = Promise.withResolvers<void>()
    world.cluster.fetching = fetching.promise
    world.cluster.append(0, 1)
    world.cluster.append(1, 1)
    fetching.resolve()
    const held = [...committed, 'fetch 0@5', 'fetch 1@3', 'held', 'wait 7']
    await world.saw(...held)
    await world.loop.revoked([0])
    world.heldMs = null
    world.wake()
    await world.saw(...held, 'read 1@3', 'leave 0', 'fetch 1@3', 'begin 1@4', 'commit')
  })

  it('that takes another partition leaves a held chunk as it is', async () => {
    world.heldMs = 7
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const held = [...first, 'fetch 0@2', 'held', 'wait 7']
    await world.saw(...held)
    await world.loop.revoked([1])
    world.heldMs = null
    world.wake()
    await world.saw(...held, 'leave 1', 'begin 0@5', 'commit')
  })

  it('that lost partitions recovers before anything else, and commits nothing of theirs', async () => {
    world.heldMs = 7
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const held = [...first, 'fetch 0@2', 'held', 'wait 7']
    await world.saw(...held)
    world.cluster.isMember = false
    await world.loop.lost([0, 1])
    world.heldMs = null
    world.wake()
    const lost = [...held, 'leave 0', 'leave 1', 'no member', 'wait 50']
    await world.saw(...lost)
    world.cluster.isMember = true
    await world.loop.assigned([0])
    world.wake()
    await world.saw(...lost, ...begun(2), 'fetch 0@2', 'begin 0@5', 'commit')
  })
})

describe('a place that is gone', () => {
  it('found at the start ends the run', async () => {
    world.cluster.earliest.set(0, 3)
    const { ended } = await world.start([0])
    await expect(ended).rejects.toMatchObject({ code: 'WEIR_SANITIZER_NO_PLACE_TO_START' })
    expect(world.acts).toEqual(['confirmed', 'init', 'committed? 0', 'earliest? 0'])
  })

  it('found as a partition is assigned fails once, and nothing of it is read', async () => {
    await world.start([0])
    const first = [...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.earliest.set(1, 3)
    await world.loop.assigned([1])
    expect(world.failed).toMatchObject([{ code: 'WEIR_SANITIZER_NO_PLACE_TO_START' }])
    await world.close()
    expect(world.acts).toEqual([...first, 'committed? 1', 'earliest? 1'])
    expect(world.failed).toHaveLength(1)
  })

  it('found while reading ends the run, and resets nothing', async () => {
    const { ended } = await world.start([0])
    const first = [...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.broken.poll = new OffsetOutOfRange('raw', 0, 5, 9)
    await expect(ended).rejects.toMatchObject({ code: 'WEIR_KAFKA_OFFSET_OUT_OF_RANGE' })
    expect(world.acts).toEqual(first)
  })
})

describe('a broker that refuses to be read', () => {
  it('is waited for: recovered from what is committed, and read again', async () => {
    await world.start([0])
    const first = [...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.broken = { poll: new KafkaError('not authorized now', false) }
    await world.saw(...first, 'wait 50')
    expect(world.loop.trouble).toBe('reading: not authorized now')
    world.cluster.broken = {}
    world.cluster.append(0, 1)
    world.wake()
    await world.saw(...first, 'wait 50', ...begun(5), 'fetch 0@5', 'begin 0@6', 'commit')
    expect(world.loop.trouble).toBeNull()
  })
})

describe('asked to end', () => {
  it('it ends the attempt under way, and begins nothing new', async () => {
    const answer = Promise.withResolvers<void>()
    world.cluster.ending = answer.promise
    const { ended } = await world.start([0])
    await world.saw(...begun(2), 'fetch 0@2', 'begin 0@5')
    world.abort()
    world.cluster.append(0, 1)
    answer.resolve()
    await ended
    expect(world.acts.filter((act) => !act.startsWith('fetch'))).toEqual([...begun(2), 'begin 0@5', 'commit'])
  })

  it('it leaves a held chunk as it is', async () => {
    world.heldMs = 7
    const { ended } = await world.start([0])
    await world.saw(...begun(2), 'fetch 0@2', 'held', 'wait 7')
    world.heldMs = null
    world.abort()
    await ended
    expect(world.acts).toEqual([...begun(2), 'fetch 0@2', 'held', 'wait 7'])
  })

  it('while it fetches, it neither rewrites nor publishes what comes', async () => {
    const answer = Promise.withResolvers<void>()
    world.cluster.fetching = answer.promise
    const { ended } = await world.start([0])
    await world.saw(...begun(2))
    world.abort()
    answer.resolve()
    await ended
    expect(world.acts).toEqual([...begun(2), 'fetch 0@2'])
    expect(world.inner.acts).toEqual([])
  })

  it('while it changes its assignment, it gives that up, and begins nothing new', async () => {
    await world.start([])
    await world.saw('confirmed', 'init', 'wait 100')
    world.cluster.lookingUp = new Promise(() => {})
    const assigned = world.loop.assigned([0])
    world.wake()
    await world.saw('confirmed', 'init', 'wait 100', 'committed? 0')
    await Promise.all([assigned, world.close()])
    expect(world.acts).toEqual(['confirmed', 'init', 'wait 100', 'committed? 0'])
    expect(world.failed).toEqual([])
  })

  it('it has not ended before a change of assignment has', async () => {
    const { ended } = await world.start([])
    await world.saw('confirmed', 'init', 'wait 100')
    const answer = Promise.withResolvers<void>()
    world.cluster.findingStart = answer.promise
    const assigned = world.loop.assigned([0])
    await world.saw('confirmed', 'init', 'wait 100', 'committed? 0', 'earliest? 0')
    world.abort()
    const inOrder = Promise.all([ended.then(() => world.acts.push('ended')), assigned])
    await new Promise((resolve) => setImmediate(resolve))
    answer.resolve()
    await inOrder
    expect(world.acts).toEqual(['confirmed', 'init', 'wait 100', 'committed? 0', 'earliest? 0', 'read 0@2', 'ended'])
  })

  it('while it recovers, it gives that up too, and calls it no trouble', async () => {
    world.cluster.lookingUp = new Promise(() => {})
    const { ended } = await world.start([0])
    await world.saw('confirmed', 'init', 'committed? 0')
    world.abort()
    await ended
    expect(world.acts).toEqual(['confirmed', 'init', 'committed? 0'])
    expect(world.loop.trouble).toBe('starting')
  })
})
