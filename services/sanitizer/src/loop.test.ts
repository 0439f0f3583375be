import { KafkaError } from '@weir/kafka'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begun, LoopWorld } from '../fixtures/loop-world.ts'

let world: LoopWorld
beforeEach(() => {
  world = new LoopWorld({ 0: 2, 1: 0 })
  world.cluster.append(0, 5)
})
afterEach(() => world.close())

describe('at its start the loop', () => {
  it('is a confirmed member and has the producer, then asks what is committed, and only then reads', async () => {
    await world.start([0])
    await world.saw(...begun(2), 'fetch 0@2', 'begin 0@5', 'commit')
    expect(world.loop.trouble).toBe(null)
  })

  it('reads all its partitions into one chunk, committed in one transaction', async () => {
    world.cluster.append(1, 2)
    await world.start([1, 0])
    const first = ['confirmed', 'init', 'committed? 1,0', 'earliest? 1,0', 'read 1@0', 'read 0@2']
    await world.saw(...first, 'fetch 1@0', 'fetch 0@2', 'begin 1@2 0@5', 'commit')
  })

  it('initialises nothing before the group has it, or it would fence another process of its slot', async () => {
    world.cluster.isMember = false
    await world.start([0])
    await world.saw('no member', 'wait 50')
    world.wake()
    await world.saw('no member', 'wait 50', 'no member', 'wait 100')
    expect(world.loop.trouble).toMatch(/^recovering: Not a member/)
    world.cluster.isMember = true
    world.wake()
    const waited = ['no member', 'wait 50', 'no member', 'wait 100']
    await world.saw(...waited, ...begun(2), 'fetch 0@2', 'begin 0@5', 'commit')
  })

  it('waits, and says why, while the producer can’t be had', async () => {
    world.cluster.broken.init = new KafkaError('the coordinator is away', true)
    await world.start([0])
    await world.saw('confirmed', 'init', 'wait 50')
    expect(world.loop.trouble).toBe('recovering: the coordinator is away')
  })

  it('waits as little as at first once a recovery has succeeded', async () => {
    world.cluster.isMember = false
    await world.start([0])
    await world.saw('no member', 'wait 50')
    world.wake()
    await world.saw('no member', 'wait 50', 'no member', 'wait 100')
    world.cluster.isMember = true
    world.wake()
    const first = ['no member', 'wait 50', 'no member', 'wait 100', ...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.isMember = false
    await world.loop.lost([0])
    await world.saw(...first, 'leave 0', 'no member', 'wait 50')
  })

  it('waits without spinning while nothing is assigned to it, and is ready', async () => {
    await world.start([])
    await world.saw('confirmed', 'init', 'wait 100')
    expect(world.loop.trouble).toBe(null)
  })
})

describe('after an attempt that', () => {
  it('committed, it goes on with what follows, and reads nothing twice', async () => {
    await world.start([0])
    const first = [...begun(2), 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...first)
    world.cluster.append(0, 1)
    await world.saw(...first, 'fetch 0@5', 'begin 0@6', 'commit')
  })

  it('did not commit, it knows how old the records are that wait, until they are in', async () => {
    world.cluster.endings.push('unknown')
    await world.start([0])
    const failed = [...begun(2), 'fetch 0@2', 'begin 0@5', 'unknown', 'wait 50']
    await world.saw(...failed)
    const { oldestWaitingMs } = world.loop
    expect(oldestWaitingMs).not.toBeNull()
    expect(world.loop.attemptMs).toBe(0)
    world.wake()
    await world.saw(...failed, ...begun(2), 'fetch 0@2', 'begin 0@5', 'commit')
    expect(world.loop.oldestWaitingMs).toBeNull()
  })

  it('may have committed, it initialises, then asks what was committed, and reads the chunk again from there', async () => {
    world.cluster.endings.push('unknown')
    await world.start([0])
    const failed = [...begun(2), 'fetch 0@2', 'begin 0@5', 'unknown', 'wait 50']
    await world.saw(...failed)
    expect(world.loop.trouble).toMatch(/^unknown: planted/)
    world.wake()
    await world.saw(...failed, ...begun(2), 'fetch 0@2', 'begin 0@5', 'commit')
    expect(world.loop.trouble).toBe(null)
  })

  it('did commit although no answer came, it reads on behind it', async () => {
    world.cluster.endings.push('lost answer')
    await world.start([0])
    const failed = [...begun(2), 'fetch 0@2', 'begin 0@5', 'lost answer', 'wait 50']
    await world.saw(...failed)
    world.cluster.append(0, 1)
    world.wake()
    await world.saw(...failed, ...begun(5), 'fetch 0@5', 'begin 0@6', 'commit')
  })

  it('was fenced, it comes back as a confirmed member, each time later until something commits', async () => {
    world.cluster.endings.push('fenced', 'fenced', 'fenced', 'commit', 'fenced')
    await world.start([0])
    const attempt = (end: string) => [...begun(2), 'fetch 0@2', 'begin 0@5', end]
    const seen = []
    for (const wait of ['wait 50', 'wait 100', 'wait 200']) {
      seen.push(...attempt('fenced'), wait)
      await world.saw(...seen)
      expect(world.loop.trouble).toMatch(/^fenced: /)
      world.wake()
    }
    seen.push(...attempt('commit'))
    await world.saw(...seen)
    expect(world.loop.trouble).toBe(null)
    world.cluster.append(0, 1)
    await world.saw(...seen, 'fetch 0@5', 'begin 0@6', 'fenced', 'wait 50')
  })

  it('was aborted, it decides the same chunk again at once; after several it waits longer and longer, and says so', async () => {
    world.cluster.endings.push('aborted', 'aborted', 'aborted', 'aborted', 'aborted')
    await world.start([0])
    const again = ['begin 0@5', 'aborted']
    const first = [...begun(2), 'fetch 0@2', ...again, ...again, ...again, ...again, 'wait 50']
    await world.saw(...first)
    expect(world.loop.trouble).toMatch(/^stale/)
    world.wake()
    await world.saw(...first, ...again, 'wait 100')
    world.wake()
    await world.saw(...first, ...again, 'wait 100', 'begin 0@5', 'commit')
    expect(world.loop.trouble).toBe(null)
  })

  it('was aborted once or twice, it does not wait, however often that happens', async () => {
    world.cluster.endings.push('aborted', 'aborted', 'commit', 'aborted', 'aborted', 'commit')
    await world.start([0])
    const chunk = (begin: string) => [begin, 'aborted', begin, 'aborted', begin, 'commit']
    const first = [...begun(2), 'fetch 0@2', ...chunk('begin 0@5')]
    await world.saw(...first)
    world.cluster.append(0, 1)
    await world.saw(...first, 'fetch 0@5', ...chunk('begin 0@6'))
  })

  it('was held, it tries the same chunk after the time it was told, and fetches nothing meanwhile', async () => {
    world.heldMs = 7
    await world.start([0])
    const held = [...begun(2), 'fetch 0@2', 'held', 'wait 7']
    await world.saw(...held)
    expect(world.loop.trouble).toBe('held: consent-cold')
    world.cluster.append(0, 1)
    world.wake()
    await world.saw(...held, 'held', 'wait 7')
    world.heldMs = null
    world.wake()
    await world.saw(...held, 'held', 'wait 7', 'begin 0@5', 'commit', 'fetch 0@5', 'begin 0@6', 'commit')
    expect(world.loop.trouble).toBe(null)
  })

  it('met a bug, it ends with that', async () => {
    world.bug = new Error('a bug')
    const { ended } = await world.start([0])
    await expect(ended).rejects.toThrow('a bug')
    expect(world.acts).toEqual([...begun(2), 'fetch 0@2'])
  })
})

describe('offsets without records', () => {
  it('begin no transaction by themselves, and go along with the next record of their partition', async () => {
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const committed = [...first, 'fetch 0@2', 'begin 0@5', 'commit']
    await world.saw(...committed)
    world.cluster.appendMarker(0)
    await world.saw(...committed, 'fetch 0@5')
    world.cluster.append(1, 1)
    const other = [...committed, 'fetch 0@5', 'fetch 1@0', 'begin 1@1', 'commit']
    await world.saw(...other)
    expect(world.cluster.committed.get(0)).toBe(5)
    world.cluster.append(0, 1)
    await world.saw(...other, 'fetch 0@6', 'begin 0@7', 'commit')
  })
})

describe('metrics', () => {
  it('count each attempt, and records only once they are committed', async () => {
    world.cluster.endings.push('aborted')
    await world.start([0])
    await world.saw(...begun(2), 'fetch 0@2', 'begin 0@5', 'aborted', 'begin 0@5', 'commit')
    const page = await world.registry.metrics()
    expect(page).toContain('weir_sanitizer_raw_total 3')
    expect(page).toContain('weir_sanitizer_chunks_total{outcome="stale"} 1')
    expect(page).toContain('weir_sanitizer_chunks_total{outcome="committed"} 1')
  })
})
