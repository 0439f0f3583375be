import { decodeStateRecord } from '@weir/consent'
import { describe, expect, it } from 'vitest'
import {
  countedSalts,
  decision,
  decisionRow,
  fakeView,
  partitionOfRef,
  ref,
  stepRow,
  tickRow,
} from '../fixtures/fakes.ts'
import { Lane } from './lane.ts'
import { type Plan, planTransaction, type StateWrite } from './plan.ts'

const ANN = ref(1)
const BOB = ref(2)

function laneOf(of: typeof ANN): Lane {
  const lane = new Lane(partitionOfRef(of))
  lane.startAt(0)
  return lane
}

function stateOf(write: StateWrite | undefined) {
  if (write === undefined) throw new Error('nothing was written')
  const record = decodeStateRecord(write.value)
  if (record.kind !== 'state') throw new Error('a tick was written')
  return record.state
}

/** As a transaction does: own writes count from its beginning. */
function commit(plan: Plan): void {
  for (const [lane, writes] of plan.writes) lane.overlay.begin(writes)
  for (const share of plan.shares) {
    share.lane.overlay.committed()
    share.lane.done(share)
  }
}

describe('a plan', () => {
  it('folds each decision over the ones before it in the same transaction', async () => {
    const lane = laneOf(ANN)
    lane.add([decisionRow(4, decision('grant', ANN)), decisionRow(7, decision('withdraw', ANN))], 9)
    const plan = await planTransaction([lane], fakeView(), countedSalts())
    expect(plan.states.map((write) => stateOf(write).purposes['marketing']?.status)).toEqual(['granted', 'withdrawn'])
    expect(plan.ended.map(({ grant }) => grant.salt)).toEqual(['1'.padStart(32, '0')])
    expect(plan.shares.map(({ next }) => next)).toEqual([9])
  })

  it('folds over committed own writes that the tail has not brought back', async () => {
    const lane = laneOf(ANN)
    const view = fakeView()
    lane.add([decisionRow(0, decision('withdraw', ANN))], 1)
    commit(await planTransaction([lane], view, countedSalts()))
    // Based on what held before the withdrawal: would revive the purpose if the own write were forgotten.
    lane.add([decisionRow(1, decision('grant', ANN, { basedOn: -1 }))], 2)
    const plan = await planTransaction([lane], view, countedSalts())
    expect(plan.counts.refused).toBe(1)
    expect(stateOf(plan.states[0]).purposes['marketing']?.status).toBe('withdrawn')
  })

  it('passes over steps of erasures, also where nothing else is there', async () => {
    const lane = laneOf(ANN)
    lane.add([stepRow(0, ANN), decisionRow(1, decision('grant', ANN)), stepRow(2, ANN)], 3)
    const plan = await planTransaction([lane], fakeView(), countedSalts())
    expect(plan.states.map((write) => stateOf(write).position)).toEqual([2])
    expect(plan.shares.map(({ next }) => next)).toEqual([3])
    commit(plan)
    lane.add([stepRow(3, ANN)], 4)
    const steps = await planTransaction([lane], fakeView(), countedSalts())
    expect([steps.states, steps.shares.map(({ next }) => next)]).toEqual([[], [4]])
  })

  it('takes nothing from a lane until it is done, so that an abort folds the same rows again', async () => {
    const lane = laneOf(ANN)
    lane.add([decisionRow(0, decision('grant', ANN))], 1)
    const first = await planTransaction([lane], fakeView(), countedSalts())
    for (const [of, writes] of first.writes) of.overlay.begin(writes)
    lane.overlay.aborted()
    const again = await planTransaction([lane], fakeView(), countedSalts())
    expect(again.counts).toEqual(first.counts)
    expect(again.counts.applied).toBe(1)
  })

  it('passes ticks on with the time at which the ledger took them, and with its next offset', async () => {
    const lane = laneOf(ANN)
    lane.add([tickRow(3, 17, 123_456)], 4)
    const plan = await planTransaction([lane], fakeView(), countedSalts())
    const [write] = plan.states
    expect(write?.ref).toBeNull()
    expect(write === undefined ? null : decodeStateRecord(write.value)).toMatchObject({
      kind: 'tick',
      tick: { n: 17, timeMs: 123_456, position: 4 },
    })
  })

  it('lets a lane wait whose states can’t be told, while others go on', async () => {
    const [ann, bob] = [laneOf(ANN), laneOf(BOB)]
    expect(ann.partition).not.toBe(bob.partition)
    ann.add([tickRow(0, 1), decisionRow(1, decision('grant', ANN)), tickRow(2, 2)], 3)
    bob.add([decisionRow(0, decision('grant', BOB))], 1)
    const plan = await planTransaction([ann, bob], fakeView(new Map(), new Set([ANN])), countedSalts())
    expect(plan.held?.reason).toBe('redis-away')
    // Ann's lane goes up to the decision that has to wait and not past it.
    expect(plan.shares.map(({ lane, next }) => [lane.partition, next])).toEqual([
      [ann.partition, 1],
      [bob.partition, 1],
    ])
  })

  it('does not ask the view when own writes or ticks are all it needs', async () => {
    const lane = laneOf(ANN)
    const view = fakeView()
    lane.add([tickRow(0, 1)], 1)
    await planTransaction([lane], view, countedSalts())
    expect(view.asked).toEqual([])
  })

  it('stops a lane at a record that can’t be read, after what lies before it', async () => {
    const lane = laneOf(ANN)
    lane.add(
      [decisionRow(0, decision('grant', ANN)), { offset: 1, timeMs: 0, key: Buffer.alloc(32), value: Buffer.of(9) }],
      2,
    )
    const first = await planTransaction([lane], fakeView(), countedSalts())
    expect(first.shares.map(({ next }) => next)).toEqual([1])
    expect(first.stopped).toEqual([])
    commit(first)
    const second = await planTransaction([lane], fakeView(), countedSalts())
    expect(second.shares).toEqual([])
    expect(second.stopped[0]?.error).toMatchObject({ code: 'WEIR_LEDGER_RECORD' })
  })

  it('stops a lane at a decision that lies in the wrong partition', async () => {
    const lane = new Lane((partitionOfRef(ANN) + 1) % 16)
    lane.startAt(0)
    lane.add([decisionRow(0, decision('grant', ANN))], 1)
    const plan = await planTransaction([lane], fakeView(), countedSalts())
    expect(plan.stopped[0]?.error.message).toMatch(/does not belong/)
  })

  it('bounds what one transaction takes', async () => {
    const lane = laneOf(ANN)
    lane.add(
      Array.from({ length: 5_000 }, (_, i) => tickRow(i, i + 1)),
      5_000,
    )
    const plan = await planTransaction([lane], fakeView(), countedSalts())
    expect(plan.shares[0]?.next).toBe(2_000)
  })

  it('carries what it folds, and stops a lane that carries much: the rest comes in the next transaction', async () => {
    const lane = laneOf(ANN)
    const none = { purposes: [], notices: [], untilMs: [] }
    const links = [1, 2, 3, 4].map((n) => decision('link', ANN, { ...none, linkedTo: ref(100 + n) }))
    const refusals = Array.from({ length: 90 }, () => decision('withdraw', ANN))
    lane.add(
      [...links, ...refusals].map((made, offset) => decisionRow(offset, made)),
      94,
    )
    const first = await planTransaction([lane], fakeView(), countedSalts())
    expect(first.carried).toHaveLength(200)
    expect(first.shares[0]?.next).toBe(54)
    commit(first)
    const second = await planTransaction([lane], fakeView(), countedSalts())
    expect(first.carried.length + second.carried.length).toBe(4 * 90)
  })
})
