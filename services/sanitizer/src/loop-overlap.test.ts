import { KafkaError, OffsetOutOfRange } from '@weir/kafka'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { grant, refOf, stateWith } from '../fixtures/environment.ts'
import type { Ending } from '../fixtures/fake-cluster.ts'
import { begun, LoopWorld } from '../fixtures/loop-world.ts'

/** What registry and consent see of a chunk that is rewritten (the first of all asks for its schema), and published. */
const FIRST_REWRITTEN = ['in flight', 'registry schema 7', 'lookup 1']
const REWRITTEN = ['in flight', 'lookup 1']
const PUBLISHED = ['fence', 'landed']
const BEGUN = [...begun(2), 'fetch 0@2', 'begin 0@5']

let world: LoopWorld
let answer: PromiseWithResolvers<void>
let ended: Promise<void>
beforeEach(() => {
  world = new LoopWorld({ 0: 2, 1: 0 })
  world.cluster.append(0, 5)
  answer = Promise.withResolvers()
})
afterEach(async () => {
  answer.resolve()
  await world.close()
})

/** The transaction of a first chunk has no answer yet; what `behind` appends is read and rewritten beside it. */
async function overlapped(behind = () => world.cluster.append(0, 1), seen = REWRITTEN): Promise<void> {
  world.cluster.ending = answer.promise
  world.cluster.beginning = behind
  ended = (await world.start([0])).ended
  await consentSaw(...FIRST_REWRITTEN, 'fence', ...seen)
}

const consentSaw = (...expected: string[]) =>
  expect.poll(() => world.inner.acts, { interval: 2, timeout: 5_000 }).toEqual(expected)
const saw = (...then: string[]) => world.saw(...BEGUN, 'fetch 0@5', ...then)

