import { decodeLedger, type ErasureStep } from '@weir/consent'
import type { Row } from '@weir/consent-view'
import { type EndOf, KafkaError, type TopicPartition } from '@weir/kafka'
import { Registry } from 'prom-client'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  eraseRow,
  erasureId,
  fakeFetcher,
  fakeProducer,
  fetchedRows,
  member,
  OTHER,
  REF,
  rowsIn,
  stateRow,
  stepRow,
  tickRow,
} from '../fixtures/fakes.ts'
import { Erasing } from './erasing.ts'
import type { ErasureLane } from './erasure-lane.ts'
import { makeForgetterMetrics } from './metrics.ts'

const ID = erasureId(1)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BEGAN_MS = Date.UTC(2026, 2, 3)
const PARTITION = 3
/** Salts: 2 h of segment and compaction lag. Raw: 7 d and a segment of 1 d. Dumps: 3 d. */
const CONFIGS: Record<string, Record<string, string>> = {
  state: { 'segment.ms': String(HOUR_MS), 'max.compaction.lag.ms': String(HOUR_MS), 'file.delete.delay.ms': '60000' },
}
const KEPT = { 'retention.ms': String(7 * DAY_MS), 'segment.ms': String(DAY_MS), 'file.delete.delay.ms': '60000' }
const DUMPS_MS = 3 * DAY_MS

/** The cluster as the test has it. */
let world: {
  nowMs: number
  ends: Record<string, number>
  starts: Record<string, number>
  /** Of each topic the first offset that is not older than the time asked for. */
  firstSince: (topic: string, timeMs: number) => number | null
  committed: Record<string, number>
  state: Row[]
  isolations: string[]
  away: boolean
  dumpsMs: number
  kept: Record<string, string>
  /** Topics that the broker does not tell of. */
  hidden: string[]
  /** How long it takes to look. */
  lookMs: number
}
let fake: ReturnType<typeof fakeProducer>
let erasing: Erasing
let lane: ErasureLane
let events: string[]

beforeEach(async () => {
  world = {
    nowMs: BEGAN_MS,
    ends: { decisions: 0, forget: 5, state: 0 },
    starts: {},
    firstSince: () => null,
    committed: { projector: 0, forgetter: 0 },
    state: [],
    isolations: [],
    away: false,
    dumpsMs: DUMPS_MS,
    kept: KEPT,
    hidden: [],
    lookMs: 0,
  }
  fake = fakeProducer()
  events = []
  await restart()
})

/** As another process begins that has the partition from now on. */
async function restart(committed = -1): Promise<void> {
  erasing = new Erasing({
    kafka: {
      committedOffsets: async (group, places) => places.map(() => world.committed[group] ?? -1),
      endOffsets: async (places: readonly TopicPartition[], end: EndOf) => {
        if (world.away) throw new KafkaError('the broker is away', true)
        return places.map(({ topic }) => (end === 'earliest' ? (world.starts[topic] ?? 0) : (world.ends[topic] ?? 0)))
      },
      fetcher: ({ isolation, topic }) => {
        world.isolations.push(isolation)
        return fakeFetcher([fetchedRows(topic, PARTITION, world.state)]).fetcher
      },
      offsetsForTimes: async (times) => times.map(({ topic, timeMs }) => world.firstSince(topic, timeMs)),
      topics: async (names) =>
        names.filter((name) => !world.hidden.includes(name)).map((topic) => ({ topic, topicId: '', partitions: 1 })),
      admin: {
        topicConfig: async (topic) => {
          if (topic === 'state') world.nowMs += world.lookMs
          return CONFIGS[topic] ?? world.kept
        },
      },
    },
    producer: fake.producer,
    topics: {
      decisions: 'decisions',
      state: 'state',
      forget: 'forget',
      source: ['raw'],
      derived: ['quarantine', 'audit'],
    },
    forgetPartitions: 1,
    groups: { projector: 'projector', forgetter: 'forgetter' },
    dumpsKeptMs: world.dumpsMs,
    checkEveryMs: 1,
    random16: () => Buffer.alloc(16),
    monotonicMs: () => world.nowMs,
    signal: new AbortController().signal,
    metrics: makeForgetterMetrics(new Registry()),
    onEvent: ({ message }) => events.push(message),
  })
  lane = (await erasing.begin(PARTITION, committed)).lane
}

/** Time passes, by the ticks too, and it is looked at: the steps that were written. */
async function after(ms: number): Promise<ErasureStep[]> {
  world.nowMs += Math.max(1, ms)
  erasing.take(lane, [tickRow(world.nowMs)], 0)
  return look()
}

