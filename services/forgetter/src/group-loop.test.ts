import { Closed, type MemberOptions, NotAMember, OffsetOutOfRange, TransactionError } from '@weir/kafka'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fakeFetcher, fakeProducer, fetchedRows, member, orderRow } from '../fixtures/fakes.ts'
import { GroupLoop, type Work } from './group-loop.ts'

let running: GroupLoop<string[]> | null = null
afterEach(async () => {
  await running?.close()
  running = null
})

/** Everything outward in one ordered list of acts; a lane is the list of the offsets that it took. */
async function setUp() {
  const acts: string[] = []
  const fails: unknown[] = []
  const steps: (() => Promise<void>)[] = []
  const { fetcher, assigned, queue } = fakeFetcher()
  const { producer } = fakeProducer()
  let options: MemberOptions | undefined
  const work: Work<string[]> = {
    begin: async (partition, committed) => {
      acts.push(`begin ${partition} at ${committed}`)
      return { lane: [], position: committed }
    },
    take: (lane, rows) => lane.push(...rows.map(({ offset }) => `${offset}`)),
    isFull: () => false,
    step: async () => steps.shift()?.(),
  }
  running = new GroupLoop({
    kafka: {
      committedOffsets: async (_group, places) => {
        acts.push('committed?')
        return places.map(() => 7)
      },
      fetcher: () => fetcher,
      join: async (given) => {
        options = given
        return {
          ...member,
          confirmed: async () => {
            acts.push('confirmed?')
          },
        }
      },
    },
    producer: {
      ...producer,
      init: async () => {
        acts.push('init')
      },
    },
    groupId: 'a group',
    topic: 'orders',
    work,
    log: { info: () => {}, warn: () => {} },
    fail: (error) => fails.push(error),
  })
  running.start()
  const loop = running
  const began = async () => {
    await vi.waitFor(() => expect(loop.why).toBe(''))
    await options?.onAssigned([3])
    return acts.splice(0)
  }
  return { loop, acts, fails, steps, assigned, queue, began, options: () => options as MemberOptions }
}

describe('a member at work', () => {
  it('initialises as one whom the group has, and begins at the committed offset', async () => {
    const { began, assigned, loop, queue } = await setUp()
    expect(await began()).toEqual(['confirmed?', 'init', 'committed?', 'begin 3 at 7'])
    expect(assigned.get(3)).toBe(7)
    queue.push(fetchedRows('orders', 3, [orderRow(7, 'ads', 1)]), fetchedRows('orders', 4, [orderRow(0, 'ads', 1)]))
    await vi.waitFor(() => expect([...loop.lanes]).toEqual([[3, ['7']]]))
  })

  it.each([
    ['unknown', new TransactionError('unknown', 'no answer')],
    ['fenced', new TransactionError('fenced', 'another has the slot')],
    ['no member', new NotAMember('a group')],
  ])('begins everything again when the outcome is: %s', async (_what, error) => {
    const { began, acts, steps } = await setUp()
    await began()
    steps.push(async () => {
      throw error
    })
    const again = ['confirmed?', 'init', 'committed?', 'begin 3 at 7']
    await vi.waitFor(() => expect(acts).toEqual(again))
  })

  it('goes on with what it has after an abort', async () => {
    const { began, acts, steps } = await setUp()
    await began()
    steps.push(async () => {
      throw new TransactionError('aborted', 'nothing came of it')
    })
    await new Promise<void>((resolve) => steps.push(async () => resolve()))
    expect(acts).toEqual([])
  })

  it('gives a partition up only once the step under way has ended', async () => {
    const { began, loop, acts, steps, options } = await setUp()
    await began()
    const step = Promise.withResolvers<void>()
    const isInside = Promise.withResolvers<void>()
    steps.push(async () => {
      isInside.resolve()
      await step.promise
      acts.push('committed')
    })
    await isInside.promise
    const revoked = options()
      .onRevoked([3])
      .then(() => acts.push('given up'))
    step.resolve()
    await revoked
    expect(acts).toEqual(['committed', 'given up'])
    expect(loop.lanes.size).toBe(0)
  })

  it('ends the process where only a person can decide', async () => {
    const { began, fails, steps } = await setUp()
    await began()
    steps.push(async () => {
      throw new OffsetOutOfRange('orders', 3, 7, 90)
    })
    await vi.waitFor(() => expect(fails).toEqual([expect.any(OffsetOutOfRange)]))
  })

  it('ends without a failure while it is closed', async () => {
    const { began, loop, fails, steps } = await setUp()
    await began()
    steps.push(async () => {
      throw new Closed('The client')
    })
    await loop.close()
    expect(fails).toEqual([])
  })
})
