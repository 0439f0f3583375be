import { KafkaError } from '@weir/kafka'
import { describe, expect, it } from 'vitest'
import { auditsIn } from '../fixtures/audits.ts'
import {
  chunkOf,
  grant,
  makeWorld,
  NOW_MS,
  processWhole,
  type RawRow,
  rawEvent,
  refOf,
  stateWith,
  type World,
} from '../fixtures/environment.ts'

const anna = { key: 'anna', value: rawEvent('anna') }
const bert = { key: 'bert', value: rawEvent('bert') }
const bad = { key: 'anna', value: null }
const withdrawn = { ...grant(), status: 'withdrawn' as const, salt: null }

function worldWithAnna(): World {
  const world = makeWorld()
  world.states.set(refOf('anna'), stateWith({ personalization: grant() }))
  return world
}

async function auditsOf(world: World, ...rows: RawRow[]) {
  await processWhole(world.env, chunkOf(rows))
  return auditsIn(world.env, world.produced)
}

describe('the audit record of a chunk', () => {
  it('says what it moved past, what came out, and under which consent that was', async () => {
    expect(await auditsOf(worldWithAnna(), anna, bad, bert)).toEqual([
      {
        stream: 'clickstream',
        kind: 'live',
        source: 'clickstream.raw',
        ranges: [{ partition: 0, from: 0, to: 3 }],
        contract: Buffer.alloc(32, 3),
        outputs: [
          { purpose: 'personalization', topic: 'clickstream.personalization', granted: 1, stripped: 1, withheld: 0 },
          { purpose: 'analytics', topic: 'clickstream.analytics', granted: 0, stripped: 2, withheld: 0 },
          { purpose: 'marketing', topic: 'clickstream.marketing', granted: 0, stripped: 0, withheld: 2 },
        ],
        quarantined: 1,
        tickTimeMs: NOW_MS,
        consent: [{ partition: 3, statePosition: 9, ledgerPosition: 5 }],
      },
    ])
  })

  it('names no consent where nobody was looked up', async () => {
    expect(await auditsOf(makeWorld(), bad)).toMatchObject([{ quarantined: 1, tickTimeMs: NOW_MS, consent: [] }])
  })

  it('has the consent of the fence, not of the lookup, also when who changed gives the same bytes', async () => {
    const world = worldWithAnna()
    const at = { tickTimeMs: NOW_MS + 1, partitions: [{ partition: 3, statePosition: 12, ledgerPosition: 7 }] }
    const states = [stateWith({ personalization: grant(), marketing: withdrawn }, 6)]
    const looked = {
      kind: 'looked',
      refs: new Uint8Array(16),
      count: 1,
      states,
      positions: new Float64Array(16),
    } as const
    world.fence = () => ({ kind: 'changed', subjects: [0], looked, at })
    expect(await auditsOf(world, anna)).toMatchObject([{ tickTimeMs: at.tickTimeMs, consent: at.partitions }])
  })

  it('is not there for a chunk that is decided again, or held', async () => {
    const stale = worldWithAnna()
    stale.whileOpening = () => stale.states.set(refOf('anna'), stateWith({ personalization: withdrawn }, 9))
    expect(await auditsOf(stale, anna)).toEqual([])
    expect(stale.acts.slice(-3)).toEqual(['fence', 'abort', 'landed'])
    const held = worldWithAnna()
    held.fence = () => ({ kind: 'held', reason: 'consent-cold', retryAfterMs: 5 })
    expect(await auditsOf(held, anna)).toEqual([])
  })

  it('is acknowledged before the commit: what it fails with ends the chunk, uncommitted', async () => {
    const world = worldWithAnna()
    world.fail.audit = new KafkaError('planted', true)
    expect(await processWhole(world.env, chunkOf([anna]))).toMatchObject({ kind: 'unknown' })
    expect(world.acts).not.toContain('commit')
  })

  it('is not there for a chunk that moves past nothing', async () => {
    const world = worldWithAnna()
    expect(await processWhole(world.env, { ...chunkOf([anna]), ranges: [] })).toMatchObject({ kind: 'committed' })
    expect(auditsIn(world.env, world.produced)).toEqual([])
  })

  it('is as long whatever is withheld: its length would tell', async () => {
    const sizes = new Set<number>()
    for (const rows of [1, 70, 9_000]) {
      for (const row of [anna, bert, bad]) {
        const world = worldWithAnna()
        await processWhole(world.env, chunkOf(new Array<RawRow>(rows).fill(row)))
        sizes.add(world.produced.find(({ topic }) => topic === 'weir.audit')?.bytes.length ?? 0)
      }
    }
    expect(sizes.size).toBe(1)
  })
})