async function look(): Promise<ErasureStep[]> {
  await erasing.step(member, new Map([[PARTITION, lane]]))
  return fake.committed.splice(0).flatMap(({ offsets, batches }) => {
    expect(offsets).toEqual([{ topic: 'decisions', partition: PARTITION, offset: lane.committed }])
    return batches.flatMap(rowsIn).map(stepOf)
  })
}

function stepOf({ value }: Row): ErasureStep {
  const record = decodeLedger(value ?? Buffer.alloc(0))
  if (record.kind !== 'step') throw new Error('it writes something else')
  return record.step
}

function names(steps: readonly ErasureStep[]): string[] {
  return steps.map(({ step }) => step)
}

/** Everything that the first step needs. */
async function forgotten(): Promise<ErasureStep> {
  erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
  world.committed = { projector: 11, forgetter: 5 }
  const [step] = await after(1)
  if (step === undefined) throw new Error('nothing was written')
  expect(step.step).toBe('forgotten')
  return step
}

async function saltsGone(): Promise<ErasureStep> {
  await forgotten()
  world.state = [stateRow(0, REF, 11)]
  world.ends['state'] = 1
  expect(await after(2 * HOUR_MS)).toEqual([])
  const [step] = await after(60_000)
  if (step === undefined) throw new Error('nothing was written')
  expect(step.step).toBe('saltsGone')
  return step
}

describe('forgotten', () => {
  it('is an erasure once it is folded, and the forgetters have passed where its orders lay then', async () => {
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
    world.committed = { projector: 10, forgetter: 5 }
    expect(await after(1)).toEqual([])
    world.committed = { projector: 11, forgetter: 4 }
    expect(await after(1)).toEqual([])
    // What comes later is others'.
    world.ends['forget'] = 900
    world.committed = { projector: 20, forgetter: 5 }
    expect(await after(1)).toMatchObject([
      { ref: REF, erasureId: ID, step: 'forgotten', atMs: world.nowMs, checked: [] },
    ])
  })

  it('says when completion is to be expected, by the settings of the broker', async () => {
    const { completesMs } = await forgotten()
    expect(completesMs).toBe(BEGAN_MS + 1 + 2 * HOUR_MS + 2 * 8 * DAY_MS + 60_000)
  })

  it('expects no end where raw events are kept for good', async () => {
    world.kept = { ...KEPT, 'retention.ms': '-1' }
    expect((await forgotten()).completesMs).toBeNull()
  })
})

describe('the salts are gone', () => {
  it('no sooner than every replica must have compacted, and files are deleted', async () => {
    const { atMs, checked, waitedMs } = await saltsGone()
    expect({ atMs, checked, waitedMs }).toEqual({
      atMs: BEGAN_MS + 1 + 2 * HOUR_MS + 60_000,
      checked: [{ topic: 'state', emptyBeforeMs: BEGAN_MS }],
      waitedMs: 2 * HOUR_MS,
    })
  })

  it('not by what the leader’s log alone says before that, counted from when it was folded', async () => {
    world.nowMs += 5 * HOUR_MS
    await forgotten()
    world.state = [stateRow(0, REF, 11)]
    world.ends['state'] = 1
    expect([...(await after(HOUR_MS)), ...(await after(HOUR_MS - 1))]).toEqual([])
    expect([...(await after(1)), ...(await after(59_999))]).toEqual([])
    expect(names(await after(1))).toEqual(['saltsGone'])
  })

  it('not where a record of before comes back, as from a leader that has not compacted yet', async () => {
    await forgotten()
    const [own, old] = [stateRow(1, REF, 11), stateRow(0, REF, 10)]
    world.ends['state'] = 2
    world.state = [own]
    expect(await after(3 * HOUR_MS)).toEqual([])
    world.state = [old, own]
    expect(await after(30_000)).toEqual([])
    world.state = [own]
    expect([...(await after(1)), ...(await after(59_999))]).toEqual([])
    expect(names(await after(1))).toEqual(['saltsGone'])
  })

  it('not while a record of before lies in the log, be it of an aborted transaction', async () => {
    await forgotten()
    world.state = [stateRow(0, OTHER, 3), stateRow(1, REF, 10), stateRow(2, REF, 11)]
    world.ends['state'] = 3
    expect(await after(5 * HOUR_MS)).toEqual([])
    expect(await after(5 * HOUR_MS)).toEqual([])
    expect(new Set(world.isolations)).toEqual(new Set(['read_uncommitted']))
  })

  it('not by a clock other than the ledger’s, which stands still without ticks', async () => {
    await forgotten()
    world.state = [stateRow(0, REF, 11)]
    world.ends['state'] = 1
    for (let looks = 0; looks < 3; looks++) {
      world.nowMs += 5 * HOUR_MS
      expect(await look()).toEqual([])
    }
    expect([...(await after(1)), ...(await after(60_000))].map(({ step }) => step)).toEqual(['saltsGone'])
  })

  it('not while a state of later holds a salt of before, as where the fold took the erase for a repeat', async () => {
    await forgotten()
    world.ends['state'] = 2
    world.state = [stateRow(0, REF, 11), stateRow(1, REF, 20, 9)]
    expect([...(await after(5 * HOUR_MS)), ...(await after(HOUR_MS))]).toEqual([])
    world.state = [stateRow(0, REF, 11), stateRow(1, REF, 20, 19)]
    expect([...(await after(1)), ...(await after(60_000))].map(({ step }) => step)).toEqual(['saltsGone'])
  })

  it('not while a record of the person can’t be read', async () => {
    await forgotten()
    world.ends['state'] = 2
    world.state = [{ ...stateRow(0, REF, 10), value: Buffer.of(9) }, stateRow(1, REF, 11)]
    expect([...(await after(5 * HOUR_MS)), ...(await after(HOUR_MS))]).toEqual([])
  })

  it('not while the broker brings no more of the log, and the group is not kept waiting for it', async () => {
    await forgotten()
    world.ends['state'] = 9
    world.state = [stateRow(0, REF, 11)]
    expect(await after(5 * HOUR_MS)).toEqual([])
    expect(events).toEqual([expect.stringMatching(/partition 3 of state can’t be read to its end/)])
  })

  it('not where the state of the person is not found at all', async () => {
    await forgotten()
    world.state = [stateRow(0, OTHER, 11)]
    world.ends['state'] = 1
    expect([...(await after(5 * HOUR_MS)), ...(await after(5 * HOUR_MS))]).toEqual([])
  })

  it('not before it is forgotten', async () => {
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
    world.state = [stateRow(0, REF, 11)]
    world.ends['state'] = 1
    expect([...(await after(5 * HOUR_MS)), ...(await after(5 * HOUR_MS))]).toEqual([])
  })
})