describe('while a transaction waits for its answer', () => {
  it('the next chunk is rewritten; its own transaction begins after that answer, and rewrites nothing anew', async () => {
    await overlapped()
    answer.resolve()
    await saw('commit', 'begin 0@6', 'commit')
    expect(world.inner.acts).toEqual([...FIRST_REWRITTEN, 'fence', ...REWRITTEN, 'landed', ...PUBLISHED])
  })

  it('no third chunk is taken up, and nothing more is fetched', async () => {
    await overlapped()
    world.cluster.append(0, 1)
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(world.acts).toEqual([...BEGUN, 'fetch 0@5'])
    expect(world.inner.acts).toEqual([...FIRST_REWRITTEN, 'fence', ...REWRITTEN])
    answer.resolve()
    await saw('commit', 'begin 0@6', 'commit', 'fetch 0@6', 'begin 0@7', 'commit')
  })

  it('a chunk that is held waits for its own sake: the one before it is committed all the same', async () => {
    await overlapped(() => {
      world.heldMs = 7
      world.cluster.append(0, 1)
    }, ['in flight', 'landed'])
    await saw('held')
    answer.resolve()
    await saw('held', 'commit', 'wait 7')
    expect(world.loop.trouble).toBe('held: consent-cold')
    world.heldMs = null
    world.wake()
    await saw('held', 'commit', 'wait 7', 'begin 0@6', 'commit')
    expect(world.loop.trouble).toBeNull()
  })

  it('what waits longest is told, and after its commit what was taken up beside it', async () => {
    await overlapped()
    expect(world.loop.oldestWaitingMs).toBe(1_000)
    const again = Promise.withResolvers<void>()
    world.cluster.beginning = () => {
      world.cluster.ending = again.promise
    }
    answer.resolve()
    await saw('commit', 'begin 0@6')
    expect(world.loop.oldestWaitingMs).toBe(1_000)
    again.resolve()
    await saw('commit', 'begin 0@6', 'commit')
    expect(world.loop.oldestWaitingMs).toBeNull()
  })

  it('rows that nobody can read are quarantined in their turn', async () => {
    await overlapped(() => world.cluster.appendUnreadable(0), ['in flight'])
    answer.resolve()
    await saw('commit', 'begin 0@6', 'commit')
    expect(world.cluster.published.get('clickstream.quarantine')).toBe(1)
    expect(world.cluster.published.get('clickstream.analytics')).toBe(3)
  })

  it('a bug in rewriting the next one ends the run, but not before the transaction has ended', async () => {
    await overlapped(() => {
      world.bug = new Error('a bug')
      world.cluster.append(0, 1)
    }, ['in flight', 'landed'])
    await saw()
    let isOver = false
    const over = ended.catch((error: unknown) => {
      isOver = true
      return error
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isOver).toBe(false)
    answer.resolve()
    expect(await over).toMatchObject({ message: 'a bug' })
    expect(world.cluster.committed.get(0)).toBe(5)
  })
})

describe('when the first transaction is not committed', () => {
  it.each(['unknown', 'fenced'] as const)(
    'but %s, both chunks are read again from what is committed',
    async (ending) => {
      await overlapped()
      world.cluster.endings.push(ending)
      answer.resolve()
      await saw(ending, 'wait 50')
      expect(world.inner.acts.filter((act) => act === 'landed')).toHaveLength(2)
      world.wake()
      await saw(ending, 'wait 50', ...begun(2), 'fetch 0@2', 'begin 0@6', 'commit')
      expect(world.cluster.published.get('clickstream.analytics')).toBe(4)
    },
  )

  it('as far as is known, but was, only the chunk behind it is read again', async () => {
    await overlapped()
    world.cluster.endings.push('lost answer')
    answer.resolve()
    await saw('lost answer', 'wait 50')
    world.wake()
    await saw('lost answer', 'wait 50', ...begun(5), 'fetch 0@5', 'begin 0@6', 'commit')
    expect(world.cluster.published.get('clickstream.analytics')).toBe(4)
  })

  it('but aborted, it is decided again first; what stands behind it is rewritten again, and not fetched again', async () => {
    await overlapped()
    world.cluster.endings.push('aborted')
    answer.resolve()
    await saw('aborted', 'begin 0@5', 'commit', 'begin 0@6', 'commit')
    const count = (act: string) => world.inner.acts.filter((one) => one === act).length
    expect([count('in flight'), count('lookup 1'), count('landed')]).toEqual([4, 4, 4])
  })

  it('but held by its fence, both wait, and keep no base from moving meanwhile', async () => {
    world.cluster.beginning = () => {
      world.inner.fence = () => ({ kind: 'held', reason: 'consent-cold', retryAfterMs: 5 })
      world.cluster.append(0, 1)
    }
    await world.start([0])
    const held = [...BEGUN, 'abort', 'fetch 0@5', 'wait 5']
    await world.saw(...held)
    expect(world.inner.acts.filter((act) => act === 'in flight')).toHaveLength(2)
    expect(world.inner.acts.filter((act) => act === 'landed')).toHaveLength(2)
    world.inner.fence = null
    world.wake()
    await world.saw(...held, 'begin 0@5', 'commit', 'begin 0@6', 'commit')
  })
})

describe('a change of consent while a rewritten chunk waits for its turn', () => {
  it('is seen by its own fence: it is decided again, and the one before it stays committed', async () => {
    const always = { ...grant(), sinceMs: 0, noticeSinceMs: 0 }
    world.inner.states.set(refOf('anna'), stateWith({ personalization: always }))
    await overlapped()
    answer.resolve()
    world.cluster.beginning = () => {
      const withdrawn = { ...always, status: 'withdrawn' as const, salt: null }
      world.inner.states.set(refOf('anna'), stateWith({ personalization: withdrawn }, 9))
    }
    await saw('commit', 'begin 0@6', 'abort', 'begin 0@6', 'commit')
  })
})

describe('a change of assignment amid both', () => {
  it('waits until the transaction has ended, then drops the rewritten chunk of a partition that goes', async () => {
    await overlapped()
    const revoked = world.loop.revoked([0])
    answer.resolve()
    await revoked
    await saw('commit', 'leave 0', 'wait 100')
    expect(world.cluster.committed.get(0)).toBe(5)
    expect(world.inner.acts.filter((act) => act === 'landed')).toHaveLength(2)
  })

  it('reads again what the dropped chunk had of the others', async () => {
    world.cluster.ending = answer.promise
    world.cluster.beginning = () => {
      world.cluster.append(0, 1)
      world.cluster.append(1, 2)
    }
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const overlapping = [...first, 'fetch 0@2', 'begin 0@5', 'fetch 0@5', 'fetch 1@0']
    await world.saw(...overlapping)
    const revoked = world.loop.revoked([1])
    answer.resolve()
    await revoked
    await world.saw(...overlapping, 'commit', 'read 0@5', 'leave 1', 'fetch 0@5', 'begin 0@6', 'commit')
  })

  it('when the transaction was aborted drops both chunks, also if only the second has rows of what goes', async () => {
    world.cluster.ending = answer.promise
    world.cluster.endings.push('aborted')
    world.cluster.beginning = () => {
      world.cluster.append(0, 1)
      world.cluster.append(1, 2)
    }
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const overlapping = [...first, 'fetch 0@2', 'begin 0@5', 'fetch 0@5', 'fetch 1@0']
    await world.saw(...overlapping)
    const revoked = world.loop.revoked([1])
    answer.resolve()
    await revoked
    await world.saw(...overlapping, 'aborted', 'read 0@2', 'leave 1', 'fetch 0@2', 'begin 0@6', 'commit')
    expect(world.cluster.published.get('clickstream.analytics')).toBe(4)
  })

  it('that takes a partition of neither leaves the rewritten chunk as it is', async () => {
    await overlapped()
    const assigned = world.loop.assigned([1])
    answer.resolve()
    await assigned
    const started = ['committed? 1', 'earliest? 1', 'read 1@0']
    await saw('commit', ...started, 'begin 0@6', 'commit')
  })

  it('that lost everything commits nothing more', async () => {
    await overlapped()
    world.cluster.isMember = false
    world.cluster.endings.push('fenced')
    const lost = world.loop.lost([0])
    answer.resolve()
    await lost
    await saw('fenced', 'wait 50', 'leave 0')
    expect(world.cluster.committed.get(0)).toBe(2)
  })
})

describe('asked to end amid both', () => {
  it('it ends the transaction, and leaves the rewritten chunk to whoever comes next', async () => {
    await overlapped()
    world.abort()
    answer.resolve()
    await ended
    expect(world.acts).toEqual([...BEGUN, 'fetch 0@5', 'commit'])
    expect(world.cluster.committed.get(0)).toBe(5)
    expect(world.inner.acts.filter((act) => act === 'landed')).toHaveLength(2)
  })
})

describe('reading that fails beside a transaction', () => {
  it('for good ends the run once that is committed', async () => {
    world.cluster.beginning = () => {
      world.cluster.broken.poll = new OffsetOutOfRange('raw', 0, 5, 9)
    }
    ended = (await world.start([0])).ended
    await expect(ended).rejects.toMatchObject({ code: 'WEIR_KAFKA_OFFSET_OUT_OF_RANGE' })
    expect(world.acts).toEqual([...BEGUN, 'commit'])
  })

  it('at a damaged record ends the run after all that lies before it, also when that is aborted first', async () => {
    world.cluster.endings.push('aborted', 'commit')
    world.cluster.beginning = () => world.cluster.appendDamaged(0)
    ended = (await world.start([0])).ended
    await expect(ended).rejects.toMatchObject({ code: 'WEIR_KAFKA_CORRUPT_BATCH' })
    expect(world.acts).toEqual([...BEGUN, 'aborted', 'fetch 0@5', 'begin 0@5', 'commit'])
  })

  it('in a partition that is then given up is over with it: the others are read on', async () => {
    world.cluster.ending = answer.promise
    world.cluster.endings.push('aborted')
    world.cluster.beginning = () => world.cluster.appendDamaged(1)
    await world.start([0, 1])
    const first = ['confirmed', 'init', 'committed? 0,1', 'earliest? 0,1', 'read 0@2', 'read 1@0']
    const overlapping = [...first, 'fetch 0@2', 'begin 0@5', 'fetch 1@0']
    await world.saw(...overlapping)
    const revoked = world.loop.revoked([1])
    answer.resolve()
    await revoked
    world.cluster.append(0, 1)
    await world.saw(...overlapping, 'aborted', 'leave 1', ...begun(2), 'fetch 0@2', 'begin 0@6', 'commit')
  })

  it('for now recovers once that is committed, and says why until then', async () => {
    world.cluster.ending = answer.promise
    world.cluster.beginning = () => {
      world.cluster.broken.poll = new KafkaError('not authorized now', false)
    }
    await world.start([0])
    await expect.poll(() => world.loop.trouble, { interval: 2, timeout: 5_000 }).toBe('reading: not authorized now')
    expect(world.acts).toEqual(BEGUN)
    answer.resolve()
    await world.saw(...BEGUN, 'commit', 'wait 50')
    expect(world.loop.trouble).toBe('reading: not authorized now')
    world.cluster.broken = {}
    world.cluster.append(0, 1)
    world.wake()
    await world.saw(...BEGUN, 'commit', 'wait 50', ...begun(5), 'fetch 0@5', 'begin 0@6', 'commit')
    expect(world.loop.trouble).toBeNull()
  })
})

describe('whatever becomes of its transactions', () => {
  const ending = fc.constantFrom<Ending>('commit', 'aborted', 'unknown', 'fenced', 'lost answer')
  const arrival = fc.record({ partition: fc.constantFrom(0, 1), count: fc.integer({ min: 1, max: 3 }) })

  it('publishes each record once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(ending, { maxLength: 12 }),
        fc.array(arrival, { maxLength: 12 }),
        async (ends, come) => {
          const one = new LoopWorld({ 0: 0, 1: 0 })
          const { cluster } = one
          cluster.endings.push(...ends)
          cluster.append(0, 2)
          const arrivals = come.values()
          /** More comes as a transaction begins, or when all is committed; false when nothing more comes. */
          const more = (): boolean => {
            const { value } = arrivals.next()
            if (value === undefined) return false
            cluster.append(value.partition, value.count)
            cluster.beginning = more
            return true
          }
          cluster.beginning = more
          const isCommitted = () =>
            [0, 1].every((partition) => cluster.committed.get(partition) === cluster.end(partition))
          await one.start([0, 1])
          const isOver = () => {
            one.wake()
            return isCommitted() && !more()
          }
          await expect.poll(isOver, { interval: 1, timeout: 5_000 }).toBe(true)
          await one.close()
          const records = come.reduce((sum, { count }) => sum + count, 2)
          expect(cluster.published.get('clickstream.analytics')).toBe(records)
        },
      ),
      { numRuns: 40 },
    )
  })
})