describe('completed', () => {
  it('is an erasure once raw events of before, copies of them and dumps are gone', async () => {
    const { atMs } = await saltsGone()
    // Raw begins with an event from after, copies with one that was made as long as there were raw events of before.
    world.starts = { raw: 40, quarantine: 50, audit: 60 }
    const firsts: Record<string, number> = { raw: 40, quarantine: 50, audit: 60 }
    world.firstSince = (topic, timeMs) => {
      expect(timeMs).toBe(topic === 'raw' ? atMs : atMs + 8 * DAY_MS)
      return firsts[topic] ?? null
    }
    expect([...(await after(4 * DAY_MS)), ...(await after(4 * DAY_MS - 1))]).toEqual([])
    firsts['raw'] = 41
    expect([...(await after(1)), ...(await after(DAY_MS))]).toEqual([])
    firsts['raw'] = 40
    firsts['audit'] = 61
    expect([...(await after(1)), ...(await after(DAY_MS))]).toEqual([])
    firsts['audit'] = 60
    expect(await after(1)).toEqual([])
    const [step] = await after(60_000)
    expect(step).toMatchObject({ step: 'completed', completesMs: world.nowMs, waitedMs: DUMPS_MS })
    expect(step?.checked.map(({ topic }) => topic)).toEqual(['raw', 'quarantine', 'audit'])
    expect(lane.open).toEqual([])
  })

  it('not while dumps of before are kept', async () => {
    world.dumpsMs = 90 * DAY_MS
    await restart()
    await saltsGone()
    expect([...(await after(80 * DAY_MS)), ...(await after(10 * DAY_MS - 1)), ...(await after(1))]).toEqual([])
    expect(names(await after(60_000))).toEqual(['completed'])
  })

  it('not where events of before lie in a topic that has got no others since', async () => {
    await saltsGone()
    world.starts = { raw: 40 }
    world.ends['raw'] = 45
    expect([...(await after(90 * DAY_MS)), ...(await after(DAY_MS))]).toEqual([])
    world.starts = { raw: 45 }
    expect([...(await after(1)), ...(await after(60_000))].map(({ step }) => step)).toEqual(['completed'])
  })

  it('not by a topic that the broker does not tell of', async () => {
    await saltsGone()
    world.hidden = ['quarantine']
    expect([...(await after(90 * DAY_MS)), ...(await after(DAY_MS))]).toEqual([])
    world.hidden = []
    expect([...(await after(1)), ...(await after(60_000))].map(({ step }) => step)).toEqual(['completed'])
  })

  it('never, where raw events are kept for good', async () => {
    await saltsGone()
    world.kept = { ...KEPT, 'retention.ms': '-1' }
    world.starts = { raw: 40, quarantine: 50, audit: 60 }
    world.firstSince = () => 0
    expect([...(await after(900 * DAY_MS)), ...(await after(DAY_MS))]).toEqual([])
  })
})

describe('many erasures', () => {
  it('have one saga for each person, also where two have one id', async () => {
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS), eraseRow(11, ID, BEGAN_MS, OTHER)], 12)
    world.committed = { projector: 20, forgetter: 900 }
    expect((await after(1)).map(({ ref }) => ref)).toEqual([REF, OTHER])
  })

  it('are written some at a time, none left out', async () => {
    const rows = Array.from({ length: 1_200 }, (_, i) => eraseRow(10 + i, erasureId(i), BEGAN_MS))
    erasing.take(lane, rows, 1_210)
    world.committed = { projector: 9_000, forgetter: 900 }
    world.nowMs += 1
    await erasing.step(member, new Map([[PARTITION, lane]]))
    const steps = fake.committed.map(({ batches }) => batches.flatMap(rowsIn).map(stepOf))
    expect(steps.map(({ length }) => length)).toEqual([500, 500, 200])
    expect(new Set(steps.flat().map(({ erasureId: id }) => id)).size).toBe(1_200)
  })

  it('ask the broker no more than one would', async () => {
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS), eraseRow(11, erasureId(2), BEGAN_MS)], 12)
    world.committed = { projector: 20, forgetter: 900 }
    world.state = [stateRow(0, REF, 12)]
    world.ends['state'] = 1
    expect(await after(1)).toHaveLength(2)
    expect([...(await after(2 * HOUR_MS)), ...(await after(60_000))]).toHaveLength(2)
    let asked = 0
    world.firstSince = () => {
      asked += 1
      return 7
    }
    expect(await after(90 * DAY_MS)).toEqual([])
    expect(asked).toBe(1)
  })

  it('are not looked at all the time where looking takes long', async () => {
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
    world.lookMs = 1_000
    expect(await after(1)).toEqual([])
    world.committed = { projector: 11, forgetter: 5 }
    expect(await after(8_999)).toEqual([])
    expect(names(await after(1))).toEqual(['forgotten'])
  })
})

describe('whoever has the partition next', () => {
  it('writes no step again that stands in the ledger, and none before it has read to the end', async () => {
    const step = await forgotten()
    expect(lane.position).toBe(10)
    world.ends['decisions'] = 14
    await restart(10)
    world.committed = { projector: 20, forgetter: 900 }
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
    expect(await after(1)).toEqual([])
    erasing.take(lane, [stepRow(12, step)], 14)
    expect(await after(1)).toEqual([])
    expect(lane.open).toMatchObject([{ id: ID, reached: 'forgotten' }])
  })

  it('takes no step for one that speaks of another person', async () => {
    const step = await forgotten()
    await restart(10)
    erasing.take(lane, [eraseRow(10, ID, BEGAN_MS), stepRow(11, { ...step, ref: OTHER })], 12)
    expect(names(await after(1))).toEqual(['forgotten'])
  })

  it('waits at a record that it can’t read', async () => {
    const [unreadable, another] = [10, 12].map((at) => ({ ...eraseRow(at, ID, BEGAN_MS), value: Buffer.of(9) }))
    if (unreadable === undefined || another === undefined) throw new Error('there are two')
    erasing.take(lane, [unreadable, eraseRow(11, ID, BEGAN_MS), another], 13)
    world.committed = { projector: 20, forgetter: 900 }
    expect(await after(1)).toEqual([])
    expect(lane.position).toBe(10)
  })
})

it.each([undefined, ''])('says which setting it waits for where the broker gives %o for one', async (value) => {
  erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
  world.committed = { projector: 11, forgetter: 5 }
  const { 'file.delete.delay.ms': _, ...others } = KEPT
  world.kept = value === undefined ? others : { ...KEPT, 'file.delete.delay.ms': value }
  expect(await after(1)).toEqual([])
  expect(events).toEqual([expect.stringMatching(/file\.delete\.delay\.ms of raw/)])
})

it('waits while the broker is away, and goes on', async () => {
  erasing.take(lane, [eraseRow(10, ID, BEGAN_MS)], 11)
  world.committed = { projector: 11, forgetter: 5 }
  world.away = true
  expect(await after(1)).toEqual([])
  world.away = false
  expect(names(await after(1))).toEqual(['forgotten'])
})
